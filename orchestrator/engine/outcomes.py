"""What the end of a trial means: is it a result, what does the sampler learn, is it a pattern?"""

import math
from collections.abc import Iterable

from orchestrator.engine.suggestions import Past, Told
from orchestrator.engine.trials import AttemptEnd, Moment, Trial
from schema.errors import WrongInput
from schema.messages import Failure, Final
from schema.space import Space
from schema.study import ObjectiveDescription, StudySpec
from schema.trial import FailureKind, Outcome, TrialState
from schema.values import Value

SAME_FAILURES = 5
"""When the first trials of a run all fail for the same reason, this many are enough."""


def problem_of(objective: ObjectiveDescription, final: Final) -> Failure | None:
    """Why an attempt failed, be it that what it returned is no result; ``None`` if it did not."""
    if final.outcome is Outcome.FAILED:
        return final.failure or Failure(kind=FailureKind.EXCEPTION, reason="no reason was given")
    if final.outcome is not Outcome.COMPLETE:
        return None
    for metric in objective.metrics:
        value = final.metrics.get(metric.name)
        if value is None:
            known = ", ".join(final.metrics) or "nothing"
            reason = f"the result has no metric {metric.name!r}; it has {known}"
            return Failure(kind=FailureKind.BAD_RESULT, reason=reason)
        if math.isnan(value):
            reason = f"the objective's {metric.name} is NaN"
            return Failure(kind=FailureKind.NOT_A_NUMBER, reason=reason)
    try:
        for path, tuned in final.tuned.items():
            objective.space.check(path, tuned)
    except WrongInput as error:
        reason = f"a variable that was tuned after training is wrong: {error}"
        return Failure(kind=FailureKind.BAD_RESULT, reason=reason)
    return None


def poisoned(because: str) -> Failure:
    """The failure of a trial that two runners did not survive."""
    reason = f"two runners died while they had it; the last time {because}"
    return Failure(kind=FailureKind.POISON, reason=reason)


def spent(trial: Trial, moment: Moment) -> float:
    """Seconds that an attempt took as far as is known: to its last report, or else to when its
    runner was last heard of. The time during which we were not there does not count."""
    if trial.last_seconds > 0 or trial.started is None:
        return trial.last_seconds
    return max(0.0, moment.wall - (moment.mono - trial.heard) - trial.started)


def attempt_end(trial: Trial, final: Final, moment: Moment) -> AttemptEnd:
    """How the attempt ended, for its row; the trial is told how long it took."""
    failure = final.failure
    trial.seconds = final.seconds if 0 < final.seconds < math.inf else spent(trial, moment)
    return (
        moment.wall,
        final.outcome,
        failure.kind if failure else None,
        failure.reason if failure else trial.reason,
        failure.traceback if failure else "",
        final.output,
        trial.seconds,
        trial.id,
        trial.attempt,
    )


def told_of(objective: ObjectiveDescription, trial: Trial) -> Told:
    """What the sampler learns from a trial that ended.

    That is the last step too, with the value of the first metric there. Running out of memory is
    told as a violated constraint: such a configuration is infeasible, not bad. A trial that was
    queued with another value of what the study does not search teaches nothing: at the same place
    of the space the study's own trials come out differently. Nor does a fork, because no
    configuration alone led to what came out, unless somebody asked for that; nor a hidden trial.
    """
    if not trial.counts or (not trial.learn and _elsewhere(objective.space, trial)):
        return Told(number=trial.number, state=TrialState.CANCELLED)
    metrics = trial.metrics or {}
    step, value = trial.last_step, trial.last_metrics.get(objective.metrics[0].name)
    complete = trial.state is TrialState.COMPLETE
    seen = metrics or trial.last_metrics
    violations = {
        c.metric: c.violation(seen[c.metric]) for c in objective.constraints if c.metric in seen
    }
    if trial.failure is FailureKind.OUT_OF_MEMORY:
        violations["memory"] = 1.0
    return Told(
        number=trial.number,
        state=trial.state,
        values=tuple(metrics[m.name] for m in objective.metrics) if complete else None,
        last=None if step is None or value is None else (step, value),
        violations=violations,
        used=_used(objective, trial),
        space=objective.space if objective.dynamic else None,
    )


def past_of(objective: ObjectiveDescription, trial: Trial) -> Past:
    """A stored trial as the sampler's study is rebuilt from it."""
    told = told_of(objective, trial) if trial.state.ended else None
    used = trial.sampled if told is None or told.used is None else told.used
    return Past(number=trial.number, sampled=used, told=told)


def _used(objective: ObjectiveDescription, trial: Trial) -> dict[str, Value] | None:
    """What it ran with, where that is not what it was created with."""
    if objective.dynamic:
        return trial.sampled
    return objective.space.searched_active(trial.config) if trial.fork is not None else None


def _elsewhere(space: Space, trial: Trial) -> bool:
    """Whether it differs from the study's trials in what no sampler and no tuning chose."""
    return any(
        trial.config.get(variable.path, variable.default) != variable.default
        for variable in space.variables
        if not (variable.searched or variable.after_training)
    )


class BestSoFar:
    """The number and the value of the best feasible trial that counts; of equals the first one."""

    def __init__(self, spec: StudySpec, trials: Iterable[Trial] = ()) -> None:
        self.found: tuple[int, float] | None = None
        self._metric = spec.metric
        self._feasible = spec.objective.feasible
        for trial in trials:
            self.consider(trial)

    def consider(self, trial: Trial) -> None:
        """Is this trial, which has ended, better?"""
        if trial.state is not TrialState.COMPLETE or trial.value is None:
            return
        if not (trial.counts and self._feasible(trial.metrics or {})):
            return
        if self.found is None or self._metric.better(trial.value, self.found[1]):
            self.found = (trial.number, trial.value)


class FirstFailures:
    """Watches whether a run fails from its first trial on, always for the same reason."""

    def __init__(self) -> None:
        self._reasons: list[str] | None = []

    def watch(self, trial: Trial) -> str | None:
        """Take in a trial that ended; returns why it is no use to go on, if it is none.

        Any other end of a trial, or a second reason, settles it for the rest of the run.
        """
        if self._reasons is None:
            return None
        if trial.state is not TrialState.FAILED:
            self._reasons = None
            return None
        self._reasons.append(f"{trial.failure}: {trial.reason}")
        if len(set(self._reasons)) > 1:
            self._reasons = None
        elif len(self._reasons) >= SAME_FAILURES:
            first = self._reasons[0]
            return f"the first {SAME_FAILURES} trials all failed for the same reason: {first}"
        return None
