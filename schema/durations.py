"""Seconds as people write and read them: ``10m`` in, ``1 m 23 s`` out."""

import math
import re

from schema.errors import WrongInput

SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "": 1.0}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([dhms]?)\s*")


def parse_duration(text: str) -> float:
    """The seconds in ``90``, ``90s``, ``10m``, ``2h`` or ``1h30m``.

    Raises:
        WrongInput: it is no such text, or not more than 0.
    """
    total, rest = 0.0, text.lower()
    while match := _PART.match(rest):
        total += float(match[1]) * SECONDS[match[2]]
        rest = rest[match.end() :]
    if rest or total <= 0:
        raise WrongInput(f"{text!r} is no duration: write seconds, or 90s, 10m, 2h, 1h30m")
    return total


def shown_duration(seconds: float) -> str:
    """``0.4 s``, ``12 s``, ``1 m 23 s``, ``2 h 05 m`` or ``3 d 04 h``."""
    if not math.isfinite(seconds):
        return "–"
    if seconds < 0.0995:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} m {whole % 60:02d} s"
    minutes = whole // 60
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} m"
    hours = minutes // 60
    return f"{hours // 24} d {hours % 24:02d} h"
