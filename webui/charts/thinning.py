"""Fewer points than there are, such that the picture stays the same. Pure."""

from collections.abc import Callable, Sequence
from typing import TypeVar

POINTS = 10_000
"""One chart shows at most so many points."""

T = TypeVar("T")


def thinned(points: Sequence[T], limit: int, value: Callable[[T], float]) -> list[T]:
    """At most ``limit`` of ``points`` in their order, evenly, and the extremes among them.

    The first, the last, the lowest and the highest point stay; between them every stretch gives its
    lowest and its highest, so that no peak disappears. Fewer than four: only the first and last.
    """
    if len(points) <= limit:
        return list(points)
    if limit < 4:
        return [points[0], points[-1]][: max(limit, 0)]
    stretches = (limit - 2) // 2
    last = len(points) - 1
    kept = [0, last]
    for stretch in range(stretches):
        start = 1 + stretch * (last - 1) // stretches
        end = 1 + (stretch + 1) * (last - 1) // stretches
        if start < end:
            kept.append(min(range(start, end), key=lambda i: value(points[i])))
            kept.append(max(range(start, end), key=lambda i: value(points[i])))
    return [points[i] for i in sorted(set(kept))]


def share(curves: int, limit: int = POINTS) -> int:
    """How many points each of ``curves`` may have, as a power of two, so that it seldom changes."""
    fair = max(limit // max(curves, 1), 2)
    return 1 << (fair.bit_length() - 1)
