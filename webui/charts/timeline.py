"""The timeline: what ran when, one lane for each slot of each runner."""

from collections.abc import Collection, Iterable, Sequence
from itertools import count

import msgspec

from schema.trial import TrialState
from webui.charts.option import TRIAL, Option, Series, layered, legend, tooltip
from webui.charts.palette import FADED, SELECTED, STATE_OPACITY, state_colour
from webui.charts.thinning import POINTS, thinned

LANE_PIXELS = 20
UNKNOWN_SLOT = ""
BLOCK = 100
"""So many trials of one state are sent together; what does not change is not sent again."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of a trial on a slot; times are seconds since 1970, ``ended`` is ``None`` while
    it runs. Where the slot is not known it is empty."""

    trial: int
    attempt: int
    runner: str
    slot: str
    started: float
    ended: float | None
    state: TrialState


def lanes(spans: Iterable[Span], now: float) -> dict[str, list[Span]]:
    """The spans of each lane, a slot of a runner, in the order of runners and slots.

    One whose slot is not known yet is laid on the first lane of its runner that is free.
    """
    found: dict[tuple[str, str], list[Span]] = {}
    free: dict[str, dict[str, float]] = {}  # from when on each lane of a runner is free
    in_time = sorted(spans, key=lambda each: (each.started, each.trial))
    known = [span for span in in_time if span.slot != UNKNOWN_SLOT]
    for span in [*known, *(span for span in in_time if span.slot == UNKNOWN_SLOT)]:
        until = free.setdefault(span.runner, {})
        slot = span.slot or _free_lane(until, span.started)
        until[slot] = now if span.ended is None else span.ended
        found.setdefault((span.runner, slot), []).append(span)
    return {_lane(runner, slot): found[runner, slot] for runner, slot in sorted(found)}


def _free_lane(until: dict[str, float], started: float) -> str:
    unnamed = (f"#{number}" for number in count(1))
    free = next((lane for lane, at in until.items() if at <= started), None)
    return free or next(lane for lane in unnamed if lane not in until)


def _lane(runner: str, slot: str) -> str:
    return slot if slot.startswith(runner) else f"{runner} {slot}"


def height(lanes: int) -> int:
    """How many pixels so many lanes want."""
    return max(160, 66 + LANE_PIXELS * lanes)


def timeline(
    spans: Sequence[Span],
    *,
    now: float,
    selected: Collection[int] = (),
    brushed: frozenset[int] | None = None,
) -> Option:
    """Every attempt as a bar in its lane, in the colour of what became of it."""
    rows = lanes(thinned(spans, POINTS // 2, lambda span: (span.ended or now) - span.started), now)
    bars: dict[tuple[TrialState, int], list[Option]] = {}
    rings: list[Option] = []
    for index, (_, inside) in enumerate(rows.items()):
        for span in inside:
            bar = _bar(span, index, now)
            if brushed is not None and span.trial not in brushed:
                bar["lineStyle"] = {"opacity": FADED}
            bars.setdefault((span.state, span.trial // BLOCK), []).append(bar)
            if span.trial in selected:
                rings.append(bar)
    series = [_bars(state, block, bars[state, block]) for state, block in sorted(bars)]
    picked = {"color": SELECTED, "width": 4, "opacity": 1, "cap": "butt"}
    series.append(_bars(TrialState.COMPLETE, 0, rings) | {"id": "selected", "name": "selected"})
    series[-1] |= {"lineStyle": picked, "silent": True}
    ends = [now if span.ended is None else span.ended for span in spans]
    return {
        "animation": False,
        "grid": {
            "left": 8,
            "right": 18,
            "top": 30,
            "bottom": 6,
            "outerBoundsMode": "same",
            "outerBoundsContain": "all",
        },
        "tooltip": tooltip(),
        "legend": legend(list(dict.fromkeys(str(state) for state, _ in bars)))
        | {"selectedMode": False, "width": "85%"},
        "xAxis": {
            "type": "time",
            "min": 1000 * min((span.started for span in spans), default=now - 1),
            "max": 1000 * max(ends, default=now),
            "splitLine": {"show": True},
            "axisLabel": {"hideOverlap": True},
        },
        "yAxis": {
            "type": "category",
            "inverse": True,
            "data": list(rows),
            "axisTick": {"show": False},
            "axisLabel": {"width": 150, "overflow": "truncate", "interval": 0},
        },
        "dataZoom": [_zoom()],
        "series": layered(series),
    }


def _zoom() -> Option:
    return {
        "id": "zoom-x",
        "type": "inside",
        "filterMode": "none",
        "zoomOnMouseWheel": "ctrl",
        "moveOnMouseMove": "shift",
        "moveOnMouseWheel": False,
        "preventDefaultMouseMove": False,
    }


def _bar(span: Span, lane: int, now: float) -> Option:
    end = now if span.ended is None else span.ended
    again = f", attempt {span.attempt}" if span.attempt > 1 else ""
    return {
        TRIAL: span.trial,
        "name": f"trial {span.trial}{again}: {span.state}, {max(end - span.started, 0.0):.3g} s",
        "coords": [[round(1000 * span.started), lane], [round(1000 * end), lane]],
    }


def _bars(state: TrialState, block: int, data: list[Option]) -> Series:
    opacity = STATE_OPACITY.get(state, 0.9)
    style = {"color": state_colour(state), "width": 11, "opacity": opacity, "cap": "butt"}
    if state is TrialState.FAILED:
        style["type"] = [3, 2]  # told apart without its colour
    return {
        "id": f"{state}-{block}",
        "name": str(state),
        "type": "lines",
        "coordinateSystem": "cartesian2d",
        "polyline": True,
        "clip": True,
        "lineStyle": style,
        "itemStyle": {"color": style["color"]},
        "emphasis": {"lineStyle": {"opacity": 1}},
        "data": data,
    }
