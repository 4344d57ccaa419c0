"""One study in memory: creates its trials, applies what runners record, prunes, retries, counts.

Pure: it is handed records and a moment, changes its trials, and leaves in ``Changes`` what has to
be stored and in ``tells`` what the sampler has to learn. The service does the I/O around it.
"""

import math
from collections import Counter, deque
from collections.abc import Callable, Sequence

import msgspec

from orchestrator.engine.chosen_values import take_suggested, take_tuned
from orchestrator.engine.durations import Durations
from orchestrator.engine.leases import HELD, Leases
from orchestrator.engine.outcomes import (
    BestSoFar,
    FirstFailures,
    attempt_end,
    past_of,
    poisoned,
    problem_of,
    told_of,
)
from orchestrator.engine.retries import MAX_LOSSES, after_failure, blame
from orchestrator.engine.suggestions import Ask, Past, Told
from orchestrator.engine.trial_editing import TrialEditing
from orchestrator.engine.trial_pruning import TrialPruning
from orchestrator.engine.trial_queue import TrialQueue
from orchestrator.engine.trials import Changes, Moment, Trial
from schema.codec import reports_codec
from schema.errors import Undecodable
from schema.events import EventKind
from schema.messages import Failure, Final, Record, Report, Reported, Revised, Scored, Started
from schema.study import StudySettings, StudySpec
from schema.trial import Desired, FailureKind, Outcome, TrialState
from schema.values import Value


class StudyEngine:
    """The rules of one study.

    Raises:
        WrongInput: its settings describe no pruner.
    """

    def __init__(self, study_id: int, spec: StudySpec, leases: Leases) -> None:
        self.id = study_id
        self.spec = spec
        self.counts: Counter[TrialState] = Counter()
        self.created = 0
        self.waiting: deque[Trial] = deque()
        self.queued = TrialQueue()
        self._best = BestSoFar(spec)
        self.tells: list[Told] = []
        self.durations = Durations()
        self.granted = -math.inf  # when a trial of it was last handed out, on the monotonic clock
        self.closed_because = self.broken_because = ""
        self.pruning = TrialPruning(spec)
        self.editing = TrialEditing(spec)
        self._leases = leases
        self._reports = reports_codec()
        self._failures = FirstFailures()

    # ------------------------------------------------------------------ loading and creating

    def restore(
        self, trials: Sequence[Trial], curves: dict[int, list[Report]], moment: Moment
    ) -> list[Past]:
        """Take the stored trials, in order; returns what the sampler has to know of them."""
        past: list[Past] = []
        for trial in trials:
            self.created = max(self.created, trial.number + 1)
            self.counts[trial.state] += 1
            if curve := curves.get(trial.number):
                _, trial.last_seconds, trial.last_metrics = curve[-1]
            past.append(past_of(self.spec.objective, trial))
            if trial.state.ended:
                self.durations.add(trial)
                self._best.consider(trial)
            elif trial.state is TrialState.WAITING:
                self.waiting.append(trial)
            self._leases.add(trial, moment.mono)
        self.pruning.restore(trials, curves)
        return past

    def relearn(self, edited: Trial) -> bool:
        """A person ``edited`` a result; `learn` has to be called, and `find_best` where this is
        True, because it was the best."""
        self.pruning.relearn(edited)
        self._best.consider(edited)
        return self.best is not None and self.best[0] == edited.number

    def find_best(self, trials: Sequence[Trial]) -> None:
        """Of all trials of the study, as they are now."""
        self._best = BestSoFar(self.spec, trials)

    # ------------------------------------------------------------------ settings

    def change(self, settings: StudySettings) -> None:
        """Put other settings in force; they are not stored here.

        Another pruner judges the trials that run from their next report on, as soon as it has
        learnt what is known: `learn` has to be called until it says that there is no more. What
        was decided stays decided.

        Raises:
            WrongInput: the settings describe no pruner; nothing has changed.
        """
        spec = msgspec.structs.replace(self.spec, settings=settings)
        self.pruning.change(spec)
        self.spec = spec

    def learn(self) -> bool:
        """Teach a new pruner one slice of the past, some ms; True while there is more to learn."""
        return self.pruning.learn()

    def asks(self, wanted: int) -> list[Ask]:
        """The trials to create so that ``wanted`` more can run, within the limits."""
        queued = self.queued.next(int(min(wanted, self.creatable)))
        return [
            Ask(number=number, fixed=fixed) for number, fixed in enumerate(queued, self.created)
        ]

    def create(
        self, trial_id: int, ask: Ask, sampled: dict[str, Value], moment: Moment, changes: Changes
    ) -> None:
        """A new trial waits, with its complete and checked configuration."""
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
        changes.event(moment.wall, trial, EventKind.CREATED)
        if ask.fixed is not None:
            self.queued.become(trial, moment, changes)

    # ------------------------------------------------------------------ leases

    def grant(
        self, trial: Trial, runner: str, moment: Moment, changes: Changes, boot: str = ""
    ) -> None:
        """``runner`` is to run the next attempt of ``trial``."""
        if trial.runner is not None:
            self._supersede(trial, moment, changes)
        self.granted = moment.mono
        self._moved(trial, lambda: self._leases.grant(trial, runner, moment.mono, boot))
        changes.granted.append((trial.id, trial.attempt, runner, moment.wall))
        text = f"attempt {trial.attempt} to {runner}"
        changes.event(moment.wall, trial, EventKind.LEASED, text)
        self.pruning.begin(trial, moment, changes)
        changes.touch(trial)

    def lose(
        self, trial: Trial, because: str, moment: Moment, changes: Changes, *, died: bool = False
    ) -> None:
        """The lease of ``trial`` is over without a word from its runner, maybe because it died."""
        failure = Failure(kind=FailureKind.LOST, reason=because)
        if died and blame(trial):
            failure = poisoned(because)
        self._failed(trial, Final(outcome=Outcome.FAILED, failure=failure), moment, changes)

    def suspend(self, trial: Trial, because: str, moment: Moment, changes: Changes) -> None:
        """The lease ran out; the holder may come back for it while nobody else has it."""
        poison = blame(trial)
        if trial.desired is not Desired.RUN or trial.losses >= MAX_LOSSES or poison:
            self.lose(trial, because, moment, changes, died=True)
            return
        self._moved(trial, lambda: self._leases.suspend(trial))
        self.waiting.append(trial)
        changes.event(moment.wall, trial, EventKind.LEASE_EXPIRED, because)
        changes.touch(trial)

    def taken_back(self, trial: Trial, moment: Moment, changes: Changes) -> None:
        """The holder of an expired lease came back before anyone else was given the trial."""
        self.waiting.remove(trial)
        self._recount(TrialState.WAITING, trial.state)
        changes.event(moment.wall, trial, EventKind.LEASE_RENEWED, f"{trial.runner} is back")
        changes.touch(trial)

    # ------------------------------------------------------------------ records

    def apply(self, trial: Trial, record: Record, moment: Moment, changes: Changes) -> None:
        """Apply the next record of the trial's attempt."""
        waited = trial.state is TrialState.WAITING
        self._leases.advance(trial, record.seq, moment.mono)
        if waited:
            self.taken_back(trial, moment, changes)
        before = trial.state
        changes.touch(trial)
        body = record.body
        if isinstance(body, Started):
            trial.started, trial.slot = moment.wall, body.slot
            trial.become(TrialState.RUNNING)
            changes.started.append((body.slot, body.device, moment.wall, trial.id, trial.attempt))
            changes.event(moment.wall, trial, EventKind.RUNNING, body.slot)
            self.editing.begin(trial, body, moment, changes)
        elif isinstance(body, Reported):
            trial.become(TrialState.RUNNING)
        self._recount(before, trial.state)
        if isinstance(body, Reported):
            self._take_reports(trial, record.seq, bytes(body.reports), moment, changes)
        elif isinstance(body, Revised):
            self.editing.answer(trial, record.seq, body, moment, changes)
        elif isinstance(body, Scored):
            changes.scored.append((trial.id, trial.attempt, record.seq, body))
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
        self.pruning.take(trial, reports, moment, changes)

    def _finish(self, trial: Trial, final: Final, moment: Moment, changes: Changes) -> None:
        self.editing.finish(trial, final, moment, changes)
        problem = problem_of(self.spec.objective, final)
        if problem is not None and problem.kind is FailureKind.LOST and blame(trial):
            problem = poisoned(problem.reason)
        if problem is not None:
            broken = msgspec.structs.replace(final, outcome=Outcome.FAILED, failure=problem)
            self._failed(trial, broken, moment, changes)
            return
        self._close_attempt(trial, final, moment, changes)
        if final.attributes:
            changes.attributes[trial.id] = final.attributes
        self.spec = take_suggested(trial, final.suggested, self.spec, moment, changes)
        match final.outcome:
            case Outcome.COMPLETE:
                trial.metrics = final.metrics
                trial.value = final.metrics[self.spec.metric.name]
                take_tuned(trial, final.tuned, self.spec.objective.space, changes)
                self._end(trial, TrialState.COMPLETE, "", moment, changes)
            case Outcome.PRUNED:
                because = trial.reason or "the objective raised Pruned"
                self._end(trial, TrialState.PRUNED, because, moment, changes)
            case Outcome.STOPPED if trial.restarting:
                self._wait_again(trial, "restarted", moment, changes)
            case Outcome.STOPPED:
                because = trial.reason or "stopped"
                self._end(trial, TrialState.CANCELLED, because, moment, changes)
            case Outcome.RELEASED:
                self._wait_again(trial, "given back by its runner", moment, changes)

    def _failed(self, trial: Trial, final: Final, moment: Moment, changes: Changes) -> None:
        assert final.failure is not None
        self._close_attempt(trial, final, moment, changes)
        failure = final.failure
        retry = after_failure(trial, failure.kind, session=self.spec.is_session)
        if retry is not None:
            trial.avoid = trial.runner if retry.elsewhere else None
            trial.not_before = moment.mono + retry.seconds
            self._wait_again(trial, f"{failure.kind}: {failure.reason}", moment, changes)
            return
        trial.failure = failure.kind
        trial.metrics = final.metrics or None
        self._end(trial, TrialState.FAILED, failure.reason, moment, changes)

    # ------------------------------------------------------------------ ends

    def _close_attempt(self, trial: Trial, final: Final, moment: Moment, changes: Changes) -> None:
        changes.ended.append(attempt_end(trial, final, moment))

    def _supersede(self, trial: Trial, moment: Moment, changes: Changes) -> None:
        """The runner whose lease ran out did not come back in time: its attempt counts as lost."""
        failure = Failure(kind=FailureKind.LOST, reason=f"{trial.runner} did not come back")
        self._close_attempt(trial, Final(outcome=Outcome.FAILED, failure=failure), moment, changes)
        self.pruning.lose(trial)

    def _wait_again(self, trial: Trial, because: str, moment: Moment, changes: Changes) -> None:
        """Another attempt, unless the trial was to end anyway."""
        if not self.editing.starts_again(trial) and trial.desired is not Desired.RUN:
            pruned = trial.desired is Desired.PRUNE
            state = TrialState.PRUNED if pruned else TrialState.CANCELLED
            self._end(trial, state, trial.reason or because, moment, changes)
            return
        self._moved(trial, lambda: self._leases.release(trial))
        self.pruning.lose(trial)
        trial.reason = ""
        self.waiting.append(trial)
        changes.event(moment.wall, trial, EventKind.WAITS_AGAIN, because)
        changes.touch(trial)

    def _end(
        self, trial: Trial, state: TrialState, because: str, moment: Moment, changes: Changes
    ) -> None:
        trial.ended = moment.wall
        trial.reason = because
        self.durations.add(trial)
        if state is TrialState.PRUNED:
            trial.value = trial.last_metrics.get(self.spec.metric.name)
        self.editing.end(trial, moment, changes)
        self._moved(trial, lambda: self._leases.end(trial, state))
        self.pruning.end(trial, moment, changes)
        self.tells.append(told_of(self.spec.objective, trial))
        self._best.consider(trial)
        if (pattern := self._failures.watch(trial)) is not None:
            self.broken_because = pattern
            self.close(pattern)
        changes.event(moment.wall, trial, state, because)
        changes.touch(trial)

    # ------------------------------------------------------------------ the end of the study

    def close(self, because: str) -> None:
        """Create and hand out no more trials; those that run go on."""
        self.closed_because = self.closed_because or because

    def reopen(self) -> None:
        """Go on with what was closed."""
        self.closed_because = self.broken_because = ""

    def stop(self, trial: Trial, because: str, moment: Moment, changes: Changes) -> None:
        """Nobody wants ``trial`` any more: its runner ends it, or it ends at once."""
        trial.restarting = False
        if trial.state in HELD:
            trial.desired = Desired.STOP
            trial.reason = because
            changes.event(moment.wall, trial, EventKind.STOP, because)
            changes.touch(trial)
            return
        self.waiting.remove(trial)
        if trial.runner is not None:
            self._supersede(trial, moment, changes)
        self._end(trial, TrialState.CANCELLED, because, moment, changes)

    @property
    def best(self) -> tuple[int, float] | None:
        """The number and the value of the best trial."""
        return self._best.found

    @property
    def creatable(self) -> float:
        """How many more trials may be made."""
        limit = self.spec.settings.limits.trials
        if self.closed_because or self.spec.settings.paused:
            return 0
        return math.inf if limit is None else max(0, limit - self.created)

    @property
    def ended(self) -> int:
        """How many trials have ended, in whichever way."""
        return self.created - sum(self.counts[s] for s in (TrialState.WAITING, *HELD))

    @property
    def done(self) -> bool:
        """True when nothing runs and nothing will."""
        if any(self.counts[state] for state in HELD):
            return False
        if self.closed_because:
            return True
        limit = self.spec.settings.limits.trials
        if limit is None or self.created < limit:
            return False
        return not any(map(self._within_limit, self.waiting))

    def _within_limit(self, trial: Trial) -> bool:
        limit = self.spec.settings.limits.trials
        return limit is None or trial.number < limit

    def running(self) -> list[Trial]:
        """The trials that runners hold."""
        return [t for t in self._leases.live.values() if t.study == self.id and t.state in HELD]

    def next_waiting(self, avoiding: str | None = None, now: float = math.inf) -> Trial | None:
        """Take the next trial to hand out, passing over those that should not go to a runner, or
        not yet (``now`` is monotonic seconds), or not under the limit as it is now."""
        if self.closed_because or self.spec.settings.paused:
            return None
        for index, trial in enumerate(self.waiting):
            wanted = avoiding is None or trial.avoid != avoiding
            if wanted and trial.not_before <= now and self._within_limit(trial):
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
