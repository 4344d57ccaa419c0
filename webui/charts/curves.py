"""Intermediate curves: what every trial reported, step by step, and where the pruner's line is.

Trials are drawn as polylines in blocks of fifty by state: when one reports or ends, its block is
sent and no other. Each is a thing of its own, so that a click on a line finds its trial.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from schema.messages import Report
from schema.results import TrialResult
from schema.study import StudySpec
from schema.trial import TrialState
from webui.charts.option import TRIAL, Option, Series, cartesian, legend, value_axis
from webui.charts.palette import (
    FADED,
    SELECTED,
    STATE_OPACITY,
    THRESHOLD,
    state_colour,
)
from webui.charts.ranking import ranked
from webui.charts.scale import Worse, drawable, short
from webui.charts.thinning import share, thinned

Point = tuple[int, float]
BLOCK = 50
CURVES = 1_000
"""One chart shows at most so many curves: those that stand out, and of the others evenly."""

BACK_TO_FRONT = (
    TrialState.WAITING,
    TrialState.LEASED,
    TrialState.PRUNED,
    TrialState.CANCELLED,
    TrialState.FAILED,
    TrialState.COMPLETE,
    TrialState.RUNNING,
)


class Curves:
    """The chart of the curves of one study; thinned curves are kept until they grow."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[object, list[Point]]] = {}

    def option(
        self,
        spec: StudySpec,
        rows: Mapping[int, TrialResult],
        curves: Mapping[int, Sequence[Report]],
        *,
        metric: str,
        log: bool = False,
        worse: Worse = Worse.UNKNOWN,
        best: int | None = None,
        threshold: Sequence[Point] = (),
        selected: Collection[int] = (),
        brushed: frozenset[int] | None = None,
    ) -> Option:
        """A metric over the steps of each trial, by the state of the trial.

        ``best`` leaves only that many of the best trials and those that run; ``threshold`` is the
        line behind which a trial is pruned, by step; what a brush leaves out is faded. The axis
        ends before what is far ``worse`` than the rest.
        """
        order = [row.number for row in ranked(spec, rows.values(), spec.metric.name)]
        shown = _shown(rows, curves, order, best, selected)
        limit = share(len(shown))
        points = {
            number: self._points(number, curves[number], metric, log, limit) for number in shown
        }
        points = {number: found for number, found in points.items() if found}
        line = [(step, short(value)) for step, value in threshold if drawable(value, log=log)]
        series = list(_blocks(rows, points, brushed))
        if line:
            series.append(_threshold(line))
        series += [_best(order, points), _selected(points, selected)]
        everything = [point for found in points.values() for point in found]
        steps = [step for step, _ in everything]
        x = value_axis("step", minInterval=1, min=min(steps, default=0), max=max(steps, default=1))
        values = [value for _, value in everything]
        y = value_axis(metric, log=log, vertical=True, values=values, worse=worse)
        return cartesian(x, y, series, legend=legend(_names(series)))

    def _points(
        self, number: int, curve: Sequence[Report], metric: str, log: bool, limit: int
    ) -> list[Point]:
        key = (len(curve), curve[-1][:2] if curve else None, metric, log, limit)
        kept = self._kept.get(number)
        if kept is not None and kept[0] == key:
            return kept[1]
        values = ((step, metrics.get(metric)) for step, _, metrics in curve)
        found = [(s, short(v)) for s, v in values if v is not None and drawable(v, log=log)]
        points = thinned(found, limit, lambda point: point[1])
        self._kept[number] = key, points
        return points


def _shown(
    rows: Mapping[int, TrialResult],
    curves: Mapping[int, Sequence[Report]],
    order: Sequence[int],
    best: int | None,
    selected: Collection[int],
) -> list[int]:
    """The trials whose curves are drawn, by number; ``order`` has the best ones first."""
    running = {number for number, row in rows.items() if row.state is TrialState.RUNNING}
    known = sorted(curves.keys() & rows.keys())
    if best is not None:
        wanted = {*order[:best], *running, *selected}
        known = [number for number in known if number in wanted]
    if len(known) <= CURVES:
        return known
    first = {*order[: CURVES // 10], *running, *selected}
    others = [number for number in known if number not in first]
    every = max(1, -(-len(others) // max(CURVES - len(first), 1)))
    return sorted(first.intersection(known).union(others[::every]))


def _blocks(
    rows: Mapping[int, TrialResult],
    points: Mapping[int, list[Point]],
    brushed: frozenset[int] | None,
) -> Iterator[Series]:
    """The series of trials: for each state those of each block, the left out ones behind all."""
    blocks: dict[tuple[int, int], list[int]] = {}
    for number in sorted(points):
        left_out = brushed is not None and number not in brushed
        layer = -1 if left_out else BACK_TO_FRONT.index(rows[number].state)
        blocks.setdefault((layer, number // BLOCK), []).append(number)
    dense = min(1.0, 8.0 / max(len(points), 1) ** 0.5)  # many lines are let through each other
    for layer, block in sorted(blocks):
        state = BACK_TO_FRONT[layer] if layer >= 0 else TrialState.PRUNED
        name = str(state) if layer >= 0 else "left out"
        style = {"color": state_colour(state), "width": 1, "opacity": _opacity(state, dense)}
        if layer < 0:
            style["opacity"] = round(max(0.02, FADED * dense), 2)
        elif state is TrialState.RUNNING:
            style |= {"width": 1.6, "opacity": 1}
        lines = ((number, points[number]) for number in blocks[layer, block])
        yield _lines(f"{name}-{block}", name, lines, style)


def _opacity(state: TrialState, dense: float) -> float:
    return round(max(0.15, STATE_OPACITY.get(state, 0.75) * dense), 1)


def _lines(
    id: str, name: str, lines: Iterable[tuple[int, list[Point]]], style: Option, **more: object
) -> Series:
    return {
        "id": id,
        "name": name,
        "type": "lines",
        "coordinateSystem": "cartesian2d",
        "polyline": True,
        "clip": True,
        "lineStyle": style,
        "itemStyle": {"color": style["color"]},
        "emphasis": {"lineStyle": {"width": 3, "opacity": 1}},
        "data": [
            {TRIAL: number, "name": f"trial {number}", "coords": _at_least_two(points)}
            for number, points in lines
        ],
        **more,
    }


def _at_least_two(points: list[Point]) -> list[Point]:
    """A line of one point is a dot, as long as its ends are round."""
    return points if len(points) > 1 else points * 2


def _best(order: Sequence[int], points: Mapping[int, list[Point]]) -> Series:
    lines = [(number, points[number]) for number in order[:1] if number in points]
    style = {"color": state_colour(TrialState.COMPLETE), "width": 2.5, "opacity": 1}
    return _lines("best", "best", lines, style)


def _selected(points: Mapping[int, list[Point]], selected: Collection[int]) -> Series:
    lines = [(number, points[number]) for number in selected if number in points]
    style = {"color": SELECTED, "width": 2.5, "opacity": 1, "cap": "round"}
    return _lines("selected", "selected", lines, style)


def _threshold(line: Sequence[Point]) -> Series:
    return {
        "id": "threshold",
        "name": "pruned beyond",
        "type": "line",
        "symbol": "none",
        "silent": True,
        "lineStyle": {"color": THRESHOLD, "width": 1.8, "type": "dashed"},
        "itemStyle": {"color": THRESHOLD},
        "dimensions": ["step", "threshold"],
        "data": list(line),
    }


def _names(series: Sequence[Series]) -> list[str]:
    names = dict.fromkeys(each["name"] for each in reversed(series) if each["data"])
    return [name for name in names if name != "selected"]
