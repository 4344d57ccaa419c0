"""Reads a spool's segments back into leases. Pure.

A lease has the records that follow one another without a hole from the last committed one on; what
lies behind a hole is not believed, for the orchestrator could never apply it.
"""

from collections import deque
from dataclasses import dataclass, field

from schema.messages import Assignment, Final, Record
from trial_runner.spool import Lease
from trial_runner.spool_format import (
    Accepted,
    Appended,
    Began,
    Committed,
    Dropped,
    ProcessMark,
    Snapshot,
    Term,
    unpacked,
)

Key = tuple[int, int]


@dataclass(slots=True)
class Held:
    """A lease as it is read; its records from ``(seq, segment)`` on lie in that segment."""

    lease: Lease
    process: ProcessMark | None = None
    marks: deque[tuple[int, int]] = field(default_factory=deque)

    def append(self, record: Record, batches: int, segment: int) -> None:
        """The next record, unless it was read before or there is a hole before it."""
        lease = self.lease
        if record.seq != lease.seq + 1 or lease.ended:
            return
        lease.seq = record.seq
        lease.records.append(record)
        lease.batches = batches
        lease.ended = isinstance(record.body, Final)
        if not self.marks or self.marks[-1][1] != segment:
            self.marks.append((record.seq, segment))

    def commit(self, applied: int) -> None:
        """Records up to ``applied`` are not needed; they may be missing as well."""
        lease = self.lease
        while lease.records and lease.records[0].seq <= applied:
            lease.records.popleft()
        if not lease.records:
            lease.seq = max(lease.seq, applied)
        while len(self.marks) > 1 and self.marks[1][0] <= applied + 1:
            self.marks.popleft()


class Replay:
    """What a spool remembered, as far as its segments are sound; they come in ascending order."""

    def __init__(self) -> None:
        self.term = 0
        self.highest: dict[int, int] = {}
        self.leases: dict[Key, Held] = {}

    def take(self, segment: int, data: bytes) -> None:
        """The next segment."""
        for entry in unpacked(data):
            match entry:
                case Snapshot():
                    self._begin(entry)
                case Term(term):
                    self.term = term
                case Accepted(assignment):
                    self._hold(assignment)
                    self.highest.pop(assignment.trial, None)
                    self.highest[assignment.trial] = assignment.attempt
                case Began(trial, attempt, process):
                    if held := self.leases.get((trial, attempt)):
                        held.process = process
                case Appended(record, batches):
                    if held := self.leases.get((record.trial, record.attempt)):
                        held.append(record, batches, segment)
                case Committed(trial, attempt, applied):
                    if held := self.leases.get((trial, attempt)):
                        held.commit(applied)
                case Dropped(trial, attempt):
                    self.leases.pop((trial, attempt), None)

    def _begin(self, snapshot: Snapshot) -> None:
        self.term = snapshot.term
        self.highest = dict(snapshot.highest)
        there = set()
        for state in snapshot.leases:
            held = self._hold(state.assignment)
            held.process = state.process
            held.commit(state.applied)
            if not held.lease.records:
                held.lease.batches = state.batches
            there.add(held.lease.key)
        for key in self.leases.keys() - there:
            del self.leases[key]

    def _hold(self, assignment: Assignment) -> Held:
        key = assignment.trial, assignment.attempt
        return self.leases.setdefault(key, Held(Lease(assignment)))
