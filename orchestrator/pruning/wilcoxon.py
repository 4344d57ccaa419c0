"""Wilcoxon pruning: end a trial that is surely worse than the best one, step by paired step.

For objectives that report one value per problem instance, or fold: steps are instances, in any
order, and the result is about their mean.
"""

from math import isfinite, isnan

from orchestrator.pruning.curve import Curve
from orchestrator.pruning.pruner import Prune, Pruner
from orchestrator.pruning.signed_rank import p_greater


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
        self._best_value = 0.0

    def judge(self, trial: int) -> Prune | None:
        """Test what the trial and the best one reported at the same steps."""
        curve, best = self._curves.get(trial), self._best
        if curve is None or best is None or not best.values:
            return None
        if not isfinite(curve.total) or not isfinite(best.total):
            return None
        mean, best_mean = curve.total / len(curve.values), best.total / len(best.values)
        if mean >= best_mean if self.maximize else mean <= best_mean:
            return None
        best_values = best.values
        sign = -1.0 if self.maximize else 1.0
        worse_by = [
            sign * (value - best_values[step])
            for step, value in curve.values.items()
            if step in best_values
        ]
        if len(worse_by) < self._n_startup_steps:
            return None
        p = p_greater(worse_by)
        if p < self._p_threshold:
            return Prune(
                f"step {curve.last_step}: worse than the best trial over {len(worse_by)} steps "
                f"(mean {mean:.4g} against {best_mean:.4g}, p = {p:.2g})"
            )
        return None

    def _learn(self, curve: Curve, value: float | None) -> None:
        if value is None:
            value = curve.total / len(curve.values) if curve.values else float("nan")
        if isnan(value):
            return
        better = value > self._best_value if self.maximize else value < self._best_value
        if self._best is None or better:
            self._best, self._best_value = curve, value
