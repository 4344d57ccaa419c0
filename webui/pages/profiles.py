"""Profiles: the list of them, and one with its values, versions and what can be made of it."""

from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from webui.components.empty_state import empty_state
from webui.page_context import PageContext
from webui.profiles.detail import Detail
from webui.profiles.dialogs import import_dialog
from webui.profiles.listing import Row, listed

EVERY_SECONDS = 1.0


def _column(name: str, label: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": label, "field": name, "align": "left", "sortable": True, **more}


COLUMNS = [
    _column("name", "Profile"),
    _column("version", "Version", align="right"),
    _column("origin", "From"),
    _column("metrics", "Metrics", style="white-space: normal; min-width: 14em"),
    _column("objective", "Objective"),
    _column("saved", "Saved"),
    _column("author", "By"),
]


def page(context: PageContext) -> None:
    """Build the page."""
    service = context.service
    shown: list[Row] | None = None
    with ui.element("div").classes("tmq-page"):
        with ui.element("div").classes("tmq-toolbar"):
            ui.label("Profiles").classes("tmq-title")
            ui.element("div").classes("tmq-space")
            take = ui.button("Import…", icon="upload", on_click=lambda: import_dialog(context))
            take.props("flat").mark("import profile")
        empty = empty_state(
            "bookmarks",
            "No profile is saved.",
            "A profile is a configuration with a name. Save one from a row of a study's trials, "
            "or of a study's best trial by a command.",
            "trialmq profile save NAME --from STUDY",
        )
        with ui.element("div").classes("tmq-panel tmq-live") as panel:
            table = ui.table(columns=COLUMNS, rows=[], row_key="name").classes("w-full tmq-stack")
            table.props('dense flat hide-pagination :pagination="{rowsPerPage: 0}"')
            table.mark("profiles")
        detail = Detail(context, lambda name: detail_of(name))

    async def chosen(event: GenericEventArguments) -> None:
        await detail.show(event.args[1]["name"])

    def detail_of(name: str) -> None:
        refresh()
        if name:
            ui.timer(0, lambda: detail.show(name), once=True)

    def refresh() -> None:
        nonlocal shown
        rows = listed(service.profiles)
        empty.set_visibility(not rows)
        panel.set_visibility(bool(rows))
        if rows != shown:
            shown = rows
            table.rows = rows

    table.on("row-click", chosen, [None, ["name"], None])
    ui.timer(EVERY_SECONDS, refresh)
    refresh()
    if service.profiles:
        detail_of(service.profiles[0].name)
