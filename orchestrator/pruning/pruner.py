"""The one interface of pruning: a reported value goes in, ``None`` (go on) or ``Prune`` comes out.

A pruner is told of every value of every running trial and of how each trial ended. It does no
I/O, reads no clock and keeps its evidence in running structures, so that a decision costs the same
after ten trials as after fifty thousand. The decisions are Optuna's (5.0), parameter by parameter.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import NamedTuple

from orchestrator.pruning.curve import Curve
from schema.trial import TrialState


class Prune(NamedTuple):
    """The verdict that a trial should end now, with the reason a person reads."""

    because: str  # "step 6: 0.71 is below the median 0.79 of 14 trials"


class Pruner(ABC):
    """Judges running trials by the values they report.

    A trial may go on after a ``Prune`` (a control trial does); it is judged again at each report.
    ``begin``, ``judge``, ``replay`` and ``learn`` are what a member implements, and what a pruner
    that wraps another one asks of it.
    """

    def __init__(self, *, maximize: bool) -> None:
        self.maximize = maximize
        self._curves: dict[int, Curve] = {}

    def report(self, trial: int, step: int, value: float) -> Prune | None:
        """Take one value of a running trial in and judge the trial; ``None`` means go on.

        Steps are whole numbers from 0 up, in any order. A second value for a step is ignored, as
        in Optuna, but the trial is judged again.
        """
        curve = self._curves.get(trial)
        if curve is None:
            curve = self._curves[trial] = self.begin(trial)
        curve.add(step, value)
        return self.judge(trial, curve)

    def complete(self, trial: int, value: float | None = None) -> None:
        """The trial ran to its end: what it reported is evidence from now on.

        ``value`` is its final objective value and only tells Wilcoxon's pruner which trial is the
        best: ``None`` stands for the mean of what was reported, NaN keeps a trial (one that is not
        feasible) from being the best. A trial that never reported counts as complete too.
        """
        curve = self._curves.pop(trial, None)
        self.learn(trial, Curve() if curve is None else curve, value)

    def drop(self, trial: int) -> None:
        """The trial was pruned, failed or lost its runner: forget the values it reported.

        Its number may report again afterwards (a retry starts anew). Successive halving and
        Hyperband keep the rung values of a dropped trial, as Optuna does, until it is retried.
        """
        self._curves.pop(trial, None)

    def restore(
        self,
        trial: int,
        values: Iterable[tuple[int, float]],
        state: TrialState,
        value: float | None = None,
    ) -> None:
        """Feed a stored trial, (step, value) by (step, value) in the order of its reports.

        Nobody is judged. Feeding trials in the order in which they ended rebuilds a pruner after a
        restart, or builds another one while trials run.
        """
        curve = self._curves[trial] = self.begin(trial)
        for step, reported in values:
            curve.add(step, reported)
            self.replay(trial, curve)
        if state is TrialState.COMPLETE:
            self.complete(trial, value)
        elif state is not TrialState.RUNNING:
            self.drop(trial)

    def begin(self, trial: int) -> Curve:
        """The empty curve of a trial, or of a retry, that is about to report its first value."""
        return Curve()

    @abstractmethod
    def judge(self, trial: int, curve: Curve) -> Prune | None:
        """Judge a running trial by what it has reported, at least one value."""

    def line(self, last: int) -> list[tuple[int, float]] | None:
        """The value at each step, up to step ``last``, on whose wrong side a trial is ended now, as
        (step, value); ``None`` where a pruner does not judge by a value at a step."""
        return None

    def replay(self, trial: int, curve: Curve) -> None:
        """Leave the traces that judging would have left, for a value of the past."""
        return

    def learn(self, trial: int, curve: Curve, value: float | None) -> None:
        """Keep what a complete trial teaches; some pruners judge each trial on its own."""
        return
