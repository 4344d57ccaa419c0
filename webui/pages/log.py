"""Log: what happened, searchable; of a trial what it printed, and where it failed."""

from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from webui.components.attempts import show_attempts
from webui.components.empty_state import empty_state
from webui.components.field import DENSE, LATER
from webui.log.listing import Row, kinds, rows
from webui.page_context import PageContext

EVERY_SECONDS = 1.0
MOST_ROWS = 200
PAGES_AT_ONCE = 10
"""So many pages of older entries are searched before it is asked whether to search on."""


def page(context: PageContext) -> None:
    """Build the page."""
    _Log(context)


class _Log:
    def __init__(self, context: PageContext) -> None:
        self._context = context
        self._log = context.service.log
        self._shown: tuple[object, ...] | None = None
        self._most = MOST_ROWS
        self._rows: list[Row] = []
        context.service.look_at_log()
        with ui.element("div").classes("tmq-page"):
            self._toolbar()
            self._empty = empty_state(
                "receipt_long", "Nothing has happened yet.", "What happens to studies stands here."
            )
            with ui.element("div").classes("tmq-panel tmq-live") as self._panel:
                self._table = ui.table(columns=COLUMNS, rows=[], row_key="id")
                self._table.classes("w-full tmq-stack tmq-log")
                self._table.props("dense flat hide-pagination hide-header")
                self._table.props(':pagination="{rowsPerPage: 0}"')
                for column, template in CELLS.items():
                    self._table.add_slot(f"body-cell-{column}", template)
                self._table.on("attempts", self._show_attempts)
            self._older = ui.button("Show older", on_click=self._show_older).props("flat dense")
        ui.timer(EVERY_SECONDS, self._refresh)
        self._refresh()

    def _toolbar(self) -> None:
        with ui.element("div").classes("tmq-toolbar"):
            self._words = ui.input(placeholder="Search the log", on_change=self._search)
            self._words.props(f'{DENSE} {LATER} clearable data-key="/"').classes("tmq-search")
            names = [study.name for study in reversed(self._context.service.studies)]
            self._study = ui.select(names, on_change=self._search, clearable=True)
            self._study.props(f'{DENSE} options-dense label="Study"').classes("tmq-filter")
            self._kinds = ui.select(kinds(), multiple=True, value=[], on_change=self._search)
            self._kinds.props(f'{DENSE} options-dense use-chips label="Kinds"')
            self._kinds.classes("tmq-filter")
            self._live = ui.switch("Follow", value=True).props("dense")
            ui.element("div").classes("tmq-space")
            self._told = ui.label().classes("tmq-dim tmq-small")

    def _refresh(self) -> None:
        self._context.service.look_at_log()
        if self._live.value or self._shown is None:
            self._show()

    def _search(self) -> None:
        self._most = MOST_ROWS
        self._show()

    def _show(self) -> None:
        wanted = (self._words.value or "", self._study.value or "", tuple(self._kinds.value))
        state = (self._log.version, *wanted, self._most)
        if state == self._shown:
            return
        self._shown = state
        words, study, chosen = wanted
        found = rows(
            reversed(self._log.entries), words=words, study=study, kinds=chosen, most=self._most
        )
        if found != self._rows:
            self._rows = found
            self._table.rows = found
        self._empty.set_visibility(self._log.complete and not self._log.entries)
        self._panel.set_visibility(bool(found))
        more = not self._log.complete or len(found) == self._most
        self._older.set_visibility(more)
        read = f"{len(self._log.entries):,} events read"
        self._told.set_text(f"{read}, that is all" if self._log.complete else read)

    async def _show_older(self) -> None:
        """Read on until there is something more to show, the log ends, or it is enough for now."""
        before = len(self._rows)
        self._most = before + MOST_ROWS
        self._show()
        for _ in range(PAGES_AT_ONCE):
            if len(self._rows) >= self._most or self._log.complete:
                break
            if not await self._context.done(self._log.older(self._context.client)):
                break
            self._show()

    async def _show_attempts(self, event: GenericEventArguments) -> None:
        await show_attempts(self._context.client, event.args["study"], int(event.args["trial"]))


def _column(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": name, "field": name, "align": "left", **more}


COLUMNS = [_column("at"), _column("study"), _column("kind"), _column("text")]
CELLS = {
    "at": """<q-td :props="props" class="tmq-dim tmq-mono">
        {{ new Date(props.row.at * 1000).toLocaleString([], {month: 'short', day: '2-digit',
        hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false}) }}</q-td>""",
    "study": """<q-td :props="props">{{ props.row.study }}
        <a v-if="props.row.trial !== null" href="#" class="nicegui-link"
         title="Its output and traceback" @click.prevent.stop="$parent.$emit('attempts',
         {study: props.row.study, trial: props.row.trial})">#{{ props.row.trial }}</a></q-td>""",
    "kind": """<q-td :props="props"><span :class="'tmq-badge ' + props.row.tone">
        {{ props.row.kind }}</span></q-td>""",
    "text": """<q-td :props="props" class="tmq-log-text">{{ props.row.text }}</q-td>""",
}
