"""Parallel coordinates: each trial a line through its values to what came out, best ones on top.

A stretch that is brushed on an axis leaves the trials that pass there; several axes leave those
that pass all. `brushed` says which these are, also of trials that end later.
"""

from collections.abc import Mapping, Sequence

from schema.results import TrialResult
from schema.study import StudySpec
from schema.trial import TrialState
from schema.variables import Variable
from webui.charts.option import Option, layered, tooltip
from webui.charts.palette import SELECTED, SURFACE, state_colour
from webui.charts.ranking import maximized, ranked, top, value_of
from webui.charts.scale import Worse, drawable, near, reach, short
from webui.charts.thinning import POINTS, thinned
from webui.charts.variables import axis, is_category, place, values_of

AXES = 12
"""More axes are not told apart."""

Intervals = Mapping[str, Sequence[Sequence[float]]]
Cell = str | float | None


def parallel(
    spec: StudySpec,
    rows: Sequence[TrialResult],
    variables: Sequence[Variable],
    *,
    metric: str,
    log: bool = False,
    worse: Worse = Worse.UNKNOWN,
    best: int | None = None,
    selected: Sequence[int] = (),
    narrow: bool = False,
) -> Option:
    """The complete trials over ``variables`` and the metric; from top to bottom if ``narrow``."""
    shown = top(spec, rows, metric, best)
    order = ranked(spec, rows, metric)
    found = [r for r in order if r.number in shown and drawable(value_of(spec, r, metric), log=log)]
    limit = POINTS // (len(variables) + 1)
    found = thinned(found, limit, lambda row: value_of(spec, row, metric) or 0.0)
    found.reverse()  # the best is drawn last
    columns = [values_of(variable, found) for variable in variables]
    values = [value_of(spec, row, metric) or 0.0 for row in found]
    seen = near(values, worse, log=log)  # what is far from the others is drawn at the end
    low, high = min(seen, default=0.0), max(seen, default=0.0)
    lines: list[list[Cell]] = []
    for index, row in enumerate(found):
        line = [place(v, column[index]) for v, column in zip(variables, columns, strict=True)]
        rank = (index + 1) / len(found)
        value = min(max(values[index], low), high)
        lines.append([*line, short(value), short(rank), row.number])
    axes = [
        axis(variable, values_of(variable, rows)) | _named(variable.path, variable.name, index)
        for index, variable in enumerate(variables)
    ]
    outcome = _metric_axis(spec, metric, values, log, worse)
    axes.append(outcome | _named(metric, metric, len(variables)))
    return _option(axes, lines, selected, narrow)


def _metric_axis(
    spec: StudySpec, metric: str, values: Sequence[float], log: bool, worse: Worse
) -> Option:
    inverse = not maximized(spec, metric)  # the best is on top
    ends = reach(values, log=log, worse=worse)
    axis = {"type": "log" if log else "value", "inverse": inverse, **ends}
    return axis | {"nameLocation": "start"} if inverse else axis


def _named(id: str, name: str, dim: int) -> Option:
    return {"id": id, "name": name, "dim": dim}


def _option(
    axes: list[Option], lines: list[list[Cell]], selected: Sequence[int], narrow: bool
) -> Option:
    rank = len(axes)
    dense = round(min(1.0, (250 / max(len(lines), 1)) ** 0.5), 1)
    blue = state_colour(TrialState.COMPLETE)
    grey = state_colour(TrialState.PRUNED)
    picked = [line for line in lines if line[-1] in selected]
    series = [
        _series("trials", lines, {"width": 1.2, "opacity": 0.55}),
        _series("selected", picked, {"width": 3, "opacity": 1, "color": SELECTED}),
    ]
    return {
        "animation": False,
        "tooltip": tooltip(),
        "parallel": {
            "left": 34 if narrow else 60,
            "right": 96 if narrow else 70,
            "top": 34,
            "bottom": 26,
            "layout": "vertical" if narrow else "horizontal",
            "parallelAxisDefault": {
                "nameLocation": "start" if narrow else "end",
                "nameGap": 12,
                "nameTruncate": {"maxWidth": 90 if narrow else 110},
                "areaSelectStyle": {"width": 16, "opacity": 0.25, "color": SELECTED},
                "axisLabel": {"hideOverlap": True, "backgroundColor": SURFACE, "padding": [1, 2]},
            },
        },
        "parallelAxis": axes,
        "visualMap": {
            "id": "rank",
            "show": False,
            "type": "continuous",
            "seriesId": "trials",
            "seriesIndex": 0,
            "dimension": rank,
            "min": 0,
            "max": 1,
            "inRange": {"color": [grey, blue], "opacity": [0.25 * dense, 0.9 * dense]},
        },
        "series": layered(series),
    }


def _series(id: str, lines: list[list[Cell]], style: Option) -> Option:
    return {
        "id": id,
        "name": id,
        "type": "parallel",
        "silent": id == "selected",
        "lineStyle": style,
        "inactiveOpacity": 0.04,
        "activeOpacity": 0.8,
        "smooth": False,
        "progressive": 500,
        "emphasis": {"lineStyle": {"width": 3, "opacity": 1}},
        "data": [{"trial": line[-1], "name": f"trial {line[-1]}", "value": line} for line in lines],
    }


# ---------------------------------------------------------------------- brush


def brushed(
    spec: StudySpec,
    rows: Sequence[TrialResult],
    variables: Sequence[Variable],
    metric: str,
    intervals: Intervals,
) -> frozenset[int] | None:
    """The trials that pass the brushed stretches of all axes; ``None`` where none is brushed."""
    drawn = {path: stretches for path, stretches in intervals.items() if stretches}
    if not drawn:
        return None
    left = {row.number for row in rows if value_of(spec, row, metric) is not None}
    for variable in variables:
        if stretches := drawn.get(variable.path):
            left &= _passing(variable, rows, stretches)
    if stretches := drawn.get(metric):
        left &= {
            row.number
            for row in rows
            if (value := value_of(spec, row, metric)) is not None and _within(value, stretches)
        }
    return frozenset(left)


def _passing(
    variable: Variable, rows: Sequence[TrialResult], stretches: Sequence[Sequence[float]]
) -> set[int]:
    values = values_of(variable, rows)
    order = axis(variable, values).get("data", []) if is_category(variable) else []
    left = set()
    for row, value in zip(rows, values, strict=True):
        where = place(variable, value)
        if isinstance(where, str):
            where = order.index(where) if where in order else None
        if where is not None and _within(where, stretches):
            left.add(row.number)
    return left


def _within(value: float, stretches: Sequence[Sequence[float]]) -> bool:
    return any(min(ends) <= value <= max(ends) for ends in stretches)
