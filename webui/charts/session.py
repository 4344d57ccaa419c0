"""The curves of one training, a plot a metric, with a mark at every revision that was applied."""

from collections.abc import Sequence

from schema.figures import brief
from schema.messages import Report
from schema.revision import Revision, RevisionState
from schema.values import Change, Value
from webui.charts.option import Option, Series, layered, tooltip, value_axis
from webui.charts.palette import DIM, SELECTED, THRESHOLD, series_colour
from webui.charts.scale import drawable, short
from webui.charts.thinning import POINTS, thinned

PLOT_PIXELS = 150
TOP_PIXELS = 42
LABELS = 16
"""As many names of revisions have room above a plot."""


def height(metrics: int) -> int:
    """How many pixels so many plots want."""
    return TOP_PIXELS + PLOT_PIXELS * max(metrics, 1) + 26


def reported_metrics(curve: Sequence[Report]) -> list[str]:
    """The metrics of a curve, in the order in which they appeared."""
    return list(dict.fromkeys(name for _, _, metrics in curve for name in metrics))


def session_curves(
    curve: Sequence[Report],
    revisions: Sequence[Revision] = (),
    *,
    metrics: Sequence[str],
    log: bool = False,
) -> Option:
    """Each of ``metrics`` over the steps, one under the other.

    A revision stands where it took effect; one that the training refused is dotted, at the end of
    the curve where its step is not known.
    """
    last = max((step for step, _, _ in curve), default=0)
    first = min((step for step, _, _ in curve), default=0)
    marks = [_mark(revision, first, last) for revision in revisions if _happened(revision)]
    _label(marks, (last - first) / LABELS)
    option: Option = {
        "animation": False,
        "tooltip": tooltip(trigger="axis", axisPointer={"type": "line"}),
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "dataZoom": [_zoom(len(metrics))],
        "grid": [],
        "xAxis": [],
        "yAxis": [],
    }
    series: list[Series] = []
    for index, metric in enumerate(metrics):
        bottom = index == len(metrics) - 1
        option["grid"].append(_box(index))
        x = value_axis("step" if bottom else "", minInterval=1)
        x |= {"gridIndex": index, "axisLabel": {"show": bottom, "hideOverlap": True}}
        y = value_axis(metric, log=log, vertical=True) | {"gridIndex": index, "splitNumber": 3}
        if index == 0:
            y["nameGap"] = 22  # above what says which revision a line is
        option["xAxis"].append(x | {"min": first, "max": last if last > first else None})
        option["yAxis"].append(y)
        series.append(_line(curve, metric, index, len(metrics), log))
        series[-1]["markLine"] = _mark_line(marks, labelled=index == 0)
    return option | {"series": layered(series)}


def _box(index: int) -> Option:
    top = TOP_PIXELS + index * PLOT_PIXELS
    return {"left": 58, "right": 20, "top": top, "height": PLOT_PIXELS - 38}


def _zoom(plots: int) -> Option:
    return {
        "id": "zoom-x",
        "type": "inside",
        "xAxisIndex": list(range(plots)),
        "filterMode": "none",
        "zoomOnMouseWheel": "ctrl",
        "moveOnMouseMove": "shift",
        "moveOnMouseWheel": False,
        "preventDefaultMouseMove": False,
    }


def _line(curve: Sequence[Report], metric: str, index: int, plots: int, log: bool) -> Series:
    values = ((step, metrics.get(metric)) for step, _, metrics in curve)
    points = [(s, short(v)) for s, v in values if v is not None and drawable(v, log=log)]
    colour = series_colour(index)
    return {
        "id": metric,
        "name": metric,
        "type": "line",
        "xAxisIndex": index,
        "yAxisIndex": index,
        "symbol": "circle",
        "symbolSize": 5,
        "showSymbol": len(points) < 60,
        "lineStyle": {"width": 1.6, "color": colour},
        "itemStyle": {"color": colour},
        "dimensions": ["step", metric],
        "data": thinned(points, POINTS // plots, lambda point: point[1]),
    }


# ---------------------------------------------------------------------- revisions


def _happened(revision: Revision) -> bool:
    return revision.state in (RevisionState.APPLIED, RevisionState.REFUSED)


def _mark(revision: Revision, first: int, last: int) -> Option:
    refused = revision.state is RevisionState.REFUSED
    step = revision.step if revision.step is not None else (last if refused else first)
    what = f"refused: {revision.reason}" if refused else ", ".join(map(_told, revision.changes))
    style = {"color": THRESHOLD if refused else SELECTED, "type": "dotted" if refused else "solid"}
    return {
        "xAxis": step,
        "name": f"revision {revision.number}: {what}",
        "lineStyle": style | {"width": 1.5},
        "label": {"formatter": f"r{revision.number}"},
    }


def _label(marks: Sequence[Option], apart: float) -> None:
    """Give marks that are less than ``apart`` steps from the one before one label, ``r2–r5``."""
    group: list[Option] = []
    for mark in sorted(marks, key=lambda mark: float(mark["xAxis"])):
        if group and mark["xAxis"] - group[-1]["xAxis"] < apart:
            first, _, _ = group[0]["label"]["formatter"].partition("–")
            group[0]["label"] = {"formatter": f"{first}–{mark['label']['formatter']}"}
            mark["label"] = {"show": False}
            group.append(mark)
        else:
            group = [mark]


def _told(change: Change) -> str:
    return f"{change.path} {_text(change.old)} → {_text(change.new)}"


def _text(value: Value | None) -> str:
    return "nothing" if value is None else brief(value)


def _mark_line(marks: Sequence[Option], *, labelled: bool) -> Option:
    return {
        "symbol": "none",
        "animation": False,
        "label": {"show": labelled, "position": "end", "color": DIM, "fontSize": 11},
        "tooltip": {"formatter": "{b}"},
        "emphasis": {"disabled": True},
        "data": list(marks),
    }
