"""The rungs of one bracket of successive halving: who reached which rung, and with what value.

Asynchronous successive halving (Li et al., "A System for Massively Parallel Hyperparameter
Tuning", MLSys 2020, algorithm 2), as Optuna runs it: a trial that reaches a rung is held against
everyone who reached it so far, promoted or pruned, and is either promoted at once or ended.
"""

from orchestrator.pruning.pruner import Prune
from orchestrator.pruning.ranked import RankedValues


class Rungs:
    """Rung k lies at step ``min_resource * reduction_factor ** (min_early_stopping_rate + k)``."""

    def __init__(
        self,
        *,
        maximize: bool,
        min_resource: int,
        reduction_factor: int,
        min_early_stopping_rate: int,
        bootstrap_count: int,
    ) -> None:
        self._maximize = maximize
        self._reduction_factor = reduction_factor
        self._bootstrap_count = bootstrap_count
        self._steps = [min_resource * reduction_factor**min_early_stopping_rate]
        self._rungs: list[RankedValues] = []  # ranked best first: negated when more is better
        self._climbed: dict[int, list[float]] = {}  # by trial: its value on each rung it reached

    def climb(self, trial: int, step: int, value: float) -> Prune | None:
        """Let a trial up every rung that ``step`` reaches, until one refuses it."""
        climbed = self._climbed.get(trial)
        rung = len(climbed) if climbed else 0
        while step >= self._steps[rung]:
            if value != value:
                return Prune(f"step {step}: the value is NaN")
            ranked = self._record(trial, rung, value)
            if len(ranked) <= self._bootstrap_count:
                return Prune(
                    f"step {step}: rung {rung} holds {len(ranked)} trials, and promotes none "
                    f"before there are more than {self._bootstrap_count}"
                )
            if (-value if self._maximize else value) > ranked.at_rank:
                return Prune(
                    f"step {step}: {value:.4g} is not among the best 1 in {self._reduction_factor} "
                    f"of the {len(ranked)} trials on rung {rung}"
                )
            rung += 1
        return None

    def place(self, trial: int, step: int, value: float) -> None:
        """Record a trial on every rung that ``step`` reaches, without judging it."""
        rung = len(self._climbed.get(trial, ()))
        while step >= self._steps[rung] and value == value:
            self._record(trial, rung, value)
            rung += 1

    def line(self) -> list[tuple[int, float]]:
        """Step and worst promoted value of each rung that somebody has reached."""
        sign = -1.0 if self._maximize else 1.0
        return [
            (step, sign * ranked.at_rank)
            for step, ranked in zip(self._steps, self._rungs, strict=False)
            if len(ranked) > self._bootstrap_count
        ]

    def settle(self, trial: int) -> None:
        """The trial is complete: its rung values stay for good."""
        self._climbed.pop(trial, None)

    def withdraw(self, trial: int) -> None:
        """The trial starts anew: take the rung values of its lost attempt away."""
        for ranked, value in zip(self._rungs, self._climbed.pop(trial, ()), strict=False):
            ranked.remove(-value if self._maximize else value)

    def _record(self, trial: int, rung: int, value: float) -> RankedValues:
        if rung == len(self._rungs):
            self._rungs.append(RankedValues(self._last_promoted))
            self._steps.append(self._steps[-1] * self._reduction_factor)
        ranked = self._rungs[rung]
        ranked.add(-value if self._maximize else value)
        self._climbed.setdefault(trial, []).append(value)
        return ranked

    def _last_promoted(self, count: int) -> int:
        """The rank of the worst value that is promoted; the first few need to be the best."""
        return max(count // self._reduction_factor - 1, 0)
