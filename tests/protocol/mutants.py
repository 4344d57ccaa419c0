"""The protocol with a part taken out: each of these has to be noticed by the tests."""

from typing import Any
from weakref import WeakKeyDictionary

import msgspec
import pytest

from orchestrator.engine.leases import Leases, Verdict
from orchestrator.engine.study_engine import StudyEngine
from orchestrator.engine.trials import Changes, Trial
from orchestrator.service.reception import Reception
from orchestrator.store.store import Store
from schema.messages import Final, LeaseOrder, Orders, Record, Reported, Started
from schema.trial import Desired, Outcome
from trial_runner.spool import Lease, Spool

Patch = pytest.MonkeyPatch


def no_fencing(patch: Patch) -> None:
    """Any attempt's records are taken for the current one's."""

    def judge(self: Leases, runner: str, record: Record) -> Verdict:
        trial = self.live.get(record.trial)
        if trial is None:
            return Verdict.REPEATED
        if record.seq <= trial.applied:
            return Verdict.REPEATED
        return Verdict.APPLY if record.seq == trial.applied + 1 else Verdict.GAP

    patch.setattr(Leases, "judge", judge)


def _applied_instead_of(patch: Patch, verdict: Verdict) -> None:
    honest = Leases.judge

    def judge(self: Leases, runner: str, record: Record) -> Verdict:
        found = honest(self, runner, record)
        return Verdict.APPLY if found is verdict and record.trial in self.live else found

    patch.setattr(Leases, "judge", judge)


def no_deduplication(patch: Patch) -> None:
    """A record is applied as often as it comes."""
    _applied_instead_of(patch, Verdict.REPEATED)


def no_gap_check(patch: Patch) -> None:
    """A record is applied although one before it is missing."""
    _applied_instead_of(patch, Verdict.GAP)


def acknowledged_before_the_commit(patch: Patch) -> None:
    """What a turn changed is stored with the next turn, after its orders went out."""
    honest = Store.commit
    late: WeakKeyDictionary[Store, Changes] = WeakKeyDictionary()

    async def commit(self: Store, changes: Changes) -> None:
        previous = late.pop(self, None)
        late[self] = changes
        if previous is not None:
            await honest(self, previous)

    patch.setattr(Store, "commit", commit)


def acknowledged_unseen(patch: Patch) -> None:
    """A runner is told that everything is stored that it says it wrote."""
    honest = Leases.order

    def order(self: Leases, runner: str, trial: int, attempt: int, seq: int = 0) -> LeaseOrder:
        found = honest(self, runner, trial, attempt, seq)
        return found if found.fenced else LeaseOrder(trial, attempt, seq, found.desired)

    patch.setattr(Leases, "order", order)


def sent_once(patch: Patch) -> None:
    """A runner forgets a record as soon as the broker has it."""
    honest = Spool.append

    def append(self: Spool, lease: Lease, body: Started | Reported | Final) -> Record | None:
        record = honest(self, lease, body)
        lease.records.clear()
        return record

    patch.setattr(Spool, "append", append)


def ends_keep_their_number(patch: Patch) -> None:
    """An end whose number another record has is taken for stored."""
    patch.setattr(Spool, "_move_end", lambda self, lease, applied: None)


def any_assignment_accepted(patch: Patch) -> None:
    """A runner accepts an attempt that it, or an earlier boot of it, accepted before."""
    honest = Spool.accept

    def accept(self: Spool, assignment: Any) -> Lease | None:
        self.boot = assignment.boot
        self._highest.clear()
        return honest(self, assignment)

    patch.setattr(Spool, "accept", accept)


def no_term(patch: Patch) -> None:
    """An orchestrator that was replaced goes on writing, and runners go on obeying it."""

    def nothing(self: Store, db: object) -> None: ...

    def always(self: Spool, orders: Orders) -> bool:
        return True

    patch.setattr(Store, "_hold_term", nothing)
    patch.setattr(Spool, "current", always)


def granted_without_a_new_number(patch: Patch) -> None:
    """The next attempt of a trial has the number of the one that was lost."""
    honest = Leases.grant

    def grant(self: Leases, trial: Trial, runner: str, now: float, boot: str = "") -> None:
        again = trial.attempt > 0
        honest(self, trial, runner, now, boot)
        if again:
            trial.attempt -= 1

    patch.setattr(Leases, "grant", grant)


def taken_back_from_another(patch: Patch) -> None:
    """Who claims an attempt has it, whoever holds it by now."""
    honest = Leases.judge

    def judge(self: Leases, runner: str, record: Record) -> Verdict:
        trial = self.live.get(record.trial)
        if trial is not None and trial.attempt > record.attempt:
            trial.attempt = record.attempt
        return honest(self, runner, record)

    patch.setattr(Leases, "judge", judge)


def repeated_assignments_are_run_again(patch: Patch) -> None:
    """A runner does not remember which attempts it was given."""
    honest = Spool.accept

    def accept(self: Spool, assignment: Any) -> Lease | None:
        self._highest.clear()
        return honest(self, assignment)

    patch.setattr(Spool, "accept", accept)


def prunes_are_final(patch: Patch) -> None:
    """What is wanted counts for more than what was observed."""
    honest = StudyEngine._finish

    def finish(self: StudyEngine, trial: Trial, final: Final, *rest: Any) -> None:
        if trial.desired is Desired.PRUNE:
            final = msgspec.structs.replace(final, outcome=Outcome.PRUNED, metrics={})
        honest(self, trial, final, *rest)

    patch.setattr(StudyEngine, "_finish", finish)


def no_expiry(patch: Patch) -> None:
    """A lease lasts for ever."""

    def expire(self: Reception, turn: object) -> None: ...

    patch.setattr(Reception, "expire", expire)
