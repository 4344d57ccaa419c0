"""The best so far of two studies, over the numbers of their trials. Pure."""

from collections.abc import Mapping, Sequence

from webui.charts.option import Option, Series, cartesian, legend, value_axis
from webui.charts.palette import series_colour

Points = Sequence[tuple[int, float]]


def two_studies(metric: str, lines: Mapping[str, Points], last: Mapping[str, int]) -> Option:
    """A step line for each study, by its name, that goes on to the number of its ``last`` trial."""
    values = [value for points in lines.values() for _, value in points]
    series = [
        _line(index, name, points, last[name]) for index, (name, points) in enumerate(lines.items())
    ]
    return cartesian(
        value_axis("trial", minInterval=1),
        value_axis(f"best {metric} so far", vertical=True, values=values),
        series,
        legend=legend(list(lines)) | {"left": 150},
    )


def _line(index: int, name: str, points: Points, last: int) -> Series:
    data = [list(point) for point in points]
    if points and points[-1][0] < last:
        data.append([last, points[-1][1]])
    return {
        "id": f"study-{index}",
        "name": name,
        "type": "line",
        "step": "end",
        "symbolSize": 5,
        "color": series_colour(index),
        "data": data,
    }
