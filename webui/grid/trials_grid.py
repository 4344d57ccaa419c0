"""The table of trials on a page: an AG Grid that fetches its rows once and is patched from then on.

The options of a grid are set once, because a change of them builds it anew and loses where a person
was. Rows go past them: the browser fetches them all, says which version it has, and gets every
quarter of a second those that changed since. What is typed into a cell changes nothing there; it
comes here as a `CellEdit`, and the answer is a patch, or none.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from nicegui import events, ui

from webui import addresses
from webui.grid.columns import columns, variable_field
from webui.live.study import LiveStudy

EVERY_SECONDS = 0.25
ALL_SHOWN: dict[str, Any] = {"edited": False, "hidden": False, "only": None}
"""Which rows a grid shows that has just loaded them; all but the hidden ones."""


class CellEdit(msgspec.Struct, frozen=True):
    """What a person entered in a cell, and what it said when the editor opened."""

    row: int
    column: str
    value: Any
    seen: Any


class TrialsGrid:
    """The grid of one tab.

    ``edited`` is called with what is entered, ``selected`` with the numbers of the selected trials
    whenever they change, ``loaded`` when the browser has its rows, or has them anew.
    """

    def __init__(
        self,
        study: LiveStudy,
        *,
        edited: Callable[[CellEdit], Any],
        selected: Callable[[list[int]], None],
        loaded: Callable[[], None],
    ) -> None:
        self.refused: dict[int, dict[str, str]] = {}
        """Why what was entered last was refused, by trial and variable; this tab's own."""
        self._study = study
        self._table = study.table
        self._edited = edited
        self._selected = selected
        self._told_loaded = loaded
        self._version: int | None = None  # of the rows in the browser
        self._view = ALL_SHOWN
        self._columns = self._wanted_columns()
        self.grid = (
            ui.aggrid(self._options(), auto_size_columns=False)
            .classes("trials-grid tmq-live")
            .on("rowDataUpdated", self._loaded, js_handler="() => trials.tell(emit)")
            .on("cellEditRequest", self._request, js_handler="e => emit(trials.request(e))")
            .on("selectionChanged", self._select, js_handler="() => emit(trials.selected())")
        )
        ui.timer(EVERY_SECONDS, self.flush)
        self._end_listening = study.drafts.listen(self._draft_changed)

    def flush(self) -> None:
        """Send what changed since; nothing before the browser has its rows."""
        if self._version is None:
            return
        version = self._table.refresh()
        if version != self._version:
            rows, self._version = self._table.since(self._version), version
            self._run(f"trials.patch({rows.decode()})")
        if (wanted := self._wanted_columns()) != self._columns:
            self._columns = wanted
            definitions = columns(self._study.overview.spec.objective, self._table.metrics)
            self.grid.run_grid_method("setGridOption", "columnDefs", definitions)

    def refuse(self, number: int, path: str, sentence: str) -> None:
        """The cell says why what was entered is refused: at once beneath it, later when pointed
        at."""
        self.refused.setdefault(number, {})[path] = sentence
        self._show_refused(number)
        told = json.dumps([number, variable_field(path), sentence])
        self._run(f"trials.tellAt(...{told})")

    def accept(self, number: int, path: str) -> None:
        """What was entered is accepted."""
        if self.refused.get(number, {}).pop(path, None) is not None:
            self._show_refused(number)

    def show(self, *, edited: bool, hidden: bool, only: Iterable[int] | None = None) -> None:
        """Show edited rows only, hidden ones too, or those of some trials.

        Nothing is sent where that is so already: it would close the editor of a cell.
        """
        view = {
            "edited": edited,
            "hidden": hidden,
            "only": None if only is None else sorted(only),
        }
        if view != self._view:
            self._view = view
            self._run(f"trials.show({json.dumps(view)})")

    def search(self, text: str) -> None:
        """Show the rows in which every word of `text` occurs."""
        self._run(f"trials.search({json.dumps(text)})")

    def select(self, numbers: Iterable[int]) -> None:
        """Select these trials, and scroll to the first."""
        self._run(f"trials.select({json.dumps(list(numbers))})")

    def edit(self) -> None:
        """Open the editor of the focused cell, else of the first one that is selected or shown."""
        self._run("trials.edit()")

    # ------------------------------------------------------------------ heard from the browser

    def _loaded(self, event: events.GenericEventArguments) -> None:
        self._version, self._view = int(event.args), ALL_SHOWN
        for number in self.refused:
            self._show_refused(number)
        self.flush()
        self._told_loaded()

    def _request(self, event: events.GenericEventArguments) -> Any:
        return self._edited(msgspec.convert(event.args, CellEdit))

    def _select(self, event: events.GenericEventArguments) -> None:
        self._selected([int(number) for number in event.args])

    # ------------------------------------------------------------------

    def _draft_changed(self, number: int) -> None:
        if self.grid.is_deleted:
            self._end_listening()
        else:
            self.flush()

    def _show_refused(self, number: int) -> None:
        row = {"id": number, "_bad": self.refused.get(number, {})}
        self._run(f"trials.patch({json.dumps([row])})")

    def _run(self, code: str) -> None:
        self.grid.client.run_javascript(code)

    def _wanted_columns(self) -> tuple[str, ...]:
        objective = self._study.overview.spec.objective
        return (*self._table.metrics, objective.space.fingerprint())

    def _options(self) -> dict[str, Any]:
        key = json.dumps(f"trialmq-columns-{self._study.name}")
        address = json.dumps(addresses.rows(self._study.name))
        return {
            "columnDefs": columns(self._study.overview.spec.objective, self._table.metrics),
            "defaultColDef": {"sortable": True, "filter": True, "resizable": True},
            ":getRowId": "p => String(p.data.id)",
            ":onGridReady": f"p => trials.load(p, {address})",
            ":initialState": f"trials.remembered({key})",
            ":onStateUpdated": f"trials.remember({key})",
            ":isExternalFilterPresent": "() => true",
            ":doesExternalFilterPass": "trials.passes",
            ":onCellEditingStarted": "trials.started",
            ":onCellKeyDown": "trials.key",
            "readOnlyEdit": True,
            "stopEditingWhenCellsLoseFocus": True,
            "animateRows": False,
            "suppressFieldDotNotation": True,
            "suppressColumnVirtualisation": False,
            "tooltipShowDelay": 300,
            "rowSelection": {
                "mode": "multiRow",
                "headerCheckbox": True,
                "selectAll": "filtered",
                "enableClickSelection": False,
            },
            "selectionColumnDef": {"pinned": "left", "width": 44, "resizable": False},
            "rowHeight": 28,
            "headerHeight": 30,
            "groupHeaderHeight": 28,
        }
