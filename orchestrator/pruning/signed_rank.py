"""How surely paired differences lie above zero: the one-sided Wilcoxon signed-rank test.

The same p-value as ``scipy.stats.wilcoxon(differences, alternative="greater",
zero_method="zsplit")``, with its choice between three null distributions: exact for up to 50
differences without ties and zeros, all sign patterns for up to 13 with them, normal otherwise.
The differences are ranked as they come, so that without ties one more costs a bisection.
"""

from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, groupby
from math import erfc, sqrt

EXACT_UP_TO = 50
ALL_SIGNS_UP_TO = 13


class SignedRanks:
    """Finite differences, ranked by size."""

    __slots__ = ("_positive", "_sizes", "_statistic", "_tied")

    def __init__(self) -> None:
        self._sizes: list[float] = []  # ascending
        self._positive = bytearray()  # 1 where the difference of that size is above zero
        self._statistic = 0  # the ranks of the positive differences, while there are no ties
        self._tied = False

    def __len__(self) -> int:
        return len(self._sizes)

    def add(self, difference: float) -> None:
        """Rank one more difference."""
        sizes, signs = self._sizes, self._positive
        positive = difference > 0
        size = difference if positive else -difference
        index = bisect_left(sizes, size)
        if size == 0 or (index < len(sizes) and sizes[index] == size):
            self._tied = True
        above = signs.count(1, index)  # their ranks rise by one
        sizes.insert(index, size)
        signs.insert(index, positive)
        self._statistic += above + index + 1 if positive else above

    def is_below(self, p: float) -> bool:
        """True when `p_greater` is below ``p``; without ties one look-up. Needs a difference."""
        count = len(self._sizes)
        if self._tied or count > EXACT_UP_TO:
            return self.p_greater() < p
        return self._statistic >= _critical_statistic(count, p)

    def p_greater(self) -> float:
        """The p-value of the differences being symmetric about zero; small when they are above.

        ``ValueError`` without any difference.
        """
        count = len(self._sizes)
        if not count:
            raise ValueError("there are no differences to test")
        if self._tied:
            return self._p_with_ties(count)
        if count <= EXACT_UP_TO:
            return exact_tail(count)[self._statistic]
        return _normal_tail(count, self._statistic, tie_correction=0)

    def _p_with_ties(self, count: int) -> float:
        ranks, tie_correction = _mid_ranks(self._sizes)
        statistic = sum(rank for rank, one in zip(ranks, self._positive, strict=True) if one)
        zeros = self._sizes.count(0.0)
        if count <= ALL_SIGNS_UP_TO:
            return _all_signs_tail(ranks[zeros:], statistic)
        return _normal_tail(count, statistic + sum(ranks[:zeros]) / 2, tie_correction)


@cache
def exact_tail(count: int) -> tuple[float, ...]:
    """P(W >= w) for w = 0 .. n(n+1)/2, where W sums those of the ranks 1..n that have a plus sign.

    Counted by dynamic programming over the ranks, in whole numbers.
    """
    ways = _sums(range(1, count + 1))
    tails = list(accumulate(reversed(ways)))[::-1]
    return tuple(tail / 2**count for tail in tails)


@cache
def _critical_statistic(count: int, p: float) -> int:
    """The least W whose tail is below ``p``; one that cannot be reached where there is none."""
    tails = exact_tail(count)
    return next((w for w, tail in enumerate(tails) if tail < p), len(tails))


def _mid_ranks(sizes: Sequence[float]) -> tuple[list[float], int]:
    """The ranks of ascending sizes, equal ones averaged, and the sum of t^3 - t over the ties."""
    ranks: list[float] = []
    tie_correction = 0
    for _, group in groupby(sizes):
        tied = sum(1 for _ in group)
        ranks += [len(ranks) + (tied + 1) / 2] * tied
        tie_correction += tied**3 - tied
    return ranks, tie_correction


def _all_signs_tail(ranks: Sequence[float], statistic: float) -> float:
    """The share of all sign patterns whose positive ranks sum to at least ``statistic``."""
    ways = _sums([int(2 * rank) for rank in ranks])  # mid-ranks are halves
    return sum(ways[int(2 * statistic) :]) / float(2 ** len(ranks))


def _normal_tail(count: int, statistic: float, tie_correction: int) -> float:
    """P(W >= w) in the normal approximation."""
    mean = count * (count + 1.0) * 0.25
    variance = (count * (count + 1.0) * (2.0 * count + 1.0) - tie_correction / 2) / 24
    return erfc((statistic - mean) / sqrt(variance) / sqrt(2.0)) / 2


def _sums(parts: Sequence[int]) -> list[int]:
    """In how many ways a subset of the parts sums to 0, 1, 2 ..., up to the sum of all."""
    ways = [1]
    for part in parts:
        shifted = [0] * part + ways
        ways = [a + b for a, b in zip(ways + [0] * part, shifted, strict=True)]
    return ways
