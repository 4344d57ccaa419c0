"""The drawer of the selected trial: what it was, what came of it, and where to go from there.

Its row is known at once; its attempts, with what they printed and how they failed, are asked for
when it is opened and again when its state changes.
"""

from collections.abc import Mapping
from datetime import datetime

from nicegui import ui

from schema.commands.trials import TrialDetail
from schema.errors import TrialMQError
from schema.figures import measured, shown_value
from schema.results import TrialResult
from schema.space import Space
from schema.values import Value
from webui import addresses
from webui.components.attempts import attempt_part
from webui.live.selection import Selection
from webui.live.study import LiveStudy
from webui.page_context import PageContext


class TrialDrawer:
    """The drawer of one tab, open while a trial is selected."""

    def __init__(self, context: PageContext) -> None:
        self._context = context
        self._study: LiveStudy = context.the_study()
        self._selection: Selection = context.selection
        self._shown: tuple[TrialResult | None, TrialDetail | None] | None = None
        self._detail: TrialDetail | None = None
        self._asked: tuple[object, ...] | None = None
        self._place = ui.element("aside").classes("tmq-panel tmq-drawer tmq-live")
        self._place.mark("trial drawer").set_visibility(False)

    async def refresh(self) -> None:
        """Show the trial that was selected last, as it is now."""
        number = self._selection.last
        row = None if number is None else self._study.rows.get(number)
        detail = self._detail
        if detail is not None and (row is None or detail.trial.number != row.number):
            self._detail = None
        self._show(row)
        wanted = None if row is None else (row.number, row.state, row.attempt)
        if row is not None and wanted != self._asked:
            try:
                self._detail = await self._context.client.trial(self._study.name, row.number)
            except TrialMQError:
                return  # asked again in the next round
            self._asked = wanted
            if not self._place.is_deleted:
                self._show(self._study.rows.get(row.number))

    def _show(self, row: TrialResult | None) -> None:
        if self._shown == (row, self._detail):
            return
        self._shown = (row, self._detail)
        self._place.set_visibility(row is not None)
        self._place.clear()
        if row is not None:
            with self._place:
                self._build(row)

    # ------------------------------------------------------------------ what stands in it

    def _build(self, row: TrialResult) -> None:
        with ui.element("div").classes("tmq-panel-head"):
            ui.label(f"Trial {row.number}")
            state = ui.label(str(row.state)).classes("tmq-state tmq-small")
            state.style(f"--state: var(--tmq-state-{row.state})")
            ui.element("div").classes("tmq-space")
            table = addresses.trials(self._study.name)
            ui.link("Its row", table).classes("tmq-small").mark("its row")
            close = ui.button(icon="close", on_click=self._selection.clear)
            close.props('flat dense size=sm aria-label="Close"')
        if row.reason or row.failure:
            failure = f"{row.failure}: " if row.failure else ""
            with _part():
                ui.label(f"{failure}{row.reason}").classes("tmq-small")
        if row.note or row.tags:
            with _part():
                ui.label(" · ".join([*row.tags, row.note]).strip(" ·")).classes("tmq-small")
        with _part():
            _pairs(_facts(row))
        with _part(), ui.element("div").classes("tmq-pairs"):
            _configuration(self._study.space, row)
        if self._detail is not None:
            for attempt in reversed(self._detail.attempts):
                attempt_part(attempt)


def _part() -> ui.element:
    return ui.element("div").classes("tmq-drawer-part")


def _pairs(pairs: Mapping[str, str]) -> None:
    with ui.element("div").classes("tmq-pairs"):
        for name, text in pairs.items():
            ui.label(name)
            ui.label(text)


def _facts(row: TrialResult) -> dict[str, str]:
    metrics = row.metrics or {}
    facts = {name: measured(value) for name, value in metrics.items()}
    if not metrics and row.value is not None:
        facts["last value"] = measured(row.value)
    if row.last_step is not None:
        facts["last step"] = str(row.last_step)
    if row.seconds:
        facts["took"] = f"{row.seconds:.3g} s"
    if row.started is not None:
        facts["started"] = f"{datetime.fromtimestamp(row.started):%Y-%m-%d %H:%M:%S}"
    if row.runner:
        facts["runner"] = row.runner
    if row.attempt > 1:
        facts["attempts"] = str(row.attempt)
    if row.edits:
        facts["edits while it ran"] = str(row.edits)
    return facts


def _configuration(space: Space, row: TrialResult) -> None:
    """Every value by group; what differs from the default is bold, what has no effect is left
    out."""
    group = None
    for variable in space.variables:
        if variable.path not in row.config or not space.is_active(variable, row.config):
            continue
        if variable.group != group:
            group = variable.group
            ui.label(group or "general").classes("tmq-pairs-group")
            ui.element("div").style("display: none")  # keeps names odd and values even
        value: Value = row.config[variable.path]
        differs = "tmq-differs" if value != variable.default else ""
        ui.label(variable.name).props(f'title="{variable.path}"')
        ui.label(shown_value(value)).classes(differs)
