"""How good separate clips are told apart, at one threshold or at the best one."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold and what it gives: a clip counts as a wake phrase if its score reaches it."""

    threshold: float
    f1: float
    false_positive_rate: float  # share of the other clips that were taken for a wake phrase


def at_threshold(scores: Tensor, wake: Tensor, threshold: float) -> OperatingPoint:
    """Judge `scores` (clips,) against `wake` (clips,) bool."""
    found = scores >= threshold
    right = int((found & wake).sum())
    wrong = int((found & ~wake).sum())
    return OperatingPoint(
        threshold=threshold,
        f1=2 * right / max(1, right + wrong + int(wake.sum())),
        false_positive_rate=wrong / max(1, int((~wake).sum())),
    )


def at_best_threshold(scores: Tensor, wake: Tensor) -> OperatingPoint:
    """The point with the highest F1 over all thresholds; of several, the one with the highest.

    F1 at a fixed threshold says little about a model: seeds of one configuration spread by 0.20 at
    0.5, and by 0.02 here.  `scores` must be finite: NaN would be ranked, and look like skill.
    """
    ranked, order = scores.sort(descending=True)
    right = wake[order].cumsum(0)
    f1 = 2 * right / (torch.arange(1, len(wake) + 1) + wake.sum())
    f1[:-1][ranked[:-1] == ranked[1:]] = 0.0  # equal scores stand on the same side of a threshold
    return at_threshold(scores, wake, float(ranked[int(f1.argmax())]))
