"""Drag the decision threshold and the smoothing; precision, recall, false alarms follow at once.

Nothing is trained and nothing is sent: the scores of a trial are fetched once and judged here. What
a person likes is taken as edits, and goes the way of all edits from there.
"""

import asyncio
from collections.abc import Callable, Mapping

from nicegui import ui

from schema.errors import WrongInput
from schema.figures import figure
from schema.scores import Scores
from schema.space import Space
from schema.values import Value
from webui.charts.chart import Chart
from webui.charts.thresholds import thresholds
from webui.page_context import PageContext
from webui.thresholds.judging import ALARMS, F1, PRECISION, RECALL, Judging, Picture

STEPS = 200
"""A slider without a step of its own has so many."""

NAMES = {
    "threshold": "threshold",
    "smoothing": "smoothing",
    "high": "fires at",
    "low": "re-arms below",
    "cool_down": "cool-down",
}
CHART_PIXELS = 250


class ThresholdExplorer:
    """The explorer of trial ``number`` of ``study``; ``take`` is handed the values that a person
    wants by path, ``values`` are those that it begins with."""

    def __init__(
        self,
        context: PageContext,
        study: str,
        number: int,
        space: Space,
        values: Mapping[str, Value],
        take: Callable[[dict[str, Value]], None],
    ) -> None:
        self._context = context
        self._study, self._number, self._space = study, number, space
        self._begun = dict(values)
        self._values = dict(values)
        self._take = take
        self._sliders: dict[str, ui.slider] = {}
        self._labels: dict[str, ui.label] = {}
        self._judging: Judging
        self._part = ""
        self._drawing: asyncio.Task[None] | None = None
        self._stale = False
        self._place = ui.element("div").classes("thresholds")

    async def load(self) -> bool:
        """Fetch the scores and show them; False where there are none, which is said."""
        self._place.clear()
        try:
            scores = await self._context.client.scores(self._study, self._number)
        except WrongInput as error:
            with self._place:
                ui.label(f"{error}.").classes("tmq-dim")
                ui.label("An objective stores them at its end with trial.store_scores(…).").classes(
                    "tmq-dim tmq-small"
                )
            return False
        with self._place:
            self._build(scores)
        self._draw()
        return True

    def _build(self, scores: Scores) -> None:
        self._judging = judging = Judging(scores, self._space)
        self._part = judging.parts[-1] if judging.parts else ""
        with ui.element("div").classes("thresholds-sliders"):
            for role, path in judging.roles.items():
                self._slider(role, path)
            if len(judging.parts) > 1:
                toggle = ui.toggle(judging.parts, value=self._part, on_change=self._choose_part)
                toggle.props("dense unelevated no-caps")
        self._chart = Chart(height=CHART_PIXELS, drag=lambda at: self._move("threshold", at))
        with ui.element("div").classes("thresholds-figures tmq-live"):
            self._figures = ui.element("div").classes("thresholds-numbers")
            self._matrix = ui.element("div").classes("thresholds-matrix")
        with ui.element("div").classes("dialog-foot"):
            self._said = ui.label().classes("tmq-dim tmq-small")
            ui.element("div").classes("tmq-space")
            back = ui.button("Back to what is in force", on_click=self._reset)
            back.props("flat dense no-caps")
            button = ui.button("Take these values", icon="check", on_click=self._taken)
            button.props("unelevated dense no-caps").mark("take-thresholds")

    def _slider(self, role: str, path: str) -> None:
        variable = self._judging.variable(role)
        low, high = self._judging.range(role)
        step = variable.step or (1 if variable.kind == "int" else (high - low) / STEPS)
        with ui.element("div").classes("thresholds-slider"):
            with ui.element("div").classes("thresholds-name"):
                ui.label(NAMES[role])
                self._labels[role] = ui.label().classes("plan-new")
                ui.tooltip(path)
            slider = ui.slider(min=low, max=high, step=step, value=_number(self._values[path]))
            slider.on_value_change(lambda e: self._move(role, e.value))
            slider.props(f'dense aria-label="{path}"').mark(f"slider {role}")
        self._sliders[role] = slider

    # ------------------------------------------------------------------ moving

    def _move(self, role: str, at: float) -> None:
        path = self._judging.roles[role]
        value = self._judging.allowed(role, at)
        if self._values[path] == value:
            return
        self._values[path] = value
        self._sliders[role].set_value(_number(value))
        self._draw()

    def _choose_part(self, event: object) -> None:
        self._part = str(getattr(event, "value", self._part))
        self._draw()

    def _reset(self) -> None:
        for role, path in self._judging.roles.items():
            self._values[path] = self._begun[path]
            self._sliders[role].set_value(_number(self._begun[path]))
        self._draw()

    def _taken(self) -> None:
        paths = self._judging.roles.values()
        self._take({path: self._values[path] for path in paths})

    # ------------------------------------------------------------------ drawing

    def _draw(self) -> None:
        """Judge beside the event loop; of several moves in a row only the last is judged."""
        for role in self._judging.roles:
            self._labels[role].set_text(self._said_of(role))
        changed = [p for p in self._judging.roles.values() if self._values[p] != self._begun[p]]
        was = (f"{p} was {figure(_number(self._begun[p]))}" for p in changed)
        self._said.set_text(", ".join(was))
        self._stale = True
        if self._drawing is None or self._drawing.done():
            self._drawing = asyncio.create_task(self._keep_up(), name="page: thresholds")

    def _said_of(self, role: str) -> str:
        unit = self._judging.variable(role).unit
        number = figure(_number(self._values[self._judging.roles[role]]))
        return f"{number} {unit}" if unit else number

    async def _keep_up(self) -> None:
        while self._stale and not self._place.is_deleted:
            self._stale = False
            values, part = dict(self._values), self._part
            picture = await asyncio.to_thread(self._judging.picture, values, part)
            if not self._place.is_deleted:
                self._show(picture)

    def _show(self, picture: Picture) -> None:
        path = self._judging.roles["threshold"]
        now, begun = _number(self._values[path]), _number(self._begun[path])
        rates = [ALARMS] if ALARMS in picture.curves else []
        self._chart.show(thresholds(picture.curves, threshold=now, rates=rates, applied=begun))
        self._figures.clear()
        with self._figures:
            for name, number in numbers(picture).items():
                with ui.element("div").classes("thresholds-number"):
                    ui.label("–" if number is None else figure(number, 3)).mark(name)
                    ui.label(name).classes("tmq-dim tmq-small")
        self._matrix.clear()
        with self._matrix:
            self._show_matrix(picture)

    def _show_matrix(self, picture: Picture) -> None:
        found = picture.confusion
        if found is None:
            return
        cells = [
            ("", "detected", "not detected"),
            ("wanted", found.true_positives, found.false_negatives),
            ("not wanted", found.false_positives, found.true_negatives or "–"),
        ]
        for row, line in enumerate(cells):
            for column, text in enumerate(line):
                right = row == column and row > 0
                kind = "matrix-head" if not (row and column) else ("good" if right else "bad")
                ui.label(str(text)).classes(f"matrix-cell {kind}")


def _number(value: Value) -> float:
    """A value that has a role is a number."""
    assert isinstance(value, int | float)
    return value


def numbers(picture: Picture) -> dict[str, float | None]:
    """The figures of a picture by name."""
    found = picture.confusion
    said: dict[str, float | None] = {
        PRECISION: found.precision if found else None,
        RECALL: found.recall if found else None,
        F1: found.f1 if found else None,
    }
    if picture.false_alarms_per_hour is not None:
        said[ALARMS] = picture.false_alarms_per_hour
    return said
