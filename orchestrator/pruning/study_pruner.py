"""What a study asks at each report: whom to judge by which of the reported metrics. Pure.

A report, metrics by name, goes in; ``None`` (go on) or ``Prune`` comes out. ``OnMetric`` shows one
metric to a `Pruner`; `OnParetoRank` and `OnConstraints` look at several metrics at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping

from orchestrator.pruning.pruner import Prune, Pruner
from schema.trial import TrialState

Curves = Mapping[str, Iterable[tuple[int, float]]]
"""By metric, what a trial reported of it: (step, value) in the order of its reports."""


class Ending:
    """How a complete trial ended: its ``metrics``, and whether they hold every constraint."""

    __slots__ = ("feasible", "metrics")

    def __init__(self, metrics: Mapping[str, float], *, feasible: bool) -> None:
        self.metrics = metrics
        self.feasible = feasible


class StudyPruner(ABC):
    """Judges the running trials of a study; ``metrics`` are those that it looks at."""

    def __init__(self, metrics: tuple[str, ...]) -> None:
        self.metrics = metrics

    @abstractmethod
    def report(self, trial: int, step: int, metrics: Mapping[str, float]) -> Prune | None:
        """Take a report of a running trial in and judge the trial; ``None`` means go on.

        Of several values for the same step and metric the first one counts.
        """

    @abstractmethod
    def complete(self, trial: int, ending: Ending) -> None:
        """The trial ran to its end: what it reported is evidence from now on."""

    @abstractmethod
    def drop(self, trial: int) -> None:
        """The trial was pruned, failed or lost its runner: forget what it reported."""

    @abstractmethod
    def restore(
        self, trial: int, curves: Curves, state: TrialState, ending: Ending | None = None
    ) -> None:
        """Feed a trial of the past, in the order in which trials ended; nobody is judged.

        ``ending`` is that of a complete trial. A running one will report again.
        """

    def line(self, last: int) -> list[tuple[int, float]] | None:
        """As `Pruner.line`, of the first of ``metrics``; ``None`` where there is none."""
        return None


class OnMetric(StudyPruner):
    """One metric of the reports, judged by a pruner."""

    def __init__(self, metric: str, pruner: Pruner) -> None:
        super().__init__((metric,))
        self._metric = metric
        self._pruner = pruner

    def report(self, trial: int, step: int, metrics: Mapping[str, float]) -> Prune | None:
        """Show the metric to the pruner; a report without it decides nothing."""
        value = metrics.get(self._metric)
        return None if value is None else self._pruner.report(trial, step, value)

    def line(self, last: int) -> list[tuple[int, float]] | None:
        """That of the pruner."""
        return self._pruner.line(last)

    def complete(self, trial: int, ending: Ending) -> None:
        """The trial is evidence for the pruner."""
        self._pruner.complete(trial, self._value(ending))

    def drop(self, trial: int) -> None:
        """The pruner forgets the trial."""
        self._pruner.drop(trial)

    def restore(
        self, trial: int, curves: Curves, state: TrialState, ending: Ending | None = None
    ) -> None:
        """Feed the pruner the curve of the metric."""
        value = None if ending is None else self._value(ending)
        self._pruner.restore(trial, curves.get(self._metric, ()), state, value)

    def _value(self, ending: Ending) -> float | None:
        """The trial's result: NaN, which is never the best, where it is not feasible."""
        return ending.metrics.get(self._metric) if ending.feasible else float("nan")
