"""One study in memory: creates its trials, applies what runners record, prunes, retries, counts.

Pure: it is handed records and a moment, changes its trials, and leaves in ``Changes`` what has to
be stored and in ``tells`` what the sampler has to learn. The service does the I/O around it.
"""

import math
from collections import Counter, deque
from collections.abc import Callable, Sequence

import msgspec

from orchestrator.control_trials import CONTROL, LEASED, WOULD_PRUNE, is_control
from orchestrator.leases import HELD, Leases
from orchestrator.outcomes import FirstFailures, problem_of, told_of
from orchestrator.pruning.pruner import Pruner
from orchestrator.retries import MAX_LOSSES, after_failure
from orchestrator.suggestions import Ask, Past, Told
from orchestrator.trials import Changes, Moment, Trial
from schema.codec import reports_codec
from schema.errors import Undecodable
from schema.messages import Failure, Final, Record, Report, Reported, Started
from schema.study import StudySpec
from schema.trial import Desired, FailureKind, Outcome, TrialState
from schema.values import Value


class StudyEngine:
    """The rules of one study."""

    def __init__(self, study_id: int, spec: StudySpec, pruner: Pruner, leases: Leases) -> None:
        self.id = study_id
        self.spec = spec
        self.counts: Counter[TrialState] = Counter()
        self.created = 0
        self.waiting: deque[Trial] = deque()
        self.queued: deque[dict[str, Value]] = deque()
        self.best: tuple[int, float] | None = None
        self.tells: list[Told] = []
        self.trial_seconds = 0.0
        self.closed_because = ""
        self.broken_because = ""
        self._pruner = pruner
        self._leases = leases
        self._reports = reports_codec()
        self._failures = FirstFailures()
        self._spared: set[int] = set()  # control trials that the pruner would have ended

    # ------------------------------------------------------------------ loading and creating

    def restore(
        self, trials: Sequence[Trial], curves: dict[int, list[Report]], moment: Moment
    ) -> list[Past]:
        """Take the stored trials, in order; returns what the sampler has to know of them."""
        past: list[Past] = []
        for trial in trials:
            self.created = max(self.created, trial.number + 1)
            self.counts[trial.state] += 1
            values = self._values_of(curves.get(trial.number, ()))
            if values:
                trial.last_metrics = curves[trial.number][-1][2]
            last = values[-1] if values else None
            told = told_of(self.spec.objective, trial, last) if trial.state.ended else None
            past.append(Past(number=trial.number, sampled=trial.sampled, told=told))
            if trial.state.ended:
                self.trial_seconds += trial.seconds
                self._consider_best(trial)
            elif trial.state is TrialState.WAITING:
                self.waiting.append(trial)
            self._leases.add(trial, moment.mono)
        self._restore_pruner(trials, curves)
        return past

    def _restore_pruner(self, trials: Sequence[Trial], curves: dict[int, list[Report]]) -> None:
        """Feed the pruner the stored curves in the order in which their trials ended."""
        for trial in sorted(trials, key=lambda t: t.ended or math.inf):
            held = trial.runner is not None and not trial.state.ended  # or may be taken back
            self._pruner.restore(
                trial.number,
                self._values_of(curves.get(trial.number, ())),
                TrialState.RUNNING if held else trial.state,
                self._evidence(trial),
            )

    def _evidence(self, trial: Trial) -> float | None:
        """A complete trial's value for the pruner: NaN, never the best, where not feasible."""
        feasible = self.spec.objective.feasible(trial.metrics or {})
        return trial.value if feasible else math.nan

    def asks(self, wanted: int) -> list[Ask]:
        """The trials to create so that ``wanted`` more can run, within the limits."""
        if self.closed_because:
            return []
        limit = self.spec.settings.limits.trials
        count = wanted if limit is None else min(wanted, limit - self.created)
        return [
            Ask(number=self.created + i, fixed=self.queued[i] if i < len(self.queued) else None)
            for i in range(count)
        ]

    def create(
        self, trial_id: int, ask: Ask, sampled: dict[str, Value], moment: Moment, changes: Changes
    ) -> None:
        """A new trial waits, with its complete and checked configuration."""
        if ask.fixed is not None:
            self.queued.popleft()
        trial = Trial(
            id=trial_id,
            study=self.id,
            number=ask.number,
            sampled=sampled,
            config=self.spec.objective.space.complete({**(ask.fixed or {}), **sampled}),
            created=moment.wall,
        )
        self.created = ask.number + 1
        self.counts[TrialState.WAITING] += 1
        self._leases.add(trial, moment.mono)
        self.waiting.append(trial)
        changes.create(trial)

    # ------------------------------------------------------------------ leases

    def grant(
        self, trial: Trial, runner: str, moment: Moment, changes: Changes, boot: str = ""
    ) -> None:
        """``runner`` is to run the next attempt of ``trial``."""
        if trial.runner is not None:
            self._supersede(trial, moment, changes)
        self._moved(trial, lambda: self._leases.grant(trial, runner, moment.mono, boot))
        changes.granted.append((trial.id, trial.attempt, runner, moment.wall))
        changes.event(moment.wall, trial, LEASED, f"attempt {trial.attempt} to {runner}")
        self._spared.discard(trial.number)
        if is_control(self.spec, trial.number):
            changes.event(moment.wall, trial, CONTROL, "runs to its end whatever the pruner says")
        changes.touch(trial)

    def lose(self, trial: Trial, because: str, moment: Moment, changes: Changes) -> None:
        """The lease of ``trial`` is over without a word from its runner."""
        failure = Failure(kind=FailureKind.LOST, reason=because)
        self._failed(trial, Final(outcome=Outcome.FAILED, failure=failure), moment, changes)

    def suspend(self, trial: Trial, because: str, moment: Moment, changes: Changes) -> None:
        """The lease ran out; the holder may come back for it while nobody else has it."""
        if trial.desired is not Desired.RUN or trial.losses >= MAX_LOSSES:
            self.lose(trial, because, moment, changes)
            return
        self._moved(trial, lambda: self._leases.suspend(trial))
        self.waiting.append(trial)
        changes.event(moment.wall, trial, "lease expired", because)
        changes.touch(trial)

    def taken_back(self, trial: Trial, moment: Moment, changes: Changes) -> None:
        """The holder of an expired lease came back before anyone else was given the trial."""
        self.waiting.remove(trial)
        self._recount(TrialState.WAITING, trial.state)
        changes.event(moment.wall, trial, "lease renewed", f"{trial.runner} is back")
        changes.touch(trial)

    # ------------------------------------------------------------------ records

    def apply(self, trial: Trial, record: Record, moment: Moment, changes: Changes) -> None:
        """Apply the next record of the trial's attempt."""
        before = trial.state
        self._leases.advance(trial, record.seq, moment.mono)
        if before is TrialState.WAITING:
            self.waiting.remove(trial)
        changes.touch(trial)
        body = record.body
        if isinstance(body, Started):
            trial.started = moment.wall
            trial.become(TrialState.RUNNING)
            changes.started.append((body.slot, body.device, moment.wall, trial.id, trial.attempt))
        elif isinstance(body, Reported):
            trial.become(TrialState.RUNNING)
        self._recount(before, trial.state)
        if isinstance(body, Reported):
            self._take_reports(trial, record.seq, bytes(body.reports), moment, changes)
        elif isinstance(body, Final):
            self._finish(trial, body, moment, changes)

    def _take_reports(
        self, trial: Trial, seq: int, body: bytes, moment: Moment, changes: Changes
    ) -> None:
        try:
            reports = self._reports.decode(body)
        except Undecodable as error:
            failure = Failure(kind=FailureKind.BAD_RESULT, reason=f"unreadable reports: {error}")
            final = Final(outcome=Outcome.FAILED, failure=failure)
            self._failed(trial, final, moment, changes)
            return
        changes.reports.append((trial.id, trial.attempt, seq, body))
        self._judge(trial, reports, moment, changes)

    def _judge(
        self, trial: Trial, reports: Sequence[Report], moment: Moment, changes: Changes
    ) -> None:
        name = self.spec.metric.name
        trial.reports += len(reports)
        for step, _, metrics in reports:
            trial.last_step = step
            trial.last_metrics = metrics
            value = metrics.get(name)
            if value is None or trial.desired is not Desired.RUN:
                continue
            verdict = self._pruner.report(trial.number, step, value)
            if verdict is None:
                continue
            if not is_control(self.spec, trial.number):
                trial.desired = Desired.PRUNE
                trial.reason = verdict.because
                changes.event(moment.wall, trial, "prune", verdict.because)
            elif trial.number not in self._spared:
                self._spared.add(trial.number)
                changes.event(moment.wall, trial, WOULD_PRUNE, verdict.because)

    def _finish(self, trial: Trial, final: Final, moment: Moment, changes: Changes) -> None:
        problem = problem_of(self.spec.objective, final)
        if problem is not None:
            broken = msgspec.structs.replace(final, outcome=Outcome.FAILED, failure=problem)
            self._failed(trial, broken, moment, changes)
            return
        self._close_attempt(trial, final, moment, changes)
        match final.outcome:
            case Outcome.COMPLETE:
                trial.metrics = final.metrics
                trial.value = final.metrics[self.spec.metric.name]
                self._tune(trial, final.tuned, changes)
                self._pruner.complete(trial.number, self._evidence(trial))
                self._end(trial, TrialState.COMPLETE, "", moment, changes)
            case Outcome.PRUNED:
                because = trial.reason or "the objective raised Pruned"
                self._end(trial, TrialState.PRUNED, because, moment, changes)
            case Outcome.STOPPED:
                because = trial.reason or "stopped"
                self._end(trial, TrialState.CANCELLED, because, moment, changes)
            case Outcome.RELEASED:
                self._wait_again(trial, "given back by its runner", moment, changes)

    def _tune(self, trial: Trial, tuned: dict[str, Value], changes: Changes) -> None:
        if not tuned:
            return
        space = self.spec.objective.space
        trial.config.update({path: space.check(path, value) for path, value in tuned.items()})
        changes.configured[trial.id] = trial

    def _failed(self, trial: Trial, final: Final, moment: Moment, changes: Changes) -> None:
        assert final.failure is not None
        self._close_attempt(trial, final, moment, changes)
        failure = final.failure
        retry = after_failure(trial, failure.kind)
        if retry is not None:
            trial.avoid = trial.runner if retry.elsewhere else None
            self._wait_again(trial, f"{failure.kind}: {failure.reason}", moment, changes)
            return
        trial.failure = failure.kind
        trial.metrics = final.metrics or None
        self._end(trial, TrialState.FAILED, failure.reason, moment, changes)

    # ------------------------------------------------------------------ ends

    def _close_attempt(self, trial: Trial, final: Final, moment: Moment, changes: Changes) -> None:
        failure = final.failure
        seconds = final.seconds or (moment.wall - trial.started if trial.started else 0.0)
        trial.seconds = seconds
        changes.ended.append(
            (
                moment.wall,
                final.outcome,
                failure.kind if failure else None,
                failure.reason if failure else trial.reason,
                failure.traceback if failure else "",
                final.output,
                seconds,
                trial.id,
                trial.attempt,
            )
        )

    def _supersede(self, trial: Trial, moment: Moment, changes: Changes) -> None:
        """The runner whose lease ran out did not come back in time: its attempt counts as lost."""
        failure = Failure(kind=FailureKind.LOST, reason=f"{trial.runner} did not come back")
        self._close_attempt(trial, Final(outcome=Outcome.FAILED, failure=failure), moment, changes)
        self._pruner.drop(trial.number)

    def _wait_again(self, trial: Trial, because: str, moment: Moment, changes: Changes) -> None:
        """Another attempt, unless the trial was to end anyway."""
        if trial.desired is not Desired.RUN:
            pruned = trial.desired is Desired.PRUNE
            state = TrialState.PRUNED if pruned else TrialState.CANCELLED
            self._end(trial, state, trial.reason or because, moment, changes)
            return
        self._moved(trial, lambda: self._leases.release(trial))
        self._pruner.drop(trial.number)
        trial.reason = ""
        self.waiting.append(trial)
        changes.event(moment.wall, trial, "waits again", because)
        changes.touch(trial)

    def _end(
        self, trial: Trial, state: TrialState, because: str, moment: Moment, changes: Changes
    ) -> None:
        trial.ended = moment.wall
        trial.reason = because
        self.trial_seconds += trial.seconds
        if state is not TrialState.COMPLETE:
            self._pruner.drop(trial.number)
        last = trial.last_metrics.get(self.spec.metric.name)
        step = trial.last_step
        if state is TrialState.PRUNED:
            trial.value = last
        self._moved(trial, lambda: self._leases.end(trial, state))
        seen = (step, last) if step is not None and last is not None else None
        self.tells.append(told_of(self.spec.objective, trial, seen))
        self._consider_best(trial)
        if (pattern := self._failures.watch(trial)) is not None:
            self.broken_because = pattern
            self.close(pattern)
        changes.event(moment.wall, trial, state, because)
        changes.touch(trial)

    def _consider_best(self, trial: Trial) -> None:
        if trial.state is not TrialState.COMPLETE or trial.value is None:
            return
        if not self.spec.objective.feasible(trial.metrics or {}):
            return
        if self.best is None or self.spec.metric.better(trial.value, self.best[1]):
            self.best = (trial.number, trial.value)

    # ------------------------------------------------------------------ the end of the study

    def close(self, because: str) -> None:
        """Create and hand out no more trials; those that run go on."""
        self.closed_because = self.closed_because or because

    @property
    def ended(self) -> int:
        """How many trials have ended, in whichever way."""
        return self.created - sum(self.counts[s] for s in (TrialState.WAITING, *HELD))

    @property
    def typical_seconds(self) -> float | None:
        """The mean duration of a trial that ended; ``None`` before the first."""
        return self.trial_seconds / self.ended if self.ended else None

    @property
    def done(self) -> bool:
        """True when nothing runs and nothing will."""
        if any(self.counts[state] for state in HELD):
            return False
        if self.closed_because:
            return True
        limit = self.spec.settings.limits.trials
        return limit is not None and self.created >= limit and not self.waiting

    def running(self) -> list[Trial]:
        """The trials that runners hold."""
        return [t for t in self._leases.live.values() if t.study == self.id and t.state in HELD]

    def next_waiting(self, avoiding: str | None = None) -> Trial | None:
        """Take the next trial to hand out, passing over those that should not go to a runner."""
        if self.closed_because:
            return None
        for index, trial in enumerate(self.waiting):
            if avoiding is None or trial.avoid != avoiding:
                del self.waiting[index]
                return trial
        return None

    def _moved(self, trial: Trial, move: Callable[[], None]) -> None:
        before = trial.state
        move()
        self._recount(before, trial.state)

    def _recount(self, before: TrialState, after: TrialState) -> None:
        self.counts[before] -= 1
        self.counts[after] += 1

    def _values_of(self, curve: Sequence[Report]) -> list[tuple[int, float]]:
        name = self.spec.metric.name
        return [(step, metrics[name]) for step, _, metrics in curve if name in metrics]
