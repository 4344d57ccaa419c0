"""History: the value of every trial, and the best so far."""

from collections.abc import Collection, Mapping, Sequence

from schema.results import TrialResult
from schema.study import StudySpec
from schema.trial import TrialState
from webui.charts.option import TRIAL, Option, Series, cartesian, legend, ring, value_axis
from webui.charts.palette import BEST, FADED, STATE_OPACITY, state_colour
from webui.charts.ranking import best_so_far, counts, top, value_of
from webui.charts.scale import Worse, drawable, near, short
from webui.charts.thinning import POINTS, thinned

Point = tuple[int, float]

LEFT_OUT, NOT_COUNTED = "left out", "does not count"
KINDS = (LEFT_OUT, *(state for state in TrialState if state is not TrialState.COMPLETE))
KINDS += (NOT_COUNTED, TrialState.COMPLETE)
"""What a point can be, from the background to the foreground."""


def history(
    spec: StudySpec,
    rows: Sequence[TrialResult],
    *,
    metric: str,
    log: bool = False,
    worse: Worse = Worse.UNKNOWN,
    best: int | None = None,
    running: Mapping[int, float] | None = None,
    selected: Collection[int] = (),
    brushed: frozenset[int] | None = None,
) -> Option:
    """The values of trials over their numbers, with the line of the best so far.

    The axis ends before what is far ``worse`` than the rest, and says how many that are.
    ``running`` are the last values of those that run. ``best`` leaves only that many of the best
    trials; what a brush leaves out is faded, and so is a trial that does not count as the best:
    it violates a constraint, or was edited while it ran.
    """
    shown = top(spec, rows, metric, best)
    points: dict[str, list[Point]] = {kind: [] for kind in KINDS}
    rings: list[Point] = []
    for row in rows:
        value = value_of(spec, row, metric)
        if value is None and running:
            value = running.get(row.number)
        if value is None or row.number not in shown or not drawable(value, log=log):
            continue
        point = (row.number, short(value))
        points[_kind(spec, row, brushed)].append(point)
        if row.number in selected:
            rings.append(point)
    limit = POINTS // 2  # of what is complete and of all the rest
    series = [_dots(kind, metric, data, limit) for kind, data in points.items() if data]
    line = [point for point in best_so_far(spec, rows, metric) if drawable(point[1], log=log)]
    if line:
        series.append(_best_line(line, rows, metric))
    series.append(ring(rings, (TRIAL, metric)))
    names = [each["name"] for each in reversed(series) if each["id"] != "selected"]
    x = value_axis(TRIAL, minInterval=1)
    everything = [value for data in points.values() for _, value in data]
    beyond = len(everything) - len(near(everything, worse, log=log))
    name = f"{metric}, {beyond} {worse.value}" if beyond else metric
    y = value_axis(name, log=log, vertical=True, values=everything, worse=worse)
    return cartesian(x, y, series, legend=legend(names))


def _kind(spec: StudySpec, row: TrialResult, brushed: frozenset[int] | None) -> str:
    if brushed is not None and row.number not in brushed:
        return LEFT_OUT
    if row.state is TrialState.COMPLETE and not counts(spec, row):
        return NOT_COUNTED
    return row.state


def _dots(kind: str, metric: str, points: Sequence[Point], limit: int) -> Series:
    return {
        "id": kind,
        "name": str(kind),
        "type": "scatter",
        "symbolSize": 7 if kind == TrialState.COMPLETE else 6,
        "itemStyle": _style(kind),
        "emphasis": {"scale": 1.6},
        "dimensions": [TRIAL, metric],
        "encode": {"x": 0, "y": 1, "tooltip": [0, 1]},
        "data": thinned(points, limit, lambda point: point[1]),
    }


def _style(kind: str) -> Option:
    if kind == LEFT_OUT:
        return {"color": state_colour(TrialState.PRUNED), "opacity": FADED}
    if kind == NOT_COUNTED:
        colour = state_colour(TrialState.COMPLETE)
        return {"color": "transparent", "borderColor": colour, "borderWidth": 1.2}
    state = TrialState(kind)
    return {"color": state_colour(state), "opacity": STATE_OPACITY.get(state, 0.85)}


def _best_line(points: Sequence[Point], rows: Sequence[TrialResult], metric: str) -> Series:
    line = [(number, short(value)) for number, value in points]
    line.append((max(row.number for row in rows), line[-1][1]))  # it holds until the newest trial
    return {
        "id": "best",
        "name": "best so far",
        "type": "line",
        "step": "end",
        "symbol": "none",
        "silent": True,
        "dimensions": ["from trial", metric],
        "lineStyle": {"width": 2, "color": BEST},
        "itemStyle": {"color": BEST},
        "data": line,
    }
