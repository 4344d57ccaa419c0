"""The pieces that every chart's option is made of: axes, zoom, tooltips, short numbers.

An `Option` is what ECharts draws, as plain data without functions. Two agreements hold for all:
every series has an ``id``, by which `updating` finds what changed; and what stands for a trial says
its number, as ``trial`` of a data item or as the dimension of that name, so that a click finds it.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from webui.charts.palette import SELECTED
from webui.charts.scale import Worse, reach

Option = dict[str, Any]
Series = dict[str, Any]

TRIAL = "trial"


def value_axis(
    name: str,
    *,
    log: bool = False,
    vertical: bool = False,
    values: Sequence[float] | None = None,
    worse: Worse = Worse.UNKNOWN,
    **more: Any,
) -> Option:
    """An axis of numbers, that holds ``values`` where they are given, but for those that are far
    ``worse`` than the others; the name of a vertical one stands above it."""
    axis: Option = {"type": "log" if log else "value", "scale": True, "name": name}
    axis["splitLine"] = {"show": vertical}
    if vertical:
        axis |= {"nameLocation": "end", "nameTextStyle": {"align": "left"}, "nameGap": 10}
    else:
        axis |= {"nameLocation": "middle", "nameGap": 24, "axisLabel": {"hideOverlap": True}}
    if values is not None:
        axis = joined(axis, reach(values, log=log, worse=worse))
    return joined(axis, more)


def joined(left: Option, right: Option) -> Option:
    """Both; where both say something of the same part, what either says of it."""
    both = {
        name: left[name] | right[name]
        for name in left.keys() & right.keys()
        if isinstance(left[name], dict)
    }
    return left | right | both


def cartesian(x: Option, y: Option, series: list[Series], **more: Any) -> Option:
    """One plot with two axes that can be zoomed along both."""
    return {
        "animation": False,
        "grid": {"left": 12, "right": 18, "top": 42, "bottom": 30, "containLabel": True},
        "tooltip": tooltip(),
        "xAxis": x,
        "yAxis": y,
        "dataZoom": zoom(),
        "toolbox": toolbox(),
        "series": layered(series),
    } | more


def layered(series: Iterable[Series]) -> list[Series]:
    """The series, each over those before it, whatever the order in which they came to be."""
    return [{"z": 2 + index, **each} for index, each in enumerate(series)]


def tooltip(**more: Any) -> Option:
    """What appears over a point; kept within the chart, so that a phone shows it whole."""
    return {"trigger": "item", "confine": True, "transitionDuration": 0} | more


def zoom() -> list[Option]:
    """Ctrl and wheel or two fingers zoom both axes, shift and drag moves: a page still scrolls."""
    moves = {
        "type": "inside",
        "filterMode": "none",
        "zoomOnMouseWheel": "ctrl",
        "moveOnMouseMove": "shift",
        "moveOnMouseWheel": False,
        "preventDefaultMouseMove": False,
    }
    return [moves | {"id": "zoom-x", "xAxisIndex": 0}, moves | {"id": "zoom-y", "yAxisIndex": 0}]


def toolbox() -> Option:
    """Zoom by drawing a box, and back."""
    return {
        "right": 4,
        "top": -6,
        "itemSize": 13,
        "itemGap": 6,
        "feature": {
            "dataZoom": {
                "filterMode": "none",
                "title": {"zoom": "zoom: draw a box", "back": "back"},
            }
        },
    }


def legend(names: Sequence[str]) -> Option:
    """The names of series, beside the toolbox; a click hides one."""
    return {
        "data": list(names),
        "type": "scroll",
        "left": 60,
        "width": "64%",
        "top": 0,
        "itemWidth": 12,
        "itemHeight": 8,
        "itemGap": 8,
        "pageIconSize": 10,
        "textStyle": {"fontSize": 11},
    }


def ring(data: Sequence[object], dimensions: Sequence[str]) -> Series:
    """The rings around selected trials; they take no clicks from what they surround."""
    return {
        "id": "selected",
        "name": "selected",
        "type": "scatter",
        "silent": True,
        "symbolSize": 13,
        "dimensions": list(dimensions),
        "itemStyle": {"color": "transparent", "borderColor": SELECTED, "borderWidth": 2.5},
        "data": list(data),
    }
