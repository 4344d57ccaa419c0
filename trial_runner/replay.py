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
    """A lease as it is read: its records by number, each with what is known of it."""

    assignment: Assignment
    applied: int = 0
    batches: int = 0
    process: ProcessMark | None = None
    records: dict[int, tuple[Record, int, int]] = field(default_factory=dict)

    def commit(self, applied: int) -> None:
        """Records up to ``applied`` are not needed; they may be missing as well."""
        self.applied = max(self.applied, applied)
        for seq in [seq for seq in self.records if seq <= self.applied]:
            _, self.batches, _ = self.records.pop(seq)

    def lease(self) -> tuple[Lease, deque[tuple[int, int]]]:
        """The lease with the records that can be applied, and the segments that they begin in."""
        lease = Lease(self.assignment, seq=self.applied, batches=self.batches)
        marks: deque[tuple[int, int]] = deque()
        while not lease.ended and lease.seq + 1 in self.records:
            lease.seq += 1
            record, lease.batches, segment = self.records[lease.seq]
            lease.records.append(record)
            lease.ended = isinstance(record.body, Final)
            if not marks or marks[-1][1] < segment:
                marks.append((lease.seq, segment))
        return lease, marks


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
                        held.records[record.seq] = record, batches, segment
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
            held.batches = state.batches
            held.commit(state.applied)
            for seq in [seq for seq in held.records if seq > state.seq]:
                del held.records[seq]  # from behind a hole: another one has that number by now
            there.add((state.assignment.trial, state.assignment.attempt))
        for key in self.leases.keys() - there:
            del self.leases[key]

    def _hold(self, assignment: Assignment) -> Held:
        key = assignment.trial, assignment.attempt
        return self.leases.setdefault(key, Held(assignment))
