"""What the trials of a study reported and how they ended, kept so that another pruner can learn it.

Only the metrics that a study can be pruned on are kept, as bare numbers: 16 bytes a value. A lost
attempt's curve stays until the next attempt reports, as successive halving wants it.
"""

from array import array
from collections.abc import Iterator, Mapping

from orchestrator.pruning.study_pruner import Ending, StudyPruner
from schema.trial import TrialState


class Column:
    """The values of one metric of one trial, in the order of their reports."""

    __slots__ = ("steps", "values")

    def __init__(self) -> None:
        self.steps = array("q")
        self.values = array("d")

    def __iter__(self) -> Iterator[tuple[int, float]]:
        return zip(self.steps, self.values, strict=True)


class TrialCurves:
    """What the last attempt of a trial reported; ``running`` until it ends, well or otherwise.

    A ``hidden`` one is kept, and taught to no pruner.
    """

    __slots__ = ("columns", "ending", "hidden", "running", "state")

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {}
        self.running = True
        self.state = TrialState.RUNNING
        self.ending: Ending | None = None
        self.hidden = False

    @property
    def values(self) -> int:
        """How many values it holds."""
        return sum(len(column.steps) for column in self.columns.values())


class History:
    """The curves of every trial, and the order in which trials ended."""

    def __init__(self, metrics: frozenset[str]) -> None:
        self._metrics = metrics
        self._trials: dict[int, TrialCurves] = {}
        self._alive: set[int] = set()
        self.ended: list[int] = []
        self.last_step = -1
        """The last step that any trial has reported."""

    def report(self, trial: int, step: int, metrics: Mapping[str, float]) -> None:
        """Keep a report of the trial's present attempt."""
        curves = self._trials.get(trial)
        if curves is None or not curves.running:
            curves = self._trials[trial] = TrialCurves()
            self._alive.add(trial)
        columns = curves.columns
        if step > self.last_step:
            self.last_step = step
        for name, value in metrics.items():
            column = columns.get(name)
            if column is None:
                if name not in self._metrics:
                    continue
                column = columns[name] = Column()
            column.steps.append(step)
            column.values.append(value)

    def interrupt(self, trial: int) -> None:
        """The trial's attempt is lost; another one starts anew."""
        if trial in self._trials:
            self._trials[trial].running = False

    def end(self, trial: int, state: TrialState, ending: Ending | None) -> None:
        """The trial ended, for good."""
        curves = self._trials.get(trial)
        if curves is None:
            curves = self._trials[trial] = TrialCurves()
        curves.running = False
        self._alive.discard(trial)
        self.ended.append(trial)
        self.amend(trial, state, ending, hidden=False)

    def amend(self, trial: int, state: TrialState, ending: Ending | None, *, hidden: bool) -> None:
        """A trial that has ended did so in this way; whether or not it was another one before.

        One that is complete without an ``ending`` counts for nothing, as if it had been pruned.
        """
        curves = self._trials[trial]
        nothing = state is TrialState.COMPLETE and ending is None
        curves.state = TrialState.PRUNED if nothing else state
        curves.ending, curves.hidden = ending, hidden

    def teach(self, pruner: StudyPruner, trial: int) -> int:
        """Feed a trial to a pruner; returns how many values that were."""
        curves = self._trials[trial]
        if curves.hidden:
            return 0
        state = curves.state
        if state is TrialState.RUNNING and not curves.running:
            state = TrialState.WAITING
        pruner.restore(trial, curves.columns, state, curves.ending)
        return curves.values

    def teach_alive(self, pruner: StudyPruner) -> None:
        """Feed a pruner the trials that have not ended."""
        for trial in sorted(self._alive):
            self.teach(pruner, trial)
