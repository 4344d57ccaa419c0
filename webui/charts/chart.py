"""A chart on a page: draws an option once, and afterwards sends only what changed of it.

The browser says when the chart stands (also when it is built anew after a while out of sight) and
how wide it is; then it gets the whole option. From there on `show` costs one small message or none.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from nicegui import ui
from nicegui.events import GenericEventArguments

from webui.charts.option import Option
from webui.charts.updating import update

Intervals = Mapping[str, Sequence[tuple[float, float]]]
"""The parts of axes that a brush leaves, by the axis' id."""


class Chart:
    """One chart in a place of its own.

    ``pick(number, more)`` is told of a click on a trial, ``more`` where a key was held that adds to
    a selection; ``brush`` of the brushed parts of parallel axes; ``drag`` of where the handle is;
    ``width`` of how many pixels there are, first of all and when that changed.
    """

    def __init__(
        self,
        *,
        height: int = 260,
        pick: Callable[[int, bool], None] | None = None,
        brush: Callable[[Intervals], None] | None = None,
        drag: Callable[[float], None] | None = None,
        width: Callable[[int], None] | None = None,
    ) -> None:
        self._pick, self._brush, self._drag, self._width = pick, brush, drag, width
        self._wanted: Option | None = None
        self._drawn: Option | None = None
        self._stands = False
        self._height = height
        with ui.element("div").classes("tmq-chart") as self._place:
            self._place.style(f"min-height: {height}px")
            # What is drawn is never given to the element: it would watch every number of it.
            self._chart = ui.echart({"animation": False, "series": []}).classes("tmq-fill")
        begin = f"() => charts.begin({self._chart.id}, emit)"
        self._chart.on("chart:finished", self._hear, js_handler=begin)

    def show(self, option: Option, *, height: int | None = None) -> None:
        """Draw this from now on, in a place of this height in pixels."""
        if height is not None and height != self._height:
            self._height = height
            self._place.style(f"min-height: {height}px")
        self._wanted = option
        if not self._stands:
            return
        change = update(self._drawn, option)
        self._drawn = option
        if change is not None:
            body = msgspec.json.encode(change.option).decode()
            how = msgspec.json.encode(change.how).decode()
            self._run(f"charts.show({self._chart.id}, {body}, {how})")

    def save(self, name: str) -> None:
        """Let the browser save the picture as ``name.png``."""
        self._run(f"charts.save({self._chart.id}, {msgspec.json.encode(name).decode()})")

    def unbrush(self) -> None:
        """Take the brush away."""
        self._run(f"charts.unbrush({self._chart.id})")

    def _run(self, code: str) -> None:
        self._chart.client.run_javascript(code)

    def _hear(self, event: GenericEventArguments) -> None:
        said: dict[str, Any] = event.args
        kind = said["kind"]
        if kind == "ready":
            self._stands, self._drawn = True, None
        if kind in ("ready", "width") and self._width is not None:
            self._width(int(said["width"]))
        if kind == "ready" and self._wanted is not None and self._drawn is None:
            self.show(self._wanted)
        elif kind == "pick" and self._pick is not None:
            self._pick(int(said["trial"]), bool(said["more"]))
        elif kind == "brush" and self._brush is not None:
            self._brush({area["axis"]: area["intervals"] for area in said["areas"]})
        elif kind == "drag" and self._drag is not None:
            self._drag(float(said["value"]))
