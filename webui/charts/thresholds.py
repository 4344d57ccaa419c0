"""The threshold explorer: what each decision threshold would give, and a line that can be dragged.

In go the curves of metrics over the threshold; shares (precision, recall, F1) stand on the left
axis from 0 to 1, rates (false alarms an hour) on the right one.
"""

from collections.abc import Mapping, Sequence

from webui.charts.option import Option, Series, layered, legend, tooltip, value_axis
from webui.charts.palette import DIM, SELECTED, TEXT, series_colour
from webui.charts.scale import short
from webui.charts.thinning import POINTS, thinned

Curve = Sequence[tuple[float, float]]
"""Threshold and value, in the order of thresholds."""


def thresholds(
    curves: Mapping[str, Curve],
    *,
    threshold: float,
    rates: Sequence[str] = (),
    applied: float | None = None,
) -> Option:
    """Metrics over the threshold, those of ``rates`` on the right axis.

    ``threshold`` is where the draggable line stands, ``applied`` the one that is in force.
    """
    ends = [at for curve in curves.values() for at, _ in curve]
    series = [
        _line(name, curve, index, right=name in rates, limit=POINTS // len(curves))
        for index, (name, curve) in enumerate(curves.items())
    ]
    series.append(_handle(threshold, applied))
    left = value_axis("", vertical=True, scale=False, min=0, max=1)
    right = value_axis(", ".join(rates), vertical=True, scale=False, min=0)
    right |= {"position": "right", "splitLine": {"show": False}, "show": bool(rates)}
    right["nameTextStyle"] = {"align": "right"}
    return {
        "animation": False,
        "grid": {"left": 10, "right": 14, "top": 44, "bottom": 30, "containLabel": True},
        "tooltip": tooltip(trigger="axis"),
        "legend": legend(list(curves)) | {"left": 40, "width": "85%"},
        "xAxis": value_axis("threshold", min=min(ends, default=0), max=max(ends, default=1)),
        "yAxis": [left, right],
        "series": layered(series),
    }


def _line(name: str, curve: Curve, index: int, *, right: bool, limit: int) -> Series:
    colour = series_colour(index)
    points = [(short(at), short(value)) for at, value in curve]
    return {
        "id": name,
        "name": name,
        "type": "line",
        "yAxisIndex": int(right),
        "symbol": "none",
        "lineStyle": {"width": 1.8, "color": colour, "type": "dashed" if right else "solid"},
        "itemStyle": {"color": colour},
        "dimensions": ["threshold", name],
        "data": thinned(points, limit, lambda point: point[1]),
    }


def _handle(threshold: float, applied: float | None) -> Series:
    """Lines of their own series, of which the first can be dragged."""
    marks: list[Option] = [
        {
            "xAxis": threshold,
            "lineStyle": {"color": SELECTED, "width": 2.5, "type": "solid"},
            "label": {"formatter": f"{threshold:.3g}", "color": TEXT, "fontWeight": "bold"},
        }
    ]
    if applied is not None:
        marks.append(
            {
                "xAxis": applied,
                "lineStyle": {"color": DIM, "width": 1, "type": "dashed"},
                "label": {"formatter": "in force", "color": DIM, "position": "insideEndBottom"},
            }
        )
    return {
        "id": "handle",
        "type": "line",
        "data": [],
        "markLine": {"symbol": "none", "animation": False, "silent": True, "data": marks},
    }
