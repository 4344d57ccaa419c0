"""Threshold pruning: end a trial whose last value is NaN or outside a fixed band."""

from math import inf, isfinite

from orchestrator.pruning.curve import Curve
from orchestrator.pruning.pruner import Prune, Pruner


class ThresholdPruner(Pruner):
    """Prunes below ``lower`` and above ``upper``, whatever other trials did.

    Checks begin at ``n_warmup_steps`` and come every ``interval_steps``.
    """

    def __init__(
        self,
        *,
        maximize: bool,
        lower: float = -inf,
        upper: float = inf,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
    ) -> None:
        super().__init__(maximize=maximize)
        self._lower = lower
        self._upper = upper
        self._n_warmup_steps = n_warmup_steps
        self._interval_steps = interval_steps

    def judge(self, trial: int, curve: Curve) -> Prune | None:
        """Hold the value at the last step against the band."""
        if not curve.is_due(self._n_warmup_steps, self._interval_steps):
            return None
        value = curve.last_value
        if self._lower <= value <= self._upper:
            return None
        return Prune(
            f"step {curve.last_step}: the value is NaN"
            if value != value
            else f"step {curve.last_step}: {value:.4g} is below {self._lower:.4g}"
            if value < self._lower
            else f"step {curve.last_step}: {value:.4g} is above {self._upper:.4g}"
        )

    def line(self, last: int) -> list[tuple[int, float]]:
        """The end of the band on the bad side, or the other one where that is open."""
        ends = (self._lower, self._upper) if self.maximize else (self._upper, self._lower)
        level = next((end for end in ends if isfinite(end)), None)
        if level is None or last < self._n_warmup_steps:
            return []
        return [(step, level) for step in sorted({self._n_warmup_steps, last})]
