// Keys: an element with data-key="e" is what the key "e" presses, or writes into.
document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const at = event.target;
  if (at.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(at.tagName)) {
    if (event.key === "Escape") at.blur();
    return;
  }
  if (document.querySelector(".q-dialog")) return;
  if (at.closest?.(".ag-root") && !["/", "?"].includes(event.key)) return; // typed into a cell
  const found = [...document.querySelectorAll(`[data-key="${CSS.escape(event.key)}"]`)]
    .find(element => element.offsetParent !== null);
  if (!found) return;
  event.preventDefault();
  const field = found.matches("input") ? found : found.querySelector("input");
  if (field) { field.focus(); field.select(); } else found.click();
});

// NiceGUI says light or dark again whenever any element changes, and the browser then styles the
// whole page anew; so what is said already is not said again.
addEventListener("DOMContentLoaded", () => {
  const { setDark } = window;
  let said;
  window.setDark = dark => { if (dark !== said) setDark(said = dark); };
});

// The browser's own connection to this page's server.
addEventListener("load", () => {
  const watch = setInterval(() => {
    if (!window.socket) return;
    clearInterval(watch);
    const lost = () => document.body.classList.add("tmq-lost", "tmq-no-server");
    const found = () => document.body.classList.remove("tmq-lost", "tmq-no-server");
    window.socket.on("disconnect", lost);
    window.socket.on("connect", found);
  }, 100);
});

window.trialmq = {
  // The connection from the server to the service; what stands there is grey while it is lost.
  lost(is) { if (!document.body.classList.contains("tmq-no-server")) document.body.classList.toggle("tmq-lost", is); },
  // One more thing in the address, without going there.
  ask(name, value) {
    const address = new URL(location);
    address.searchParams.set(name, value);
    history.replaceState({ ...history.state, page: address.pathname + address.search }, "", address);
  },
  remember(name, value) { document.cookie = `${name}=${value};path=/;max-age=31536000;samesite=strict`; },
};
