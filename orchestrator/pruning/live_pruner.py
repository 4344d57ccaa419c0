"""The pruner of a study, which can be replaced while trials run. Pure.

A successor learns the history trial by trial, in slices that hold nobody up, while the present one
goes on judging; what ends meanwhile is appended to the history and learnt in its turn. When it has
caught up it learns the trials that run, and judges from their next report on. Nothing is taken from
the trials themselves, so no report can be lost by a change.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from orchestrator.pruning.build import build_study_pruner
from orchestrator.pruning.history import History
from orchestrator.pruning.prune_on import judge_of, settled
from orchestrator.pruning.pruner import Prune
from orchestrator.pruning.study_pruner import Ending, StudyPruner
from orchestrator.pruning.unreported import Unreported
from schema.commands.insight import PrunerLine
from schema.messages import Report
from schema.pruning import Aggressiveness, PrunerSettings
from schema.study import ObjectiveDescription
from schema.trial import TrialState

SLICE_VALUES = 5_000
"""How many values a successor learns at once: some ten milliseconds."""


class LivePruner:
    """Judges by the pruner in force; remembers what the next one has to know.

    Raises:
        WrongInput: such a pruner cannot be built.
    """

    def __init__(
        self, settings: PrunerSettings, objective: ObjectiveDescription, study_name: str
    ) -> None:
        self._objective = objective
        self._study_name = study_name
        self._settings = settings
        self._pruner = self._build(settings)
        self._successor: StudyPruner | None = None
        self._taught = 0  # of the trials that ended, in their order
        self._unreported = Unreported(expected=settings.prune_on is not None)
        names = [metric.name for metric in objective.metrics]
        self._history = History(frozenset([*names, *(c.metric for c in objective.constraints)]))

    @property
    def _watched(self) -> tuple[str, ...]:
        off = self._settings.aggressiveness is Aggressiveness.OFF or self._settings.pruner == "nop"
        return () if off else (self._successor or self._pruner).metrics

    # ------------------------------------------------------------------ what happens to trials

    def report(
        self, trial: int, step: int, metrics: Mapping[str, float], *, judged: bool = True
    ) -> Prune | None:
        """Take a report in; the verdict, where the trial is still to be ``judged``."""
        self._history.report(trial, step, metrics)
        self._unreported.see(metrics)
        return self._pruner.report(trial, step, metrics) if judged else None

    def lose(self, trial: int) -> None:
        """The trial's attempt is lost; it will be tried again."""
        self._history.interrupt(trial)
        self._pruner.drop(trial)

    def end(self, trial: int, state: TrialState, ending: Ending | None) -> None:
        """The trial ended for good, a complete one with its ``ending``."""
        self._history.end(trial, state, ending)
        if ending is None:
            self._pruner.drop(trial)
        else:
            self._pruner.complete(trial, ending)

    def remember(
        self,
        trial: int,
        reports: Sequence[Report],
        state: TrialState,
        ending: Ending | None,
        *,
        hidden: bool = False,
    ) -> None:
        """Take a stored trial, in the order in which trials ended; `rebuild` has to follow.

        One whose runner may still report is running; where it waits, its attempt is lost.
        """
        for step, _, metrics in reports:
            self._history.report(trial, step, metrics)
            self._unreported.see(metrics)
        if state.ended:
            self._history.end(trial, state, ending)
            self._history.amend(trial, state, ending, hidden=hidden)
        elif state is TrialState.WAITING:
            self._history.interrupt(trial)

    def warning(self, trial: int) -> str:
        """What a person should know once ``trial``, the first one, is complete; mostly empty."""
        return self._unreported.warning(self._watched, trial)

    def line(self) -> PrunerLine:
        """Where the pruner in force ends trials now."""
        name = judge_of(settled(self._settings, self._objective))
        metric = self._pruner.metrics[0]
        if not self._watched:
            return PrunerLine(metric=metric, points=(), because="every trial runs to its end")
        points = self._pruner.line(self._history.last_step)
        if points is None:
            because = f"{name} compares trials in another way than at a value for each step"
        else:
            because = "" if points else "too few trials have come so far"
        return PrunerLine(metric=metric, points=tuple(points or ()), because=because)

    # ------------------------------------------------------------------ another pruner

    def change(self, settings: PrunerSettings) -> None:
        """Judge by other settings, at once where there is little to learn, else after `learn`.

        Raises:
            WrongInput: such a pruner cannot be built; everything stays as it is.
        """
        same = replace(self._settings, control_fraction=settings.control_fraction) == settings
        if not same:
            self._successor, self._taught = self._build(settings), 0
            self._unreported.ask_again(expected=settings.prune_on is not None)
            self.learn()
        self._settings = settings

    def relearn(
        self, trial: int, state: TrialState, ending: Ending | None, *, hidden: bool
    ) -> None:
        """A trial that ended is to be remembered in another way; `learn` has to follow."""
        self._history.amend(trial, state, ending, hidden=hidden)
        self._successor, self._taught = self._build(self._settings), 0
        self.learn()

    def rebuild(self) -> None:
        """Forget what the pruner knows and teach it all that is remembered, in one go."""
        self._successor, self._taught = self._build(self._settings), 0
        while self.learn():
            pass

    def learn(self) -> bool:
        """Teach the successor one slice; True while there is more to learn."""
        successor, ended = self._successor, self._history.ended
        if successor is None:
            return False
        values = 0
        while self._taught < len(ended) and values < SLICE_VALUES:
            values += self._history.teach(successor, ended[self._taught]) + 1
            self._taught += 1
        if self._taught < len(ended):
            return True
        self._history.teach_alive(successor)
        self._pruner, self._successor = successor, None
        return False

    def _build(self, settings: PrunerSettings) -> StudyPruner:
        return build_study_pruner(settings, self._objective, self._study_name)
