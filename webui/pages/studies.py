"""Studies: all of them with how far they are; create, clone, compare, stop, delete."""

from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments

from webui import addresses
from webui.components.deleting import ask_to_delete
from webui.components.empty_state import empty_state
from webui.components.stopping import ask_to_stop
from webui.page_context import PageContext
from webui.studies.listing import Row, found, listed

EVERY_SECONDS = 1.0
WIDE = "tmq-wide-only"


def page(context: PageContext) -> None:
    """Build the page."""
    _Studies(context)


class _Studies:
    def __init__(self, context: PageContext) -> None:
        self._context = context
        self._rows: list[Row] | None = None
        with ui.element("div").classes("tmq-page"):
            self._empty = ui.element("div")
            with ui.element("div").classes("tmq-column") as self._content:
                self._build()
        ui.timer(EVERY_SECONDS, self._refresh)
        self._refresh()

    def _build(self) -> None:
        with ui.element("div").classes("tmq-toolbar"):
            self._search = ui.input(placeholder="Search studies", on_change=self._refresh)
            self._search.props('dense outlined clearable data-key="/"').classes("tmq-search")
            ui.element("div").classes("tmq-space")
            self._compare = ui.button("Compare", icon="compare_arrows", on_click=self._go_compare)
            self._compare.props("flat dense").mark("compare")
            with self._compare:
                ui.tooltip("Mark two studies to compare them")
            new = ui.button("New study", icon="add", on_click=lambda: _go(addresses.NEW_STUDY))
            new.props('unelevated dense data-key="c"').mark("new study")
        with ui.element("div").classes("tmq-panel tmq-live"):
            self._table = ui.table(
                columns=COLUMNS, rows=[], row_key="name", selection="multiple"
            ).classes("w-full tmq-studies")
            self._table.props("dense flat hide-pagination").on_select(self._refresh_compare)
            for column, template in CELLS.items():
                self._table.add_slot(f"body-cell-{column}", template)
            self._table.on("act", self._act)

    def _refresh(self) -> None:
        service = self._context.service
        rows = listed(service.studies, service.progress, service.runners)
        self._content.set_visibility(bool(rows))
        if not rows and self._rows != rows:
            self._show_empty()
        elif rows and not self._rows:
            self._empty.clear()
        rows = found(rows, self._search.value or "")
        if rows != self._rows:
            self._rows = rows
            self._table.rows = rows
        self._refresh_compare()

    def _refresh_compare(self) -> None:
        self._compare.set_enabled(len(self._table.selected) == 2)

    def _show_empty(self) -> None:
        with (
            self._empty.clear(),
            empty_state(
                "science",
                "There is no study yet.",
                "Start a runner that offers an objective, and create a study from it here; "
                "or search on this machine alone.",
                "trialmq run train.py:train",
            ),
        ):
            ui.button("New study", icon="add", on_click=lambda: _go(addresses.NEW_STUDY)).props(
                "unelevated"
            )

    def _go_compare(self) -> None:
        names = [row["name"] for row in self._table.selected]
        if len(names) == 2:
            _go(addresses.comparison(*names))

    async def _act(self, event: GenericEventArguments) -> None:
        what, name = event.args["what"], event.args["name"]
        progress = self._context.service.progress_of(name)
        if what == "clone":
            _go(addresses.new_study(like=name))
        elif what == "go on":
            _go(addresses.new_study(like=name, go_on=True))
        elif what == "stop":
            await ask_to_stop(self._context, name, len(progress.running) if progress else 0)
        elif what == "delete":
            await ask_to_delete(self._context, name)


def _go(address: str) -> None:
    ui.navigate.to(address)


def _column(name: str, label: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": label, "field": name, "align": "left", "sortable": True, **more}


def _wide(name: str, label: str, **more: Any) -> dict[str, Any]:
    return _column(name, label, classes=WIDE, headerClasses=WIDE, **more)


COLUMNS = [
    _column("name", "Study"),
    _column("state", "State"),
    _column("share", "Progress"),
    _wide("running", "Running", align="right"),
    _wide("pruned", "Pruned", align="right"),
    _wide("failed", "Failed", align="right"),
    _column("best", "Best"),
    _wide("sampler", "Sampler"),
    _wide("objective", "Objective"),
    _wide("changed", "Last change"),
    _wide("actions", "", sortable=False, align="right"),
]
CELLS = {
    "name": """<q-td :props="props"><a :href="props.row.address" class="nicegui-link tmq-strong">
        {{ props.row.name }}</a></q-td>""",
    "state": """<q-td :props="props"><span :class="'tmq-badge ' + props.row.tone">
        {{ props.row.state }}<q-tooltip v-if="props.row.because">{{ props.row.because }}</q-tooltip>
        </span></q-td>""",
    "share": """<q-td :props="props">{{ props.row.done }}
        <div v-if="props.row.share !== null"
             :class="'tmq-bar ' + (props.row.state == 'done' ? 'good' : '')">
        <div :style="{width: props.row.share + '%'}"></div></div></q-td>""",
    "best": """<q-td :props="props">{{ props.row.best }}
        <span class="tmq-dim">{{ props.row.best_trial }}</span></q-td>""",
    "objective": """<q-td :props="props" class="tmq-wide-only tmq-dim">
        <div class="tmq-clip" style="max-width: 260px" :title="props.row.objective">
        {{ props.row.objective }}</div></q-td>""",
    "changed": """<q-td :props="props" class="tmq-wide-only tmq-dim">
        {{ new Date(props.row.changed * 1000).toLocaleString([], {dateStyle: 'short',
        timeStyle: 'short'}) }}</q-td>""",
    "actions": """<q-td :props="props" class="tmq-wide-only">
        <q-btn flat dense icon="more_vert" aria-label="Actions">
        <q-menu auto-close><q-list dense>
        <q-item clickable v-if="!props.row.is_session"
            @click="$parent.$emit('act', {what: 'clone', name: props.row.name})">
            <q-item-section>Clone with changes…</q-item-section></q-item>
        <q-item clickable v-if="!props.row.open && !props.row.is_session"
            @click="$parent.$emit('act', {what: 'go on', name: props.row.name})">
            <q-item-section>Go on…</q-item-section></q-item>
        <q-item clickable v-if="props.row.open"
            @click="$parent.$emit('act', {what: 'stop', name: props.row.name})">
            <q-item-section>Stop…</q-item-section></q-item>
        <q-item clickable @click="$parent.$emit('act', {what: 'delete', name: props.row.name})">
            <q-item-section>Delete…</q-item-section></q-item>
        </q-list></q-menu></q-btn></q-td>""",
}
