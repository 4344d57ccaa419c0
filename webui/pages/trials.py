"""The trials of a study as a table: look, filter, edit cells, and send what was edited."""

from collections.abc import Awaitable

from nicegui import ui

from schema.values import Value
from webui import addresses
from webui.components.empty_state import empty_state
from webui.editing.cell_edits import CellEdits, Entered
from webui.editing.conflict_dialog import conflict_dialog
from webui.editing.result_dialogs import tags_in
from webui.editing.source import widened
from webui.grid.columns import path_of
from webui.grid.toolbar import TrialsToolbar
from webui.grid.trials_grid import CellEdit, TrialsGrid
from webui.page_context import PageContext


def page(context: PageContext) -> None:
    """Build the page."""
    TrialsPage(context)


class TrialsPage:
    """The page in one tab."""

    def __init__(self, context: PageContext) -> None:
        self._context = context
        self._study = context.the_study()
        tab = ui.context.client.id
        spec = self._study.overview.spec
        offered = {offer.entry: offer.space for offer in context.service.offers}
        allowed = widened(self._study.space, offered.get(spec.objective.entry))
        self._cells = CellEdits(self._study.drafts, allowed, tab)
        with ui.element("div").classes("trials-page"):
            self._toolbar = TrialsToolbar(context, tab, self._take)
            self._grid = TrialsGrid(
                self._study,
                edited=self._edited,
                selected=context.selection.select,
                loaded=self._show_picked,
            )
            self._empty = empty_state(
                "table_rows",
                "No trial yet.",
                "The first one stands here as soon as a runner has taken it.",
            )
            with self._empty:
                ui.link("Show the runners", addresses.RUNNERS)
        self._toolbar.bind(self._grid)
        self._count = -1
        self._show_empty()
        ui.timer(0.5, self._show_empty)

    def _show_empty(self) -> None:
        count = len(self._study.rows)
        if (count > 0) != (self._count > 0) or self._count < 0:
            self._empty.set_visibility(count == 0)
            self._grid.grid.set_visibility(count > 0)
        self._count = count

    def _show_picked(self) -> None:
        """Show what was selected and brushed elsewhere."""
        self._toolbar.view()
        if selected := self._context.selection.selected:
            self._grid.select(selected)

    # ------------------------------------------------------------------ cells

    def _edited(self, edit: CellEdit) -> Awaitable[None] | None:
        """A variable is edited at once, so that an undo that comes right after it finds it."""
        if edit.row not in self._study.rows:
            return None
        path = path_of(edit.column)
        if path is not None:
            self._enter(edit.row, path, edit.value, edit.seen)
        elif edit.column == "note":
            return self._annotate(edit.row, note=str(edit.value or ""))
        elif edit.column == "tags":
            return self._annotate(edit.row, tags=tags_in(str(edit.value or "")))
        return None

    def _take(self, number: int, values: dict[str, Value]) -> None:
        """Values that were chosen elsewhere become edits of a row."""
        for path, value in values.items():
            shown = {**self._study.rows[number].config, **self._study.drafts.values(number)}
            self._enter(number, path, value, shown.get(path))

    def _enter(self, number: int, path: str, entered: object, seen: object) -> None:
        config = self._study.rows[number].config
        result = self._cells.enter(number, config, path, entered, seen)
        cell = f"{path} of trial {number}"
        if result.refused:
            self._grid.refuse(number, path, result.refused)
            return
        self._grid.accept(number, path)
        if result.conflict:
            self._ask_whose(number, path, result)
        elif result.without_effect:
            self._context.notify(f"{cell}: it has no effect unless {result.without_effect}.")

    def _ask_whose(self, number: int, path: str, result: Entered) -> None:
        assert result.value is not None
        mine, theirs = result.value, result.theirs

        def overwrite() -> None:
            self._enter(number, path, mine, theirs)

        conflict_dialog(f"{path} of trial {number}", mine, theirs, overwrite)

    async def _annotate(
        self, number: int, note: str | None = None, tags: tuple[str, ...] | None = None
    ) -> None:
        client, study = self._context.client, self._study
        trial = await self._context.tried(client.annotate(study.name, number, note=note, tags=tags))
        if trial is not None:
            study.put([trial])
            self._grid.flush()
