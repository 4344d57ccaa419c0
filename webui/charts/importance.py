"""Importance: how much of what trials differ in is each variable's doing, or each group's."""

from collections.abc import Mapping

from webui.charts.option import Option, Series, layered, tooltip, value_axis
from webui.charts.palette import DIM, series_colour

SHOWN = 15
"""So many bars; the others are too short to be seen."""
ROW_PIXELS = 20


def by_group(importance: Mapping[str, float]) -> dict[str, float]:
    """The importance of every group: the sum over its variables."""
    sums: dict[str, float] = {}
    for path, share in importance.items():
        group = group_of(path)
        sums[group] = sums.get(group, 0.0) + share
    return sums


def group_of(path: str) -> str:
    """The top group that a variable is in; one outside of all groups is in ``general``."""
    return path.split(".")[0] if "." in path else "general"


def importance(shares: Mapping[str, float], *, grouped: bool = False) -> Option:
    """Bars of the variables, or of the groups, longest on top; each group has one colour."""
    groups = {group: index for index, group in enumerate(by_group(shares))}
    bars = sorted((by_group(shares) if grouped else shares).items(), key=lambda bar: -bar[1])
    bars = bars[:SHOWN]
    colour = {name: series_colour(groups[name if grouped else group_of(name)]) for name, _ in bars}
    data = [
        {"value": round(share, 3), "itemStyle": {"color": colour[name]}} for name, share in bars
    ]
    names = [name if grouped else _without_group(name, shares) for name, _ in bars]
    bar: Series = {
        "id": "importance",
        "name": "importance",
        "type": "bar",
        "barMaxWidth": 14,
        "barMinWidth": 3,
        "itemStyle": {"borderRadius": [0, 3, 3, 0]},
        "label": {"show": True, "position": "right", "formatter": "{c}", "color": DIM},
        "data": data,
    }
    y = {
        "type": "category",
        "inverse": True,
        "data": names,
        "axisTick": {"show": False},
        "axisLine": {"show": False},
        "axisLabel": {"width": 150, "overflow": "truncate", "interval": 0},
    }
    x = value_axis("", scale=False, min=0, splitNumber=3)
    return {
        "animation": False,
        "grid": {
            "left": 8,
            "right": 52,
            "top": 6,
            "bottom": 4,
            "outerBoundsMode": "same",
            "outerBoundsContain": "all",
        },
        "tooltip": tooltip(),
        "xAxis": x | {"splitLine": {"show": True}},
        "yAxis": y,
        "series": layered([bar]),
    }


def _without_group(path: str, shares: Mapping[str, float]) -> str:
    """The name of a variable, with its group only where another variable has the same name."""
    name = path.rpartition(".")[2]
    twice = sum(other.rpartition(".")[2] == name for other in shares) > 1
    return path if twice else name


def height(bars: int) -> int:
    """How many pixels so many bars want."""
    return max(120, 40 + ROW_PIXELS * min(bars, SHOWN))
