"""What a runner remembers of its leases until the orchestrator has stored it. Pure.

Assignments come in and are accepted or not; what happens to an attempt is appended as numbered
records; orders drop what is committed. Exactly one ``Final`` ends an attempt: the first one wins,
so a prune that arrives after the end changes nothing. This one lives in memory, which is enough
where orchestrator and runner share one process and so one fate.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from schema.messages import (
    Assignment,
    Final,
    LeaseClaim,
    LeaseOrder,
    Orders,
    Record,
    Reported,
    Started,
)
from schema.trial import Desired


@dataclass(slots=True)
class Lease:
    """One attempt that this runner holds, and its records that are not committed yet."""

    assignment: Assignment
    seq: int = 0
    records: deque[Record] = field(default_factory=deque)
    ended: bool = False
    desired: Desired = Desired.RUN
    fenced: bool = False

    @property
    def key(self) -> tuple[int, int]:
        """Trial and attempt."""
        return self.assignment.trial, self.assignment.attempt


class Spool:
    """The leases of one runner, by trial; ``boot`` names this memory of them."""

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
        self._highest[trial] = assignment.attempt
        lease = self.leases[trial] = Lease(assignment)
        return lease

    def append(self, lease: Lease, body: Started | Reported | Final) -> Record | None:
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
        dropped at once; its process is to be ended.
        """
        lease = self.leases.get(order.trial)
        if lease is None or lease.assignment.attempt != order.attempt:
            return None
        if order.fenced:
            lease.fenced = True
            del self.leases[order.trial]
            return lease
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

    def claims(self) -> tuple[LeaseClaim, ...]:
        """What a heartbeat names, so that exactly these leases are renewed."""
        return tuple(LeaseClaim(*lease.key, lease.seq) for lease in self.leases.values())

    def unacknowledged(self, limit: int) -> Iterator[Record]:
        """Up to ``limit`` records of each lease that are not known to be committed, in order."""
        for lease in self.leases.values():
            yield from list(lease.records)[:limit]
