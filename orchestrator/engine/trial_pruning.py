"""The pruner beside the trials of one study: who is to end, who is spared, what is warned of. Pure.

The study engine says what happens to a trial; what follows is written on the trial and left in
``Changes``: the order to end it with its reason, what the pruner would have done with a control
trial, a warning where the objective does not report what it is pruned on.
"""

import math
from collections.abc import Mapping, Sequence

from orchestrator.engine.control_trials import is_control
from orchestrator.engine.trials import Changes, Moment, Trial
from orchestrator.pruning.live_pruner import LivePruner
from orchestrator.pruning.study_pruner import Ending
from schema.commands.insight import PrunerLine
from schema.events import EventKind
from schema.messages import Report
from schema.study import StudySpec
from schema.trial import Desired, TrialState


class TrialPruning:
    """Prunes the trials of one study.

    Raises:
        WrongInput: its settings describe no pruner.
    """

    def __init__(self, spec: StudySpec) -> None:
        self._spec = spec
        self._pruner = LivePruner(spec.settings.pruner, spec.objective, spec.name)
        self.warnings: list[str] = []
        self._spared: set[int] = set()  # control trials that the pruner would have ended

    def restore(self, trials: Sequence[Trial], curves: Mapping[int, Sequence[Report]]) -> None:
        """Learn the stored curves in the order in which their trials ended."""
        for trial in sorted(trials, key=lambda t: t.ended or math.inf):
            held = trial.runner is not None and not trial.state.ended  # or may be taken back
            state = TrialState.RUNNING if held else trial.state
            reports = curves.get(trial.number, ())
            ending = self._ending(trial)
            self._pruner.remember(trial.number, reports, state, ending, hidden=trial.hidden)
        self._pruner.rebuild()

    def begin(self, trial: Trial, moment: Moment, changes: Changes) -> None:
        """An attempt of the trial begins."""
        self._spared.discard(trial.number)
        if is_control(self._spec, trial.number):
            text = "runs to its end whatever the pruner says"
            changes.event(moment.wall, trial, EventKind.CONTROL, text)

    def take(
        self, trial: Trial, reports: Sequence[Report], moment: Moment, changes: Changes
    ) -> None:
        """The trial reports this, in order; it is judged at each step."""
        trial.reports += len(reports)
        for step, seconds, metrics in reports:
            trial.last_step = step
            trial.last_seconds = seconds
            trial.last_metrics = metrics
            self.judge(trial, step, metrics, moment, changes)

    def judge(
        self,
        trial: Trial,
        step: int,
        metrics: Mapping[str, float],
        moment: Moment,
        changes: Changes,
    ) -> None:
        """Take a report in; what was decided of a trial stays decided."""
        judged = trial.desired is Desired.RUN
        verdict = self._pruner.report(trial.number, step, metrics, judged=judged)
        if verdict is None:
            return
        if not is_control(self._spec, trial.number):
            trial.desired = Desired.PRUNE
            trial.reason = verdict.because
            changes.event(moment.wall, trial, EventKind.PRUNE, verdict.because)
        elif trial.number not in self._spared:
            self._spared.add(trial.number)
            changes.event(moment.wall, trial, EventKind.WOULD_PRUNE, verdict.because)

    def lose(self, trial: Trial) -> None:
        """The trial's attempt is lost; there will be another one."""
        self._pruner.lose(trial.number)

    def end(self, trial: Trial, moment: Moment, changes: Changes) -> None:
        """The trial has ended, in whichever way."""
        ending = self._ending(trial)
        self._pruner.end(trial.number, trial.state, ending)
        if ending is not None and (warning := self._pruner.warning(trial.number)):
            self.warnings.append(warning)
            changes.event(moment.wall, trial, EventKind.WARNING, warning)

    def relearn(self, trial: Trial) -> None:
        """A person edited the result of a trial that has ended; `learn` has to be called."""
        ending = self._ending(trial)
        self._pruner.relearn(trial.number, trial.state, ending, hidden=trial.hidden)

    def change(self, spec: StudySpec) -> None:
        """Prune by the settings of ``spec``.

        Raises:
            WrongInput: they describe no pruner; nothing has changed.
        """
        self._pruner.change(spec.settings.pruner)
        self._spec = spec

    def learn(self) -> bool:
        """Teach a new pruner one slice of the past; True while there is more to learn."""
        return self._pruner.learn()

    def line(self) -> PrunerLine:
        """Where the pruner ends trials now."""
        return self._pruner.line()

    def _ending(self, trial: Trial) -> Ending | None:
        """What a complete trial teaches the pruner; nothing where it counts for nothing."""
        if trial.state is not TrialState.COMPLETE or not trial.counts:
            return None
        metrics = trial.metrics or {}
        return Ending(metrics, feasible=self._spec.objective.feasible(metrics))
