"""What has to be sent of a chart that is drawn already: only what changed. Pure.

A chart keeps its zoom, its brush and its hidden series as long as it is not drawn anew, so that
happens only where its shape is another: other axes, other plots.
"""

from typing import Any, Literal, NamedTuple

from webui.charts.option import Option

How = Literal["whole", "merge", "replace"]
SHAPE = ("grid", "xAxis", "yAxis", "parallelAxis")
"""The parts whose number and kinds make the shape of a chart."""


class Update(NamedTuple):
    """What is sent: the ``whole`` option; parts to ``merge``, series by their ids; or all series
    that are left, the unchanged ones by their ids alone, in the place of what is drawn."""

    option: Option
    how: How


def update(drawn: Option | None, wanted: Option) -> Update | None:
    """How to get from what is drawn to what is wanted; ``None`` where they are the same."""
    if drawn is None or _shape(drawn) != _shape(wanted) or drawn.keys() - wanted.keys():
        return Update(wanted, "whole")
    parts = {name: part for name, part in wanted.items() if part != drawn.get(name)}
    if not parts:
        return None
    if "series" not in parts:
        return Update(parts, "merge")
    before = {series["id"]: series for series in drawn["series"]}
    changed = [s for s in wanted["series"] if s != before.get(s["id"])]
    gone = before.keys() - {series["id"] for series in wanted["series"]}
    if any(before.get(s["id"], s).keys() - s.keys() for s in changed):
        return Update(wanted, "whole")  # a merge would leave what is no longer said of a series
    if not gone:
        return Update(parts | {"series": changed}, "merge")
    ids = {series["id"] for series in changed}
    left = [s if s["id"] in ids else {"id": s["id"]} for s in wanted["series"]]
    return Update(parts | {"series": left}, "replace")


def _shape(option: Option) -> list[Any]:
    return [[_kind(each) for each in _several(option.get(part))] for part in SHAPE]


def _several(part: Any) -> list[Option]:
    if part is None:
        return []
    return part if isinstance(part, list) else [part]


def _kind(part: Option) -> tuple[Any, ...]:
    return part.get("type"), part.get("id"), part.get("name"), part.get("gridIndex")
