"""Pruning by constraints: end a trial whose constraint can, by all that is known, no longer hold.

What a metric will be at the end is not known while a trial runs, so this is a forecast, from
evidence: at a step, a trial violates a constraint by more than any trial did there that held all
constraints at its end. In words: nobody who was this far off at this step ever came back. Where
trials are exchangeable, a trial that would have come back is the farthest one off of n + 1 with a
chance of 1 in n + 1; so n, the feasible trials that a step needs, bounds the error of one check,
and it shrinks as trials complete. A constraint that holds is never a reason.

A decision is a look-up and a comparison, a finished trial one comparison a value.
"""

from collections.abc import Mapping, Sequence
from math import inf

from orchestrator.pruning.curve import Curve
from orchestrator.pruning.pruner import Prune
from orchestrator.pruning.study_pruner import Curves, Ending, StudyPruner
from schema.study import Constraint
from schema.trial import TrialState


class Farthest:
    """The largest violation of ``count`` feasible trials at one step; below 0 where all held."""

    __slots__ = ("count", "violation")

    def __init__(self) -> None:
        self.count = 0
        self.violation = -inf


class OnConstraints(StudyPruner):
    """Prunes what is farther off a constraint than every feasible trial was at the step.

    A step is judged from ``n_warmup_steps`` on, every ``interval_steps``, once ``n_min_trials``
    feasible trials have reported it. A NaN is as far off as can be.
    """

    def __init__(
        self,
        constraints: Sequence[Constraint],
        *,
        n_min_trials: int,
        n_warmup_steps: int,
        interval_steps: int,
    ) -> None:
        super().__init__(tuple(dict.fromkeys(each.metric for each in constraints)))
        self._constraints = constraints
        self._n_min_trials = n_min_trials
        self._n_warmup_steps = n_warmup_steps
        self._interval_steps = interval_steps
        self._running: dict[int, list[Curve]] = {}
        self._farthest: list[dict[int, Farthest]] = [{} for _ in constraints]

    def report(self, trial: int, step: int, metrics: Mapping[str, float]) -> Prune | None:
        """Hold each constraint's violation against the feasible trials' at the step."""
        curves = self._running.get(trial)
        if curves is None:
            curves = self._running[trial] = [Curve() for _ in self._constraints]
        verdict: Prune | None = None
        for index, constraint in enumerate(self._constraints):
            value = metrics.get(constraint.metric)
            if value is None:
                continue
            curve = curves[index]
            curve.add(step, value)
            if verdict is None and curve.is_due(self._n_warmup_steps, self._interval_steps):
                farthest = self._farthest[index].get(curve.last_step)
                if farthest is not None:
                    verdict = self._judge(constraint, curve, farthest)
        return verdict

    def _judge(self, constraint: Constraint, curve: Curve, farthest: Farthest) -> Prune | None:
        if farthest.count < self._n_min_trials:
            return None
        value = curve.last_value
        off = _off(constraint, value)
        if off <= 0 or off <= farthest.violation:
            return None
        sign, most = "<=" if constraint.at_most else ">=", max(farthest.violation, 0.0)
        return Prune(
            f"step {curve.last_step}: {constraint.metric} {value:.4g} misses {sign} "
            f"{constraint.bound:.4g} by {off:.4g}, more than any of {farthest.count} feasible "
            f"trials did at this step (at most {most:.4g})"
        )

    def complete(self, trial: int, ending: Ending) -> None:
        """A feasible trial shows from how far off one comes back."""
        curves = self._running.pop(trial, None)
        if curves is None or not ending.feasible:
            return
        for constraint, curve, steps in zip(self._constraints, curves, self._farthest, strict=True):
            for step, value in curve.values.items():
                farthest = steps.get(step)
                if farthest is None:
                    farthest = steps[step] = Farthest()
                farthest.count += 1
                farthest.violation = max(farthest.violation, _off(constraint, value))

    def drop(self, trial: int) -> None:
        """Forget the trial."""
        self._running.pop(trial, None)

    def restore(
        self, trial: int, curves: Curves, state: TrialState, ending: Ending | None = None
    ) -> None:
        """Take the values of a trial of the past."""
        own = self._running[trial] = [Curve() for _ in self._constraints]
        for constraint, curve in zip(self._constraints, own, strict=True):
            for step, value in curves.get(constraint.metric, ()):
                curve.add(step, value)
        if ending is not None:
            self.complete(trial, ending)
        elif state is not TrialState.RUNNING:
            self.drop(trial)


def _off(constraint: Constraint, value: float) -> float:
    """How far a value is on the wrong side; NaN as far as can be."""
    off = constraint.violation(value)
    return inf if off != off else off
