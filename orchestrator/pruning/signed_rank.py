"""How surely paired differences lie above zero: the one-sided Wilcoxon signed-rank test.

The same p-value as ``scipy.stats.wilcoxon(differences, alternative="greater",
zero_method="zsplit")``, with its choice between three null distributions: exact for up to 50
differences without ties and zeros, all sign patterns for up to 13 with them, normal otherwise.
"""

from collections.abc import Sequence
from functools import cache
from itertools import accumulate, groupby
from math import erfc, sqrt

EXACT_UP_TO = 50
ALL_SIGNS_UP_TO = 13


def p_greater(differences: Sequence[float]) -> float:
    """The p-value of the hypothesis that the differences are symmetric about zero.

    Small when they lie above it. All differences are finite, and there is at least one.
    """
    count = len(differences)
    ordered = sorted(differences, key=abs)
    if count <= EXACT_UP_TO and _distinct(ordered):
        return exact_tail(count)[sum(r for r, value in enumerate(ordered, 1) if value > 0)]
    ranks, tie_correction = _mid_ranks(ordered)
    positive = sum(rank for rank, value in zip(ranks, ordered, strict=True) if value > 0)
    zeros = [rank for rank, value in zip(ranks, ordered, strict=True) if value == 0]
    if count <= ALL_SIGNS_UP_TO:
        return _all_signs_tail(ranks[len(zeros) :], positive)
    statistic = positive + sum(zeros) / 2
    mean = count * (count + 1.0) * 0.25
    variance = (count * (count + 1.0) * (2.0 * count + 1.0) - tie_correction / 2) / 24
    return erfc((statistic - mean) / sqrt(variance) / sqrt(2.0)) / 2


@cache
def exact_tail(count: int) -> tuple[float, ...]:
    """P(W >= w) for w = 0 .. n(n+1)/2, where W sums those of the ranks 1..n that have a plus sign.

    Counted by dynamic programming over the ranks, in whole numbers.
    """
    ways = _sums(range(1, count + 1))
    tails = list(accumulate(reversed(ways)))[::-1]
    return tuple(tail / 2**count for tail in tails)


def _distinct(ordered: Sequence[float]) -> bool:
    """True when no difference is zero and no two have the same size."""
    previous = 0.0
    for value in map(abs, ordered):
        if value == previous:
            return False
        previous = value
    return True


def _mid_ranks(ordered: Sequence[float]) -> tuple[list[float], int]:
    """The ranks of the sizes, those of equal ones averaged, and the sum of t^3 - t over ties."""
    ranks: list[float] = []
    tie_correction = 0
    for _, group in groupby(ordered, key=abs):
        tied = sum(1 for _ in group)
        ranks += [len(ranks) + (tied + 1) / 2] * tied
        tie_correction += tied**3 - tied
    return ranks, tie_correction


def _all_signs_tail(ranks: Sequence[float], positive: float) -> float:
    """The share of all sign patterns whose positive ranks sum to at least ``positive``."""
    ways = _sums([int(2 * rank) for rank in ranks])  # mid-ranks are halves
    return sum(ways[int(2 * positive) :]) / float(2 ** len(ranks))


def _sums(parts: Sequence[int]) -> list[int]:
    """In how many ways a subset of the parts sums to 0, 1, 2 ..., up to the sum of all."""
    ways = [1]
    for part in parts:
        shifted = [0] * part + ways
        ways = [a + b for a, b in zip(ways + [0] * part, shifted, strict=True)]
    return ways
