"""The bar with the pages: those of the chosen study, and those of the whole service."""

from nicegui import ui

from webui import addresses

ICONS = {
    "Studies": "view_list",
    "Session": "tune",
    "Study": "insights",
    "Trials": "table_rows",
    "Settings": "settings",
    "Profiles": "bookmarks",
    "Runners": "dns",
    "Log": "receipt_long",
}


def places(chosen: str, *, is_session: bool) -> dict[str, str]:
    """Where each page is, by its name, for a chosen study; without those of a study where none is
    chosen."""
    there = {"Studies": addresses.STUDIES}
    if chosen and is_session:
        there["Session"] = addresses.session(chosen)
    if chosen:
        there["Study"] = addresses.study(chosen)
        there["Trials"] = addresses.trials(chosen)
        there["Settings"] = addresses.settings(chosen)
    there |= {"Profiles": addresses.PROFILES, "Runners": addresses.RUNNERS, "Log": addresses.LOG}
    return there


class Navigation:
    """The bar of one tab."""

    def __init__(self) -> None:
        self._shown: tuple[str, dict[str, str]] | None = None
        self._bar = ui.element("nav").classes("tmq-nav").props('aria-label="Pages"')

    def show(self, path: str, chosen: str, *, is_session: bool) -> None:
        """Mark where the tab is, and where the pages of the chosen study are."""
        there = places(chosen, is_session=is_session)
        here = path.partition("?")[0].rstrip("/") or "/"
        if self._shown == (here, there):
            return
        self._shown = (here, there)
        with self._bar.clear():
            for key, (name, target) in enumerate(there.items(), 1):
                link = ui.link(target=target).props(f'data-key="{key}"').mark(f"go {name}")
                link.classes("tmq-here" if target == here else "")
                with link:
                    ui.icon(ICONS[name])
                    ui.label(name)
