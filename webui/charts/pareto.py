"""The Pareto front: two metrics against each other, and the trials that no other one dominates."""

from collections.abc import Collection, Sequence

from schema.results import TrialResult
from schema.study import StudySpec
from schema.trial import TrialState
from webui.charts.option import TRIAL, Option, Series, cartesian, legend, ring, value_axis
from webui.charts.palette import DIM, FADED, SERIES, state_colour
from webui.charts.ranking import counts, maximized, value_of
from webui.charts.scale import drawable, short
from webui.charts.thinning import POINTS, thinned

Point = tuple[float, float, int]
"""The first metric, the second, the trial."""

FRONT = SERIES[1]


def front(spec: StudySpec, points: Sequence[Point], first: str, second: str) -> list[Point]:
    """The points that no other one is at least as good as in both and better in one.

    They come from the best to the worst in the first metric, so from worst to best in the second.
    """
    signs = [-1.0 if maximized(spec, metric) else 1.0 for metric in (first, second)]
    ordered = sorted(points, key=lambda p: (signs[0] * p[0], signs[1] * p[1], p[2]))
    found: list[Point] = []
    for point in ordered:
        better = not found or signs[1] * point[1] < signs[1] * found[-1][1]
        if better or point[:2] == found[-1][:2]:
            found.append(point)
    return found


def pareto(
    spec: StudySpec,
    rows: Sequence[TrialResult],
    *,
    first: str,
    second: str,
    log: bool = False,
    selected: Collection[int] = (),
    brushed: frozenset[int] | None = None,
) -> Option:
    """The complete trials over two metrics; those that violate a constraint are hollow."""
    feasible, infeasible = _points(spec, rows, first, second, log)
    best = front(spec, feasible, first, second)
    on_front = {point[2] for point in best}
    others = [point for point in feasible if point[2] not in on_front]
    faded = [p for p in others + infeasible if brushed is not None and p[2] not in brushed]
    gone = {point[2] for point in faded}
    others = [point for point in others if point[2] not in gone]
    infeasible = [point for point in infeasible if point[2] not in gone]
    blue = state_colour(TrialState.COMPLETE)
    rings = [p for p in feasible + infeasible + faded if p[2] in selected]
    dimensions = [first, second, TRIAL]
    hollow = {"color": "transparent", "borderColor": blue, "borderWidth": 1.2}
    series = [
        _dots("left out", faded, dimensions, {"color": DIM, "opacity": FADED}),
        _dots("infeasible", infeasible, dimensions, hollow),
        _dots("complete", others, dimensions, {"color": blue, "opacity": 0.7}),
        _line(best, dimensions, step="end"),
        _dots("front", best, dimensions, {"color": FRONT}) | {"symbolSize": 9},
        ring(rings, dimensions),
    ]
    names = [each["name"] for each in series if each["data"] and each["id"] != "selected"]
    x = value_axis(first, log=log)
    y = value_axis(second, log=log, vertical=True)
    return cartesian(x, y, series, legend=legend(list(dict.fromkeys(reversed(names)))))


def _points(
    spec: StudySpec, rows: Sequence[TrialResult], first: str, second: str, log: bool
) -> tuple[list[Point], list[Point]]:
    feasible: list[Point] = []
    infeasible: list[Point] = []
    for row in rows:
        x, y = value_of(spec, row, first), value_of(spec, row, second)
        if row.state is not TrialState.COMPLETE or x is None or y is None:
            continue
        if drawable(x, log=log) and drawable(y, log=log):
            point = (short(x), short(y), row.number)
            (feasible if counts(spec, row) else infeasible).append(point)
    return feasible, infeasible


def _dots(name: str, points: Sequence[Point], dimensions: list[str], style: Option) -> Series:
    return {
        "id": name,
        "name": name,
        "type": "scatter",
        "symbolSize": 6,
        "itemStyle": style,
        "emphasis": {"scale": 1.6},
        "dimensions": dimensions,
        "encode": {"x": 0, "y": 1, "tooltip": [2, 0, 1]},
        "data": thinned(points, POINTS // 2, lambda point: point[1]),
    }


def _line(points: Sequence[Point], dimensions: list[str], *, step: str) -> Series:
    return {
        "id": "front line",
        "name": "front",
        "type": "line",
        "step": step,
        "symbol": "none",
        "silent": True,
        "lineStyle": {"color": FRONT, "width": 1.5},
        "itemStyle": {"color": FRONT},
        "dimensions": dimensions,
        "encode": {"x": 0, "y": 1},
        "data": list(points),
    }
