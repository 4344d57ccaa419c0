"""Percentile and median pruning: end a trial that is behind its predecessors at the same step.

The best value of the trial so far is held against a percentile of what complete trials reported at
the same step (median stopping: Golovin et al., "Google Vizier", KDD 2017, section 3.2.1). For each
step the values are kept ranked, so the threshold is brought up to date when a trial completes and
a decision is one look-up and one comparison.
"""

from math import floor, nan

from orchestrator.pruning.curve import Curve
from orchestrator.pruning.pruner import Prune, Pruner
from orchestrator.pruning.ranked import RankedValues


class StepEvidence:
    """What complete trials reported at one step, and its percentile (NaN without any number).

    ``quantile`` is between 0 and 1. The percentile interpolates linearly between neighbours in
    the order of operations of ``numpy.nanpercentile``, to give the same bits.
    """

    __slots__ = ("_quantile", "_ranked", "reported", "threshold")

    def __init__(self, quantile: float) -> None:
        self._quantile = quantile
        self._ranked = RankedValues(self._rank)
        self.reported = 0  # values, NaN included
        self.threshold = nan

    @property
    def numbers(self) -> int:
        """How many values are not NaN."""
        return len(self._ranked)

    def add(self, value: float) -> None:
        """Take the value of one complete trial in, O(log n)."""
        self.reported += 1
        if value != value:
            return
        self._ranked.add(value)
        position = (len(self._ranked) - 1) * self._quantile
        gamma = position - floor(position)
        left, right = self._ranked.at_rank, self._ranked.next_larger
        gap = right - left
        self.threshold = right - gap * (1 - gamma) if gamma >= 0.5 else left + gap * gamma

    def _rank(self, count: int) -> int:
        return floor((count - 1) * self._quantile)


class PercentilePruner(Pruner):
    """Keeps the trials whose best value is among the best ``percentile`` per cent at the step.

    Nothing is pruned before ``n_startup_trials`` are complete, before ``n_warmup_steps``, or while
    fewer than ``n_min_trials`` complete trials have reported the step; checks come every
    ``interval_steps`` from the end of the warm-up. A trial that reported only NaN is pruned.
    """

    def __init__(
        self,
        *,
        maximize: bool,
        percentile: float,
        n_startup_trials: int = 5,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
        n_min_trials: int = 1,
    ) -> None:
        super().__init__(maximize=maximize)
        self._percentile = percentile
        self._quantile = (100 - percentile if maximize else percentile) / 100
        self._n_startup_trials = max(n_startup_trials, 1)
        self._n_warmup_steps = n_warmup_steps
        self._interval_steps = interval_steps
        self._n_min_trials = n_min_trials
        self._complete_trials = 0
        self._evidence: dict[int, StepEvidence] = {}

    def judge(self, trial: int, curve: Curve) -> Prune | None:
        """Hold the trial's best value against the percentile at its last step."""
        if self._complete_trials < self._n_startup_trials:
            return None
        if not curve.is_due(self._n_warmup_steps, self._interval_steps):
            return None
        best = curve.highest if self.maximize else curve.lowest
        if best != best:
            return Prune(f"step {curve.last_step}: every value so far is NaN")
        evidence = self._evidence.get(curve.last_step)
        if evidence is None or evidence.reported < self._n_min_trials:
            return None
        threshold = evidence.threshold  # a comparison with NaN is false: no threshold, no pruning
        if best < threshold if self.maximize else best > threshold:
            return Prune(self._because(curve.last_step, best, evidence))
        return None

    def line(self, last: int) -> list[tuple[int, float]]:
        """The percentile of every step that has enough evidence."""
        if self._complete_trials < self._n_startup_trials:
            return []
        return [
            (step, evidence.threshold)
            for step, evidence in sorted(self._evidence.items())
            if self._n_warmup_steps <= step <= last
            and evidence.reported >= self._n_min_trials
            and evidence.numbers
        ]

    def learn(self, trial: int, curve: Curve, value: float | None) -> None:
        """Bring the percentile of every step that the trial reported up to date."""
        self._complete_trials += 1
        for step, reported in curve.values.items():
            evidence = self._evidence.get(step)
            if evidence is None:
                evidence = self._evidence[step] = StepEvidence(self._quantile)
            evidence.add(reported)

    def _because(self, step: int, best: float, evidence: StepEvidence) -> str:
        side = "below" if self.maximize else "above"
        line = (
            f"the median {evidence.threshold:.4g}"
            if self._percentile == 50
            else f"{evidence.threshold:.4g}, the line of the best {self._percentile:g} %"
        )
        return f"step {step}: {best:.4g} is {side} {line} of {evidence.numbers} trials"


class MedianPruner(PercentilePruner):
    """Prunes a trial whose best value is worse than the median at the step."""

    def __init__(
        self,
        *,
        maximize: bool,
        n_startup_trials: int = 5,
        n_warmup_steps: int = 0,
        interval_steps: int = 1,
        n_min_trials: int = 1,
    ) -> None:
        super().__init__(
            maximize=maximize,
            percentile=50.0,
            n_startup_trials=n_startup_trials,
            n_warmup_steps=n_warmup_steps,
            interval_steps=interval_steps,
            n_min_trials=n_min_trials,
        )
