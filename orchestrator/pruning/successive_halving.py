"""Successive halving: few trials get many steps, most get few; one bracket of rungs.

Where the first rung lies may be left to the first complete trial (``min_resource="auto"``); until
then nothing is pruned.
"""

from typing import Literal

from orchestrator.pruning.curve import Curve
from orchestrator.pruning.pruner import Prune, Pruner
from orchestrator.pruning.rungs import Rungs


class SuccessiveHalvingPruner(Pruner):
    """Promotes the best 1 in ``reduction_factor`` of each rung and prunes the others.

    ``min_resource`` is the step of the first rung, "auto" a hundredth of the longest complete
    trial (at least 1); ``min_early_stopping_rate`` skips that many rungs; the first
    ``bootstrap_count`` trials on a rung are all pruned, and need a ``min_resource`` in numbers.
    """

    def __init__(
        self,
        *,
        maximize: bool,
        min_resource: int | Literal["auto"] = "auto",
        reduction_factor: int = 4,
        min_early_stopping_rate: int = 0,
        bootstrap_count: int = 0,
    ) -> None:
        super().__init__(maximize=maximize)
        self._reduction_factor = reduction_factor
        self._min_early_stopping_rate = min_early_stopping_rate
        self._bootstrap_count = bootstrap_count
        self._longest = -1  # the last step of the longest complete trial
        self._rungs = None if min_resource == "auto" else self._build_rungs(min_resource)

    def begin(self, trial: int) -> Curve:
        """A new curve; the rung values of an attempt that was lost are withdrawn."""
        if self._rungs is not None:
            self._rungs.withdraw(trial)
        return Curve()

    def judge(self, trial: int, curve: Curve) -> Prune | None:
        """Let the trial climb as far as its last step and value carry it."""
        rungs = self._rungs or self._estimate_rungs()
        return rungs.climb(trial, curve.last_step, curve.last_value) if rungs else None

    def replay(self, trial: int, curve: Curve) -> None:
        """Put the trial on the rungs that it reached."""
        rungs = self._rungs or self._estimate_rungs()
        if rungs is not None:
            rungs.place(trial, curve.last_step, curve.last_value)

    def line(self, last: int) -> list[tuple[int, float]]:
        """The worst value that every rung would promote."""
        return [] if self._rungs is None else [at for at in self._rungs.line() if at[0] <= last]

    def learn(self, trial: int, curve: Curve, value: float | None) -> None:
        """Keep the trial's rung values for good, and its length."""
        self._longest = max(self._longest, curve.last_step)
        if self._rungs is not None:
            self._rungs.settle(trial)

    def _estimate_rungs(self) -> Rungs | None:
        """Put the first rung at a hundredth of the longest complete trial, once there is one."""
        if self._longest >= 0:
            self._rungs = self._build_rungs(max(self._longest // 100, 1))
        return self._rungs

    def _build_rungs(self, min_resource: int) -> Rungs:
        return Rungs(
            maximize=self.maximize,
            min_resource=min_resource,
            reduction_factor=self._reduction_factor,
            min_early_stopping_rate=self._min_early_stopping_rate,
            bootstrap_count=self._bootstrap_count,
        )
