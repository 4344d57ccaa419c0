"""Slices: one small plot a variable, its values against what came out."""

from collections.abc import Collection, Sequence

from schema.results import TrialResult
from schema.study import StudySpec
from schema.trial import TrialState
from schema.variables import Variable
from webui.charts.option import TRIAL, Option, Series, joined, layered, ring, tooltip, value_axis
from webui.charts.palette import DIM, FADED, state_colour
from webui.charts.ranking import counts, top, value_of
from webui.charts.scale import Worse, drawable, short
from webui.charts.thinning import POINTS, thinned
from webui.charts.variables import axis, place, values_of

Point = tuple[str | float, float, int]

LEFT, GAP, TOP, HEIGHT, ROW = 52, 24, 24, 118, 186
"""Pixels: left of the first plot, between plots, above one, of one, and from row to row."""
PLOT_WIDTH = 200
"""A plot is at least so wide; as many stand side by side as fit."""


def side_by_side(width: int, plots: int) -> int:
    """How many of ``plots`` stand side by side in ``width`` pixels."""
    return max(1, min(plots, (width - LEFT) // (PLOT_WIDTH + GAP)))


def height(width: int, plots: int) -> int:
    """How many pixels so many plots want in this width."""
    return max(1, -(-plots // side_by_side(width, plots))) * ROW


def slices(
    spec: StudySpec,
    rows: Sequence[TrialResult],
    variables: Sequence[Variable],
    *,
    metric: str,
    width: int,
    log: bool = False,
    worse: Worse = Worse.UNKNOWN,
    best: int | None = None,
    selected: Collection[int] = (),
    brushed: frozenset[int] | None = None,
) -> Option:
    """A plot of the metric over each of ``variables`` in ``width`` pixels, all of one scale."""
    shown = top(spec, rows, metric, best)
    found = [
        row
        for row in rows
        if row.number in shown
        and counts(spec, row)
        and drawable(value_of(spec, row, metric), log=log)
    ]
    limit = max(POINTS // max(len(variables), 1), 4)
    found = thinned(found, limit, lambda row: value_of(spec, row, metric) or 0.0)
    values = [value_of(spec, row, metric) or 0.0 for row in found]
    across = side_by_side(width, len(variables))
    series: list[Series] = []
    for index, variable in enumerate(variables):
        series += _points(variable, found, values, metric, index, selected, brushed)
    return {
        "animation": False,
        "tooltip": tooltip(),
        "grid": [_box(index, across, width) for index in range(len(variables))],
        "xAxis": [_across(variable, rows, index) for index, variable in enumerate(variables)],
        "yAxis": [
            _upwards(metric, values, index, log, worse, first=index % across == 0)
            for index in range(len(variables))
        ],
        "series": layered(series),
    }


def _box(index: int, across: int, width: int) -> Option:
    row, column = divmod(index, across)
    plot = (width - LEFT - GAP * across) / across
    left = LEFT + column * (plot + GAP)
    return {"left": left, "width": plot, "top": TOP + row * ROW, "height": HEIGHT}


def _across(variable: Variable, rows: Sequence[TrialResult], index: int) -> Option:
    more = {
        "gridIndex": index,
        "name": variable.name,
        "nameLocation": "middle",
        "nameGap": 22,
        "splitLine": {"show": False},
        "splitNumber": 3,
        "axisLabel": {
            "hideOverlap": True,
            "fontSize": 10,
            "alignMinLabel": "left",
            "alignMaxLabel": "right",
        },
    }
    return joined(axis(variable, values_of(variable, rows)), more)


def _upwards(
    metric: str, values: Sequence[float], index: int, log: bool, worse: Worse, *, first: bool
) -> Option:
    more = {"gridIndex": index, "axisLabel": {"show": first, "fontSize": 10}}
    name = metric if first else ""
    return value_axis(name, log=log, vertical=True, values=values, worse=worse, **more)


def _points(
    variable: Variable,
    rows: Sequence[TrialResult],
    values: Sequence[float],
    metric: str,
    index: int,
    selected: Collection[int],
    brushed: frozenset[int] | None,
) -> list[Series]:
    points: dict[bool, list[Point]] = {False: [], True: []}
    rings: list[Point] = []
    for row, chosen, value in zip(rows, values_of(variable, rows), values, strict=True):
        where = place(variable, chosen)
        if where is None:
            continue
        point = (where, short(value), row.number)
        points[brushed is None or row.number in brushed].append(point)
        if row.number in selected:
            rings.append(point)
    dimensions = [variable.name, metric, TRIAL]
    on = {"xAxisIndex": index, "yAxisIndex": index, "dimensions": dimensions}
    on |= {"encode": {"x": 0, "y": 1, "tooltip": [2, 0, 1]}}
    dots = {"type": "scatter", "name": variable.name, "symbolSize": 5, **on}
    blue = {"color": state_colour(TrialState.COMPLETE), "opacity": 0.65}
    faded = {"color": DIM, "opacity": FADED}
    return [
        dots | {"id": f"left out {variable.path}", "itemStyle": faded, "data": points[False]},
        dots | {"id": variable.path, "itemStyle": blue, "data": points[True]},
        ring(rings, dimensions) | on | {"id": f"selected {variable.path}", "symbolSize": 11},
    ]
