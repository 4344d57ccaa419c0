"""Pruning by several metrics at once: end a trial that enough finished trials beat in all of them.

Within a step, a finished trial dominates a running one when it is nowhere worse and somewhere
better. A trial that k of them dominate ends: its rank in the step is worse than k - 1 trials of the
front explain. Evidence are the complete trials that hold every constraint; NaN is the worst value.
A decision is a bisection for two metrics (see `Staircases`), a walk for more (see `Skyband`).
"""

from collections.abc import Mapping, Sequence
from math import inf

from orchestrator.pruning.dominance import Point, Skyband, Staircases, dominance
from orchestrator.pruning.pruner import Prune
from orchestrator.pruning.study_pruner import Curves, Ending, StudyPruner
from schema.study import Direction, Metric
from schema.trial import TrialState

Signs = Sequence[tuple[str, int]]
"""Metrics by name, and -1 where less is better."""


def point_of(metrics: Sequence[Metric], values: Mapping[str, float]) -> Point:
    """Values as a point of which more is better; NaN is the worst. ``KeyError`` if one lacks."""
    return signed(signs_of(metrics), values)


def signs_of(metrics: Sequence[Metric]) -> Signs:
    """How values become numbers of which more is better."""
    return [(m.name, 1 if m.direction is Direction.MAXIMIZE else -1) for m in metrics]


def signed(signs: Signs, values: Mapping[str, float]) -> Point:
    """As `point_of`."""
    return tuple([-inf if (v := values[name]) != v else v * sign for name, sign in signs])


class JointCurve:
    """What one trial reported of several metrics: a point for each step that has them all."""

    __slots__ = ("checked", "parts", "points")

    def __init__(self) -> None:
        self.points: dict[int, Point] = {}  # more is better
        self.parts: dict[int, dict[str, float]] = {}  # steps that lack a metric still
        self.checked = -1  # the last interval in which the trial was judged


class StepFront:
    """The points of finished trials at one step."""

    __slots__ = ("count", "points")

    def __init__(self, points: Staircases | Skyband) -> None:
        self.points = points
        self.count = 0


class OnParetoRank(StudyPruner):
    """Prunes what at least ``dominated_by`` finished trials dominate at the step of the report.

    Nothing is pruned before ``n_startup_trials`` are complete and before ``n_warmup_steps``; checks
    come every ``interval_steps`` from there. The metrics of a step may come in several reports.
    """

    def __init__(
        self,
        metrics: Sequence[Metric],
        *,
        dominated_by: int,
        n_startup_trials: int,
        n_warmup_steps: int,
        interval_steps: int,
    ) -> None:
        super().__init__(tuple(metric.name for metric in metrics))
        self._signs = signs_of(metrics)
        self._dominated_by = dominated_by
        self._n_startup_trials = n_startup_trials
        self._n_warmup_steps = n_warmup_steps
        self._interval_steps = interval_steps
        self._running: dict[int, JointCurve] = {}
        self._fronts: dict[int, StepFront] = {}
        self._complete_trials = 0

    def report(self, trial: int, step: int, metrics: Mapping[str, float]) -> Prune | None:
        """Hold what the trial reports at this step against the finished trials' there."""
        curve = self._running.get(trial)
        if curve is None:
            curve = self._running[trial] = JointCurve()
        point = self._take(curve, step, metrics)
        if (
            point is None
            or step < self._n_warmup_steps
            or self._complete_trials < self._n_startup_trials
        ):
            return None
        interval = (step - self._n_warmup_steps) // self._interval_steps
        front = self._fronts.get(step)
        if interval < curve.checked or front is None:
            return None
        if interval == curve.checked and self._interval_steps > 1:
            return None
        curve.checked = interval
        return self._because(step, point, front) if front.points.dominate(point) else None

    def complete(self, trial: int, ending: Ending) -> None:
        """The trial's points are evidence, where it is feasible."""
        self._complete_trials += 1
        curve = self._running.pop(trial, None)
        if curve is None or not ending.feasible:
            return
        for step, point in curve.points.items():
            front = self._fronts.get(step)
            if front is None:
                points = dominance(self._dominated_by, len(self._signs))
                front = self._fronts[step] = StepFront(points)
            front.points.add(point)
            front.count += 1

    def drop(self, trial: int) -> None:
        """Forget the trial."""
        self._running.pop(trial, None)

    def restore(
        self, trial: int, curves: Curves, state: TrialState, ending: Ending | None = None
    ) -> None:
        """Take the points of a trial of the past."""
        curve = self._running[trial] = JointCurve()
        for name in self.metrics:
            for step, value in curves.get(name, ()):
                self._take(curve, step, {name: value})
        if ending is not None:
            self.complete(trial, ending)
        elif state is not TrialState.RUNNING:
            self.drop(trial)

    def _take(self, curve: JointCurve, step: int, metrics: Mapping[str, float]) -> Point | None:
        """The point at the step, once every metric was reported there."""
        point = curve.points.get(step)
        if point is not None:
            return point
        if curve.parts and step in curve.parts:
            metrics = {**metrics, **curve.parts.pop(step)}
        try:
            point = signed(self._signs, metrics)
        except KeyError:
            curve.parts[step] = {n: metrics[n] for n in self.metrics if n in metrics}
            return None
        curve.points[step] = point
        return point

    def _because(self, step: int, point: Point, front: StepFront) -> Prune:
        stood = ", ".join(
            f"{name} {number * sign:.4g}"
            for (name, sign), number in zip(self._signs, point, strict=True)
        )
        return Prune(
            f"step {step}: dominated by at least {self._dominated_by} of {front.count} finished "
            f"trials ({stood})"
        )
