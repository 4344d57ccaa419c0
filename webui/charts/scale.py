"""Scales: which values have a place on an axis, where it ends, and where its marks are. Pure."""

from collections.abc import Iterable, Sequence
from enum import Enum
from math import ceil, floor, isfinite, log10
from statistics import quantiles
from typing import Any

LOG_SPREAD = 50.0
"""Positive values of which less is better and that spread over more than this are shown on a
logarithmic axis at first."""
FENCE = 3.0
FEWEST = 8
"""Of fewer values none is far from the others."""


class Worse(Enum):
    """On which side of an axis the bad values of a metric lie."""

    ABOVE = "above"
    BELOW = "below"
    UNKNOWN = "unknown"


def short(value: float) -> float:
    """``value`` with six significant digits: less to send, and more than a screen can show."""
    return float(f"{value:.6g}")


def wants_log(values: Iterable[float]) -> bool:
    """Whether these values, of which less is better, are better seen on a logarithmic axis."""
    seen = near([value for value in values if isfinite(value)], Worse.ABOVE)
    return bool(seen) and min(seen) > 0 and max(seen) / min(seen) > LOG_SPREAD


def near(values: Sequence[float], worse: Worse, *, log: bool = False) -> Sequence[float]:
    """Those within Tukey's outer fence on the side that is ``worse``: three times the distance
    of the quartiles beyond them. One training that explodes would hide all others otherwise."""
    if worse is Worse.UNKNOWN or len(values) < FEWEST:
        return values
    low, _, high = quantiles(map(log10, values) if log else values)
    span = FENCE * (high - low)
    if worse is Worse.ABOVE:
        fence = 10 ** (high + span) if log else high + span
        return [value for value in values if value <= fence] if span else values
    fence = 10 ** (low - span) if log else low - span
    return [value for value in values if value >= fence] if span else values


def drawable(value: float | None, *, log: bool) -> bool:
    """Whether a value has a place on the axis: finite, and above 0 on a logarithmic one."""
    return value is not None and isfinite(value) and (value > 0 or not log)


def ends(values: Sequence[float], *, log: bool) -> tuple[float, float] | None:
    """The round ends of an axis that holds ``values``; ``None`` without any."""
    if not values:
        return None
    low, high = min(values), max(values)
    if log:
        low, high = low / 1.05, high * 1.05
        return _rounded(low, 10 ** floor(log10(low)), floor), _rounded(
            high, 10 ** floor(log10(high)) / 2, ceil
        )
    if low == high:
        low, high = low - (abs(low) * 0.05 or 1.0), high + (abs(high) * 0.05 or 1.0)
    step = _step(high - low)
    return _rounded(low, step, floor), _rounded(high, step, ceil)


def marks(low: float, high: float) -> list[float]:
    """Where a logarithmic axis has marks: at 1, 2 and 5 times the powers of ten, or more or fewer
    of them, so that there are some and not too many. ``low`` is above 0."""
    decades = log10(high / low)
    if decades < 0.5:
        step = _step(high - low)
        found = [_rounded(low, step, ceil) + step * index for index in range(7)]
    else:
        digits = (1, 2, 3, 5) if decades < 1 else (1, 2, 5) if decades < 2.5 else (1,)
        every = max(1, ceil(decades / 7)) if digits == (1,) else 1
        powers = range(floor(log10(low)), ceil(log10(high)) + 1)
        found = [d * 10.0**p for p in powers if p % every == 0 for d in digits]
    return [short(at) for at in found if low <= at * 1.000001 and at <= high * 1.000001]


def reach(values: Sequence[float], *, log: bool, worse: Worse = Worse.UNKNOWN) -> dict[str, Any]:
    """The part of an axis that says where it ends and where its marks are; empty without values.

    Values that are far ``worse`` than the others are beyond its end.
    """
    found = ends(near(values, worse, log=log), log=log)
    return {} if found is None else between(*found, log=log)


def between(low: float, high: float, *, log: bool) -> dict[str, Any]:
    """The part of an axis that says that it goes from ``low`` to ``high``."""
    axis: dict[str, Any] = {"min": low, "max": high}
    if log:
        at = {"customValues": marks(low, high)}
        axis |= {"axisLabel": at, "axisTick": at, "minorTick": {"show": False}}
    return axis


def _step(span: float) -> float:
    """1, 2 or 5 times a power of ten: about a fifth of ``span``."""
    power = 10.0 ** floor(log10(span / 5))
    return next((d * power for d in (1, 2, 5) if d * power >= span / 5), 10 * power)


def _rounded(value: float, step: float, how: Any) -> float:
    return short(how(value / step + (1e-9 if how is floor else -1e-9)) * step)
