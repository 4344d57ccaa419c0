"""Wilcoxon pruning: end a trial that is surely worse than the best one, step by paired step.

For objectives that report one value per problem instance, or fold: steps are instances, in any
order, and the result is about their mean.
"""

from math import isfinite, isnan, nan

from orchestrator.pruning.curve import Curve
from orchestrator.pruning.pruner import Prune, Pruner
from orchestrator.pruning.signed_rank import SignedRanks


class PairedCurve(Curve):
    """A curve that is ranked against another one, value by value, as far as that was needed."""

    __slots__ = ("_opponent", "_unpaired", "ranks")

    def __init__(self) -> None:
        super().__init__()
        self._opponent: Curve | None = None
        self._unpaired: list[int] = []
        self.ranks = SignedRanks()

    def add(self, step: int, value: float) -> bool:
        """Take one value in; False, and nothing changes, when the step was reported before."""
        if not Curve.add(self, step, value):
            return False
        self._unpaired.append(step)
        return True

    def pair_with(self, opponent: Curve, sign: int) -> None:
        """Rank ``sign`` times the difference from ``opponent`` at every step they share."""
        if self._opponent is not opponent:
            self._opponent, self.ranks = opponent, SignedRanks()
            self._unpaired = list(self.values)
        ours, theirs = self.values, opponent.values
        for step in self._unpaired:
            if step in theirs:
                self.ranks.add(sign * (ours[step] - theirs[step]))
        self._unpaired.clear()


class WilcoxonPruner(Pruner):
    """Prunes when a signed-rank test against the best trial falls below ``p_threshold``.

    Needs ``n_startup_steps`` steps (at least 2) in common with the best trial, and never prunes a
    trial whose mean is at least as good as the best trial's. A NaN or an infinity in either of the
    two rules the test out.
    """

    def __init__(
        self, *, maximize: bool, p_threshold: float = 0.1, n_startup_steps: int = 2
    ) -> None:
        super().__init__(maximize=maximize)
        self._p_threshold = p_threshold
        self._n_startup_steps = max(n_startup_steps, 2)
        self._best: Curve | None = None
        self._best_value = nan
        self._best_mean = nan  # compares as no worse while there is nothing to test against

    def begin(self, trial: int) -> PairedCurve:
        """A new curve, to be paired with the best one."""
        return PairedCurve()

    def judge(self, trial: int, curve: Curve) -> Prune | None:
        """Test what the trial and the best one reported at the same steps."""
        count = len(curve.values)
        if count < self._n_startup_steps:
            return None
        mean = curve.total / count
        worse = mean < self._best_mean if self.maximize else mean > self._best_mean
        if not worse or self._best is None or not isfinite(mean):
            return None
        assert isinstance(curve, PairedCurve)  # begin made it
        curve.pair_with(self._best, -1 if self.maximize else 1)
        ranks = curve.ranks
        if len(ranks) < self._n_startup_steps or not ranks.is_below(self._p_threshold):
            return None
        return Prune(
            f"step {curve.last_step}: worse than the best trial over {len(ranks)} steps "
            f"(mean {mean:.4g} against {self._best_mean:.4g}, p = {ranks.p_greater():.2g})"
        )

    def learn(self, trial: int, curve: Curve, value: float | None) -> None:
        """Remember the trial when it is the best one so far."""
        mean = curve.total / len(curve.values) if curve.values else nan
        if value is None:
            value = mean
        if isnan(value):
            return
        better = value > self._best_value if self.maximize else value < self._best_value
        if self._best is None or better:
            self._best, self._best_value = curve, value
            self._best_mean = mean if isfinite(mean) else nan
