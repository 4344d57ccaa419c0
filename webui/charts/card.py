"""A card: a chart with its title, a few controls, and what it says as long as it is empty.

What a person sets here is kept with the tab's `Selection`, so it is still set when he comes back
from another page.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nicegui import ui

from schema.study import StudySpec
from webui.charts.chart import Chart
from webui.charts.option import Option
from webui.charts.ranking import maximized
from webui.charts.scale import Worse, wants_log
from webui.charts.snapshot import Snapshot
from webui.live.selection import Selection

NOTHING: Option = {"animation": False, "series": []}
BEST = {0: "all trials", 10: "best 10", 25: "best 25", 100: "best 100"}
SCALES = {"auto": "auto scale", "linear": "linear", "log": "log"}
BY = {"variables": "by variable", "groups": "by group"}
MENUS: dict[str, Mapping[Any, str]] = {"scale": SCALES, "best": BEST, "by": BY}
"""The lists to choose from; the first of each is what is chosen at first."""


class Card(ABC):
    """One card of a study's page.

    ``redraw`` asks for another drawing; it is called when a person sets something.
    """

    title: str
    empty: str
    """What will stand here, and when."""
    menus: tuple[str, ...] = ()
    """Which of `MENUS` it has."""
    takes = ""
    """How much of a row it takes: a class of the style sheet; empty for as much as most do."""
    moves = False
    """Whether it is drawn again also when nothing but the running trials moved."""
    every = 0.25
    """It is drawn at most so often, in seconds, but for what a person does."""
    height = 260

    def __init__(self, selection: Selection, redraw: Callable[[], None]) -> None:
        self.selection = selection
        self.redraw = redraw
        self.width = 0  # until the chart stands
        self.stale = True
        self.drawn_at = 0.0
        self._metrics: ui.select | None = None
        with ui.element("section").classes("tmq-panel tmq-card").mark(self.title) as self.panel:
            self.panel.classes(self.takes)
            with ui.element("div").classes("tmq-panel-head tmq-card-head"):
                ui.label(self.title)
                self.hint = ui.label().classes("tmq-dim tmq-small tmq-card-hint")
                ui.element("div").classes("tmq-space")
                self.controls = ui.element("div").classes("tmq-card-controls")
                self._save = ui.button(icon="download", on_click=self._download)
                self._save.props('flat dense size=sm aria-label="Save as PNG"')
            with ui.element("div").classes("tmq-card-body tmq-live"):
                self.chart = self.make_chart()
                self._empty = ui.label(self.empty).classes("tmq-card-empty tmq-dim")
                self._empty.set_visibility(False)
        self._is_empty = False
        self._name = self.title.lower()
        for key in self.menus:
            self.menu(key, MENUS[key])

    # ------------------------------------------------------------------ what a card is

    def make_chart(self) -> Chart:
        """The chart, with what it is told of."""
        return Chart(height=self.height, pick=self.pick, width=self._resized)

    def arrange(self, snapshot: Snapshot) -> None:
        """Bring the controls up to what the study has; called before each drawing."""
        self.say("")

    @abstractmethod
    def option(self, snapshot: Snapshot) -> Option | None:
        """What to draw, ``None`` for nothing yet. Pure, and called in a thread."""

    def wanted_height(self, snapshot: Snapshot) -> int:
        """The height of the chart in pixels."""
        return self.height

    # ------------------------------------------------------------------ drawing

    async def draw(self, snapshot: Snapshot) -> None:
        """Draw what the study is now."""
        self._name = f"{snapshot.spec.name} {self.title.lower()}"
        self.arrange(snapshot)
        if not self.width:
            return
        option = await asyncio.to_thread(self.option, snapshot)
        if self.panel.is_deleted:
            return
        if (option is None) != self._is_empty:
            self._is_empty = option is None
            self._empty.set_visibility(self._is_empty)
        self.chart.show(option or NOTHING, height=self.wanted_height(snapshot))

    def say(self, hint: str) -> None:
        """A few words beside the title."""
        if self.hint.text != hint:
            self.hint.set_text(hint)

    def pick(self, number: int, more: bool) -> None:
        """A person clicked on a trial."""
        if more:
            self.selection.toggle(number)
        else:
            self.selection.select([number])

    def _download(self) -> None:
        self.chart.save(self._name)

    def _resized(self, width: int) -> None:
        if width != self.width:
            self.width = width
            self.redraw()

    # ------------------------------------------------------------------ controls

    def chosen(self, key: str, default: Any) -> Any:
        """What a person set, else ``default``."""
        return self.selection.choices.get(f"{self.title} {key}", default)

    def choose(self, key: str, value: Any) -> None:
        """A person sets it."""
        self.selection.choices[f"{self.title} {key}"] = value
        self.redraw()

    def menu(self, key: str, options: Mapping[Any, str], at_first: Any = None) -> ui.select:
        """A small list to choose from; without ``at_first`` its first is chosen at first."""
        with self.controls:
            select = ui.select(
                dict(options),
                value=self.chosen(key, next(iter(options)) if at_first is None else at_first),
                on_change=lambda e: self.choose(key, e.value),
            )
        label = f"{self.title}: {key}"
        select.props(f'dense borderless options-dense aria-label="{label}"').mark(label)
        return select.classes("tmq-choice")

    def offer_metrics(self, names: Sequence[str]) -> None:
        """A list of metrics, as soon as there are several."""
        known = self._metrics
        if known is None and len(names) > 1:
            self._metrics = self.menu("metric", {name: name for name in names})
        elif known is not None and list(known.options) != list(names):
            known.set_options({name: name for name in names})

    def log(self, spec: StudySpec, metric: str, values: Sequence[float] = ()) -> bool:
        """Whether the axis of a metric is logarithmic: as a person set it, or as ``values`` lie.

        A metric of which more is better is near its best where a logarithmic axis is narrow.
        """
        scale = self.chosen("scale", "auto")
        if scale == "auto":
            return not maximized(spec, metric) and wants_log(values)
        return bool(scale == "log")

    def worse(self, spec: StudySpec, metric: str) -> Worse:
        """On which side of the axis values may be beyond its end: nowhere if a person set it."""
        if self.chosen("scale", "auto") != "auto":
            return Worse.UNKNOWN
        return Worse.BELOW if maximized(spec, metric) else Worse.ABOVE

    def best(self) -> int | None:
        """Of how many of the best trials to tell; ``None`` for all."""
        return self.chosen("best", 0) or None
