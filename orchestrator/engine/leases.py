"""Who runs which attempt, until when, and which record of it may be applied. Pure.

A lease is granted with a new attempt number (the fencing token). It is renewed only by a message
that names this trial and attempt. When it runs out the trial waits again, and if its holder comes
back before anyone else was given it, the holder has it back: days of training survive a partition.
Only the record that follows the last applied one is applied; an earlier one is a repetition, a
later one shows a gap, and one of another attempt is fenced.
"""

from collections.abc import Iterable
from enum import Enum

from orchestrator.engine.retries import absolve
from orchestrator.engine.trials import Trial
from schema.messages import LeaseClaim, LeaseOrder, Record
from schema.trial import Desired, TrialState

LEASE_SECONDS = 120.0
"""Longer than the worst ordinary outage: a lost connection, a broker's and our own restart."""

REMEMBERED = 100_000
"""Of so many trials that ended the last word is known. What is said of an older one is fenced, upon
which its runner forgets it: as good, because its end is stored."""

HELD = (TrialState.LEASED, TrialState.RUNNING)


class Verdict(Enum):
    """What to do with a record."""

    APPLY = "apply"
    REPEATED = "repeated"
    GAP = "gap"
    FENCED = "fenced"


class Leases:
    """The live trials, and the last words about those that ended."""

    def __init__(self, lease_seconds: float = LEASE_SECONDS) -> None:
        self.lease_seconds = lease_seconds
        self.live: dict[int, Trial] = {}
        self.held: dict[str, dict[int, Trial]] = {}
        self._ended: dict[int, tuple[int, int]] = {}  # trial id: (attempt, applied)

    def add(self, trial: Trial, now: float) -> None:
        """Take a trial that was created or loaded; its lease, if any, begins anew."""
        trial.heard = now
        if trial.state.ended:
            self.remember(trial.id, trial.attempt, trial.applied)
            return
        self.live[trial.id] = trial
        if trial.state in HELD and trial.runner is not None:
            self._hold(trial, trial.runner)

    def grant(self, trial: Trial, runner: str, now: float, boot: str = "") -> None:
        """Hand ``trial`` to this boot of ``runner`` as a new attempt."""
        trial.become(TrialState.LEASED)
        trial.attempt += 1
        trial.runner = runner
        trial.boot = boot
        trial.desired = Desired.RUN
        trial.restarting = False
        trial.applied = 0
        trial.reports = 0
        trial.last_step = None
        trial.last_metrics = {}
        trial.last_seconds = 0.0
        trial.started = None
        trial.slot = ""
        trial.heard = trial.offered = now
        self._hold(trial, runner)

    def excuse(self, now: float) -> None:
        """Nobody could be heard lately, because of us: every lease begins anew."""
        for held in self.held.values():
            for trial in held.values():
                trial.heard = now

    def remember(self, trial_id: int, attempt: int, applied: int) -> None:
        """Take the last word about a trial that ended."""
        self._ended[trial_id] = (attempt, applied)
        if len(self._ended) > REMEMBERED:
            del self._ended[next(iter(self._ended))]

    def forget_all(self) -> None:
        """As it was before anything was added."""
        for known in (self.live, self.held, self._ended):
            known.clear()

    def drop(self, trial: Trial) -> None:
        """Forget a live trial; what is said of it from now on is fenced."""
        self._unhold(trial)
        self.live.pop(trial.id, None)

    def superseded(self, trial_id: int, attempt: int) -> bool:
        """True for an attempt that was granted once and is not the trial's last one."""
        trial = self.live.get(trial_id)
        last = trial.attempt if trial is not None else self._ended.get(trial_id, (0, 0))[0]
        return 0 < attempt < last

    def judge(self, runner: str, record: Record) -> Verdict:
        """May this record be applied? Changes nothing."""
        trial = self.live.get(record.trial)
        if trial is None:
            ended = self._ended.get(record.trial)
            repeated = ended is not None and ended[0] == record.attempt and record.seq <= ended[1]
            return Verdict.REPEATED if repeated else Verdict.FENCED
        if trial.attempt != record.attempt:
            return Verdict.FENCED
        if record.seq <= trial.applied:
            return Verdict.REPEATED
        if trial.runner != runner:
            return Verdict.FENCED
        return Verdict.APPLY if record.seq == trial.applied + 1 else Verdict.GAP

    def advance(self, trial: Trial, seq: int, now: float) -> None:
        """Record ``seq`` is being applied: count it, renew the lease, take back an expired one."""
        trial.applied = seq
        trial.heard = now
        if trial.state is TrialState.WAITING:
            self._take_back(trial)

    def renew(self, runner: str, claims: Iterable[LeaseClaim], now: float) -> list[Trial]:
        """Renew the leases that ``runner`` names; returns those that it had lost and has back."""
        back: list[Trial] = []
        for claim in claims:
            trial = self.live.get(claim.trial)
            if trial is None or trial.attempt != claim.attempt or trial.runner != runner:
                continue
            trial.heard = now
            if trial.state is TrialState.WAITING:
                self._take_back(trial)
                back.append(trial)
        return back

    def order(self, runner: str, trial_id: int, attempt: int, seq: int = 0) -> LeaseOrder:
        """What ``runner`` is to know of its attempt, of which it wrote records up to ``seq``."""
        trial = self.live.get(trial_id)
        if trial is not None and trial.attempt == attempt:
            if trial.runner == runner or seq <= trial.applied:
                goes_on = trial.runner is not None
                return LeaseOrder(trial_id, attempt, trial.applied, trial.desired, False, goes_on)
            return LeaseOrder(trial_id, attempt, trial.applied, Desired.STOP, True)
        ended = self._ended.get(trial_id)
        if ended is not None and ended[0] == attempt and seq <= ended[1]:
            return LeaseOrder(trial_id, attempt, ended[1])
        return LeaseOrder(trial_id, attempt, 0, Desired.STOP, True)

    def expired(self, now: float) -> list[Trial]:
        """The held trials of which nothing was heard for the length of a lease."""
        return [
            trial
            for held in self.held.values()
            for trial in held.values()
            if now - trial.heard > self.lease_seconds
        ]

    def suspend(self, trial: Trial) -> None:
        """The lease ran out: a loss, unless its holder still comes back for the waiting trial."""
        self._unhold(trial)
        trial.losses += 1
        trial.become(TrialState.WAITING)

    def release(self, trial: Trial) -> None:
        """The attempt is over and the trial waits for its next one."""
        self._unhold(trial)
        trial.runner = None
        trial.become(TrialState.WAITING)

    def end(self, trial: Trial, state: TrialState) -> None:
        """The trial has ended for good."""
        self._unhold(trial)
        trial.become(state)
        self.live.pop(trial.id, None)
        self.remember(trial.id, trial.attempt, trial.applied)

    def _hold(self, trial: Trial, runner: str) -> None:
        self.held.setdefault(runner, {})[trial.id] = trial

    def _unhold(self, trial: Trial) -> None:
        if trial.runner is not None:
            self.held.get(trial.runner, {}).pop(trial.id, None)

    def _take_back(self, trial: Trial) -> None:
        assert trial.runner is not None
        trial.losses -= 1
        absolve(trial, trial.boot)
        trial.become(TrialState.RUNNING if trial.applied else TrialState.LEASED)
        self._hold(trial, trial.runner)
