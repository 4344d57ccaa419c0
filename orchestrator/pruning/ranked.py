"""The value at a moving rank of a growing collection, always at hand: two heaps back to back.

A percentile and the promotion line of a rung are both "the k-th smallest of n values", where k
follows from n. The k + 1 smallest lie in one heap with the largest on top, the others in one
with the smallest on top: a read is O(1), an insertion O(log n), at 32 bytes a value.
"""

from collections.abc import Callable
from heapq import heapify, heappop, heappush, heappushpop


class RankedValues:
    """Values, none of them NaN, and the one at rank ``rank(len(values))``, counted from 0.

    ``rank`` maps a count n > 0 to a rank in [0, n) and must not fall as n grows.
    """

    __slots__ = ("_above", "_below", "_rank")

    def __init__(self, rank: Callable[[int], int]) -> None:
        self._rank = rank
        self._below: list[float] = []  # the smallest values, negated: the largest of them on top
        self._above: list[float] = []

    def __len__(self) -> int:
        return len(self._below) + len(self._above)

    def add(self, value: float) -> None:
        """Take one value in, O(log n)."""
        below, above = self._below, self._above
        wanted = self._rank(len(below) + len(above) + 1) + 1
        if len(below) < wanted:
            heappush(below, -heappushpop(above, value))
        else:
            heappush(above, -heappushpop(below, -value))
        while len(below) < wanted:
            heappush(below, -heappop(above))

    def remove(self, value: float) -> None:
        """Take one value out again, O(n). ``ValueError`` when it is not there."""
        values = [-v for v in self._below] + self._above
        values.remove(value)
        values.sort()
        wanted = self._rank(len(values)) + 1 if values else 0
        self._below = [-v for v in values[:wanted]]
        self._above = values[wanted:]
        heapify(self._below)

    @property
    def at_rank(self) -> float:
        """The value at the rank. ``IndexError`` when there is none."""
        return -self._below[0]

    @property
    def next_larger(self) -> float:
        """The value one rank up, or the one at the rank when that is the largest."""
        return self._above[0] if self._above else -self._below[0]
