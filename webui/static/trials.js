// The table of trials in the browser: rows are fetched once and patched, cells are shown, edits are
// told with what the cell said when its editor opened. What is true lives on the server.

window.trials = {
  api: null,
  view: { edited: false, hidden: false, only: null },
  opened: null,
  version: null,

  // ------------------------------------------------------------------ rows

  async load(p, address) {
    trials.api = p.api;
    trials.view = { edited: false, hidden: false, only: null };
    trials.version = null;
    if (innerWidth < 700) // a phone has no room for more than the number
      p.api.applyColumnState({ state: ["best", "state"].map(colId => ({ colId, pinned: null })) });
    let found = null;
    while (found === null) { // a server that restarts is asked again
      const answer = await fetch(address).catch(() => null);
      if (p.api.isDestroyed()) return;
      if (answer?.ok) found = await answer.json();
      else await new Promise(again => setTimeout(again, 1000));
    }
    trials.version = found.version;
    p.api.setGridOption("rowData", found.rows);
  },
  tell(emit) { // once: which version the rows are of
    const version = trials.version;
    trials.version = null;
    if (version !== null) emit(version);
  },

  patch(rows) {
    const api = trials.api;
    if (!api || api.isDestroyed()) return;
    const add = [], update = [];
    for (const row of rows) {
      const node = api.getRowNode(String(row.id));
      node ? update.push({ ...node.data, ...row }) : add.push(row);
    }
    api.applyTransaction({ add, update }); // at once: the next patch builds on this one
  },

  // ------------------------------------------------------------------ what is shown

  show(view) {
    Object.assign(trials.view, view);
    trials.view.only = view.only ? new Set(view.only) : null;
    trials.api?.onFilterChanged();
  },
  passes(node) {
    const row = node.data, view = trials.view;
    if (row.hidden && !view.hidden) return false;
    if (view.edited && !Object.keys(row._was || {}).length) return false;
    return !view.only || view.only.has(row.number);
  },
  search(text) { trials.api?.setGridOption("quickFilterText", text || ""); },
  selected() { return trials.api.getSelectedNodes().map(node => node.data.number); },
  shown() {
    const numbers = [];
    trials.api.forEachNodeAfterFilterAndSort(node => numbers.push(node.data.number));
    return numbers;
  },
  select(numbers) {
    const wanted = new Set(numbers), nodes = [];
    trials.api?.forEachNode(node => {
      if (wanted.has(node.data.number)) nodes.push(node);
    });
    trials.api?.deselectAll();
    trials.api?.setNodesSelected({ nodes, newValue: true });
    if (nodes.length) trials.api.ensureNodeVisible(nodes[0], "middle");
  },
  remember(key) {
    return p => {
      const { sort, filter, columnSizing, columnGroup, columnOrder, columnVisibility } = p.state;
      const kept = { sort, filter, columnSizing, columnGroup, columnOrder, columnVisibility };
      localStorage.setItem(key, JSON.stringify(kept));
    };
  },
  remembered(key) {
    try { return JSON.parse(localStorage.getItem(key)) ?? {}; } catch { return {}; }
  },

  // ------------------------------------------------------------------ cells

  number(value) {
    if (value === null || value === undefined || value === "") return "";
    if (typeof value !== "number" || Number.isInteger(value) && Math.abs(value) < 1e9) return String(value);
    const size = Math.abs(value);
    if (size < 1e-3 || size >= 1e6) return value.toExponential(3).replace(/\.?0+e/, "e");
    return String(Number(value.toPrecision(5)));
  },
  exact(value) {
    return typeof value === "number" && trials.number(value) !== String(value) ? String(value) : undefined;
  },
  // As `schema.durations.shown_duration`.
  duration(seconds) {
    if (seconds === null || seconds === undefined) return "";
    if (seconds < 0.0995) return `${Number((seconds * 1000).toPrecision(3))} ms`;
    if (seconds < 59.5) return `${seconds.toFixed(seconds < 9.95 ? 1 : 0)} s`;
    const two = number => String(number).padStart(2, "0"), whole = Math.round(seconds);
    const minutes = Math.floor(whole / 60), hours = Math.floor(minutes / 60), days = Math.floor(hours / 24);
    if (!hours) return `${minutes} m ${two(whole % 60)} s`;
    return days ? `${days} d ${two(hours % 24)} h` : `${hours} h ${two(minutes % 60)} m`;
  },
  compare(a, b) {
    const missing = value => value === null || value === undefined;
    if (missing(a) || missing(b)) return missing(a) - missing(b);
    return Number(a) - Number(b);
  },
  marks(path) {
    const marked = name => p => !!p.data?.[name] && path in p.data[name];
    return { edited: marked("_was"), refused: marked("_bad"), moved: marked("_moved"), off: marked("_off") };
  },
  about(p, path) {
    const row = p.data || {}, said = [];
    if (row._bad?.[path]) said.push(row._bad[path]);
    if (path in (row._was || {})) said.push(`edited; the trial says ${row._was[path]}`);
    if (path in (row._moved || {})) said.push("which is not what the edit was made from");
    if (path in (row._off || {})) said.push(`no effect unless ${row._off[path]}`);
    const exact = trials.exact(p.value);
    if (exact) said.push(exact);
    return said.join("; ") || undefined;
  },
  editedAmong(row, paths) {
    const edited = paths.filter(path => path in (row?._was || {})).length;
    return edited ? `${edited} edited` : "";
  },

  tellAt(number, column, sentence) { // beneath the cell, until something else is done
    document.querySelector(".cell-says")?.remove();
    const cell = document.querySelector(`.ag-row[row-id="${number}"] [col-id="${CSS.escape(column)}"]`);
    if (!cell) return;
    const box = cell.getBoundingClientRect(), says = document.createElement("div");
    says.className = "cell-says";
    says.setAttribute("role", "alert");
    says.textContent = sentence;
    document.body.append(says);
    says.style.left = `${Math.max(4, Math.min(box.left, innerWidth - says.offsetWidth - 8))}px`;
    says.style.top = `${box.bottom + 3}px`;
    const gone = () => { says.remove(); for (const event of events) removeEventListener(event, gone, true); };
    const events = ["keydown", "pointerdown", "wheel", "resize"];
    for (const event of events) addEventListener(event, gone, true);
  },

  // ------------------------------------------------------------------ editing

  started(p) {
    const column = p.column.getColId(); // not p.value: that may be the key that was typed
    trials.opened = { row: p.node.id, column, value: p.node.data[column] };
    setTimeout(() => { // a list opens with its editor
      const editor = p.api.getCellEditorInstances()[0]?.getGui?.();
      const list = editor?.querySelector(".ag-picker-field-wrapper");
      if (list && list.getAttribute("aria-expanded") !== "true")
        list.dispatchEvent(new MouseEvent("mousedown", { bubbles: true }));
    });
  },
  request(e) {
    const opened = trials.opened;
    const same = opened && opened.row === e.rowId && opened.column === e.colId;
    trials.opened = null;
    return { row: Number(e.rowId), column: e.colId, value: e.newValue ?? null, seen: (same ? opened.value : e.oldValue) ?? null };
  },
  suppressed(p) { // these keys have another meaning than to overwrite the cell
    const typed = p.event.ctrlKey || p.event.metaKey ? "" : p.event.key;
    return !p.editing && ["e", "/", "?"].includes(typed);
  },
  key(p) {
    const { key, ctrlKey, metaKey } = p.event, editing = p.api.getEditingCells().length;
    if (editing) return;
    if (key === "e" && !ctrlKey && !metaKey) {
      p.event.preventDefault();
      p.api.startEditingCell({ rowIndex: p.rowIndex, colKey: p.column });
    } else if (key === "z" && (ctrlKey || metaKey)) {
      p.event.preventDefault();
      document.querySelector(".trials-undo")?.click();
    }
  },
  edit() {
    const api = trials.api, focused = api?.getFocusedCell();
    if (!api) return;
    const editable = column => column.getColDef().editable;
    if (focused && editable(focused.column))
      return api.startEditingCell({ rowIndex: focused.rowIndex, colKey: focused.column });
    const colKey = api.getAllDisplayedColumns().find(column => column.getColId().startsWith("v:"));
    const rowIndex = focused?.rowIndex ?? api.getSelectedNodes()[0]?.rowIndex ?? 0;
    if (!colKey || !api.getDisplayedRowAtIndex(rowIndex)) return;
    api.setFocusedCell(rowIndex, colKey);
    api.startEditingCell({ rowIndex, colKey });
  },
};
