"""What a runner remembers of its leases until the orchestrator has stored it. Pure.

Assignments come in and are accepted or not; what happens to an attempt is appended as numbered
records; they are sent a window at a time, and orders drop what is committed. Exactly one ``Final``
ends an attempt: the first one wins, so a prune that arrives after the end changes nothing. This one
lives in memory, which is enough where orchestrator and runner share one process and so one fate;
`DurableSpool` keeps the same on disk.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from schema.messages import (
    Assignment,
    Body,
    Final,
    LeaseClaim,
    LeaseOrder,
    Orders,
    Record,
    RevisionOrder,
)
from schema.trial import Desired
from trial_runner.spool_format import ProcessMark

WINDOW = 256
"""So many records of a lease are on their way at once."""

REMEMBERED = 20_000
"""Of so many trials the highest attempt is known; an older assignment cannot still be on its way,
because a runner's queue holds a twentieth of that."""


@dataclass(slots=True, eq=False)
class Lease:
    """One attempt that this runner holds, and its records that are not committed yet."""

    assignment: Assignment
    seq: int = 0
    records: deque[Record] = field(default_factory=deque)
    ended: bool = False
    desired: Desired = Desired.RUN
    fenced: bool = False
    kept: bool = True  # on the disk, where there is one: it may be trained
    written: int = 0  # the last record that is there
    sent: int = 0  # the last record that was handed to the broker
    overdue: int = 0  # the last one that was, at the heartbeat before
    awaited: int = 0  # the training waits until this record is committed
    batches: int = 0  # of reports that came from the slot, and are in the records
    revision: int = 0  # the last that the training was handed, or will be when it starts
    revisions: list[RevisionOrder] = field(default_factory=list)  # for when it starts

    @property
    def key(self) -> tuple[int, int]:
        """Trial and attempt."""
        return self.assignment.trial, self.assignment.attempt

    @property
    def applied(self) -> int:
        """The last record that is known to be committed."""
        return self.seq - len(self.records)

    @property
    def behind(self) -> bool:
        """True when there are records that were not sent."""
        return self.sent < self.seq


class Spool:
    """The leases of one runner, by trial; ``boot`` names this memory of them.

    ``degraded`` says what is wrong with it, if anything; ``every`` that only every so many-th
    report should be appended, 0 that none should.
    """

    degraded = ""

    def __init__(self, boot: str = "") -> None:
        self.boot = boot
        self.leases: dict[int, Lease] = {}
        self.term = 0
        self._highest: dict[int, int] = {}

    def current(self, orders: Orders) -> bool:
        """False for orders of an orchestrator that was replaced since; they are to be ignored."""
        if orders.term < self.term:
            return False
        self.term = orders.term
        return True

    def accept(self, assignment: Assignment) -> Lease | None:
        """A new lease; ``None`` when this attempt or a later one was accepted before.

        So is one that an earlier boot of this runner was given: it may have run it already.

        While an older attempt of the trial is still being reported the new one is passed over; the
        orchestrator offers it again.
        """
        trial = assignment.trial
        if assignment.boot != self.boot:
            return None
        if assignment.attempt <= self._highest.get(trial, 0) or trial in self.leases:
            return None
        self._highest.pop(trial, None)  # so that the order is that of their last attempts
        self._highest[trial] = assignment.attempt
        if len(self._highest) > REMEMBERED:
            del self._highest[next(iter(self._highest))]
        lease = self.leases[trial] = Lease(assignment, revision=assignment.revision)
        return lease

    def append(self, lease: Lease, body: Body) -> Record | None:
        """The next record of the attempt; ``None`` after its end or when the lease is lost."""
        if lease.ended or lease.fenced:
            return None
        lease.seq += 1
        trial, attempt = lease.key
        record = Record(trial=trial, attempt=attempt, seq=lease.seq, body=body)
        lease.records.append(record)
        lease.ended = isinstance(body, Final)
        return record

    def obey(self, order: LeaseOrder) -> Lease | None:
        """Take in what the orchestrator says of a lease; the lease if something is to be done.

        Records that are committed are dropped, and with the last one the lease. A fenced lease is
        dropped at once; its process is to be ended. Where more is committed than there is in the
        lease, but not its end, the disk has lost what was said: the end follows all that.
        """
        lease = self.leases.get(order.trial)
        if lease is None or lease.assignment.attempt != order.attempt:
            return None
        if order.fenced:
            lease.fenced = True
            del self.leases[order.trial]
            return lease
        if lease.ended and order.goes_on and order.applied >= lease.seq:
            self._move_end(lease, order.applied)
        while lease.records and lease.records[0].seq <= order.applied:
            lease.records.popleft()
        if lease.ended:
            if not lease.records:
                del self.leases[order.trial]
            return None
        if order.desired > lease.desired:
            lease.desired = order.desired
            return lease
        return None

    def _move_end(self, lease: Lease, applied: int) -> None:
        """The end of ``lease`` is the record after ``applied``."""
        trial, attempt = lease.key
        end = Record(trial=trial, attempt=attempt, seq=applied + 1, body=lease.records[-1].body)
        lease.records = deque([end])
        lease.seq = end.seq
        lease.sent = lease.overdue = applied

    def revise(self, order: RevisionOrder) -> Lease | None:
        """The lease that is to go on with this revision, if it is not known already.

        What a killed runner was told of is told again to the next attempt, so it is not stored.
        """
        lease = self.leases.get(order.trial)
        if lease is None or lease.assignment.attempt != order.attempt or lease.ended:
            return None
        if order.number <= lease.revision:
            return None
        lease.revision = order.number
        return lease

    @property
    def every(self) -> int:
        """Memory takes every report."""
        return 1

    def began(self, lease: Lease, process: ProcessMark | None) -> None:
        """This process trains it now, which is of interest only to who outlives it."""

    def knows_begun(self, lease: Lease) -> bool:
        """True when it is safe to begin: a training that kills its runner is to be found out."""
        return lease.seq > 0

    async def stored(self, *, ends: bool = True) -> bool:
        """True when everything up to here is as safe as it can be; memory always is.

        Without ``ends`` those of trials may wait for the disk, and must not be sent.
        """
        return True

    def sync_due(self) -> bool:
        """True when `stored` should be called again although nothing happens."""
        return False

    def close(self) -> None:
        """Nothing is appended any more."""

    # ------------------------------------------------------------------ sending

    def claims(self) -> tuple[LeaseClaim, ...]:
        """What a heartbeat names, so that exactly these leases are renewed."""
        leases = self.leases.values()
        return tuple(LeaseClaim(*lease.key, lease.seq, lease.revision) for lease in leases)

    def unacknowledged(self, limit: int) -> Iterator[Record]:
        """Up to ``limit`` records of each lease that are not known to be committed, in order."""
        for lease in self.leases.values():
            yield from islice(lease.records, limit)

    def unsent(self, leases: Mapping[Lease, int]) -> list[Record]:
        """What the windows of ``leases`` leave room for, up to a record of each, in order.

        It counts as sent.
        """
        records: list[Record] = []
        for lease, last in leases.items():
            applied = lease.applied
            start, stop = max(lease.sent, applied), min(last, applied + WINDOW)
            if start < stop:
                records += islice(lease.records, start - applied, stop - applied)
                lease.sent = stop
        return records

    def not_sent(self, records: Iterable[Record]) -> None:
        """The broker did not take these: they are sent again with the next heartbeat."""
        for record in records:
            lease = self.leases.get(record.trial)
            if lease is not None and lease.assignment.attempt == record.attempt:
                lease.sent = min(lease.sent, record.seq - 1)

    def go_back(self) -> list[Lease]:
        """At a heartbeat: the leases that have something to send, or to send again.

        What was on its way at the heartbeat before and is not committed yet is sent once more, with
        all that follows it: one of them was lost, and the rest waits for it.
        """
        for lease in self.leases.values():
            if lease.applied < lease.overdue:
                lease.sent = lease.applied
            lease.overdue = lease.sent
        return [lease for lease in self.leases.values() if lease.behind]
