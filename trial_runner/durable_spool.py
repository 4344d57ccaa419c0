"""A spool that survives its process: what `Spool` remembers, in a folder of its own.

Each change is encoded at once and written in groups. Assignments and ends of trials are synced to
the disk, by a thread, before anything is done because of them; while it does the next group
gathers. Reports are synced within a second. A disk that fails or is full stops nothing: what could
not be written stays in memory and is tried again, and ``degraded`` says so.

The folder has one spool for ever, and so one ``boot``: leases survive a restart of their runner.
"""

import asyncio
import fcntl
import logging
import os
import uuid
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

import msgspec

from schema.errors import WrongInput
from schema.failpoints import reach
from schema.messages import Assignment, Body, LeaseOrder, Orders, Record, Scored
from trial_runner.durable_file import write_durably
from trial_runner.replay import Replay
from trial_runner.result_file import result_path, results_folder
from trial_runner.spool import Lease, Spool
from trial_runner.spool_format import (
    Accepted,
    Appended,
    Began,
    Committed,
    Dropped,
    LeaseState,
    ProcessMark,
    Snapshot,
    Term,
    packed,
)
from trial_runner.spool_log import SpoolLog, full

logger = logging.getLogger(__name__)

SYNC_SECONDS = 1.0
"""So long a report may be in the hands of the kernel, and a failed write waits to be repeated."""

NEARLY_FULL = 0.8
UNWRITTEN_BYTES = 256 * 1024
"""So much of reports stays in memory while the disk refuses them; the ballast has room for it."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Which spool a folder holds, and how often a runner was started on it."""

    spool: str
    starts: int


class _Pending(NamedTuple):
    """A frame that is not on the disk; of a lease's record, or with 0 of its beginning."""

    frame: bytes
    lease: Lease | None
    seq: int


class DurableSpool(Spool):
    """The leases of the runner that this ``folder`` belongs to."""

    def __init__(
        self, folder: Path, *, capacity_bytes: int, segment_bytes: int = 4 * 1024 * 1024
    ) -> None:
        """Read what earlier starts left.

        Raises:
            WrongInput: the folder cannot be used, or another runner uses it.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            results_folder(folder).mkdir(mode=0o700, exist_ok=True)
            self._lock = _locked(folder)
            self.identity = _identify(folder)
            self._log = SpoolLog(folder, segment_bytes)
        except OSError as error:
            raise WrongInput(
                f"the runner's folder {folder} cannot be used: {error.strerror}; name another one "
                "with --state-dir"
            ) from error
        super().__init__(boot=self.identity.spool)
        self.folder = folder
        self._results = str(results_folder(folder))
        self.processes: dict[Lease, ProcessMark] = {}
        self._capacity = capacity_bytes
        self._pending: list[_Pending] = []
        self._unsynced: list[_Pending] = []
        self._accepted = False  # something waits for the disk
        self._ended: list[str] = []  # ends wait for it, and make these results superfluous
        self._marks: dict[Lease, deque[tuple[int, int]]] = {}
        self._storing = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._synced_at = self._failed_at = 0.0
        self._unwritten = 0
        self._problem = ""
        self._load()
        self._log.make_reserve()

    def _load(self) -> None:
        replay = Replay()
        for number, data in self._log.read():
            replay.take(number, data)
        self.term, self._highest = replay.term, replay.highest
        for held in replay.leases.values():
            lease, marks = held.lease()
            self.leases[held.assignment.trial] = lease
            self._marks[lease] = marks
            if held.process is not None:
                self.processes[lease] = held.process

    # ------------------------------------------------------------------ what a spool does

    def current(self, orders: Orders) -> bool:
        if orders.term > self.term:
            self._write(packed(Term(orders.term)))
        return super().current(orders)

    @property
    def every(self) -> int:
        """All reports while there is room; ever fewer of them above 80 % of it."""
        if self.degraded:
            return 1 if self._unwritten < UNWRITTEN_BYTES else 0
        fill = (self._log.size + self._unwritten) / self._capacity
        if fill < NEARLY_FULL:
            return 1
        return 0 if fill >= 1 else int(2 ** (1 + (fill - NEARLY_FULL) // 0.04))

    @property
    def degraded(self) -> str:  # type: ignore[override]
        """What is wrong with the disk."""
        if self._problem:
            return self._problem
        return "" if self._log.reserve else "its disk is full: the reserve for results is in use"

    def accept(self, assignment: Assignment) -> Lease | None:
        """As `Spool.accept`; a spool that cannot write takes nothing, it will be offered again."""
        if self.degraded or self.every == 0:
            return None
        lease = super().accept(assignment)
        if lease is not None:
            self._marks[lease] = deque()
            lease.kept = False
            self._write(packed(Accepted(assignment)), lease)
            self._accepted = True
        return lease

    def began(self, lease: Lease, process: ProcessMark | None) -> None:
        if process is not None and self.processes.get(lease) != process:
            self.processes[lease] = process
            self._write(packed(Began(*lease.key, process)))

    def knows_begun(self, lease: Lease) -> bool:
        return lease.written > 0

    def append(self, lease: Lease, body: Body) -> Record | None:
        """As `Spool.append`; where room is short it is for results, and scores get none."""
        if isinstance(body, Scored) and self.every != 1:
            return None
        record = super().append(lease, body)
        if record is not None:
            self._mark(lease, record.seq)
            self._write(packed(Appended(record, lease.batches)), lease, record.seq)
            if lease.ended:
                self._ended.append(result_path(self._results, *lease.key))
        return record

    def obey(self, order: LeaseOrder) -> Lease | None:
        lease = self.leases.get(order.trial)
        if lease is None or lease.assignment.attempt != order.attempt:
            return None
        before = lease.applied
        result = super().obey(order)
        if order.trial not in self.leases:
            self.processes.pop(lease, None)
            self._marks.pop(lease, None)
            self._write(packed(Dropped(*lease.key)))
        elif lease.applied > before:
            marks = self._marks[lease]
            while len(marks) > 1 and marks[1][0] <= lease.applied + 1:
                marks.popleft()
            if not lease.records:
                marks.clear()
            self._write(packed(Committed(*lease.key, lease.applied)))
        return result

    def _move_end(self, lease: Lease, applied: int) -> None:
        super()._move_end(lease, applied)
        self._marks[lease].clear()
        self._mark(lease, lease.seq)
        self._write(packed(Appended(lease.records[-1], lease.batches)), lease, lease.seq)

    # ------------------------------------------------------------------ the disk

    async def stored(self, *, ends: bool = True) -> bool:
        """Write what is not written; False when the disk refuses, and it stays in memory.

        Synced where an assignment or, with ``ends``, an end of a trial is among what is not, else
        when the last time is a second ago.
        """
        async with self._storing:
            loop = asyncio.get_running_loop()
            if self._failed_at and loop.time() - self._failed_at < SYNC_SECONDS:
                return False
            try:
                try:
                    await self._store(loop, ends)
                except OSError as error:
                    if not (self._ended and full(error) and self._log.release_reserve()):
                        raise
                    await self._store(loop, ends)
            except OSError as error:
                if not self._problem:
                    logger.warning("the spool cannot be written, and is kept in memory: %s", error)
                what = "is full" if full(error) else f"fails ({error.strerror})"
                self._problem, self._failed_at = f"its disk {what}", loop.time()
                return False
            if self._problem:
                logger.warning("the spool is written again")
            self._problem, self._failed_at = "", 0.0
            return True

    async def _store(self, loop: asyncio.AbstractEventLoop, ends: bool) -> None:
        """Write everything that is pending, which it stays should this fail.

        Raises:
            OSError: the disk refuses.
        """
        snapshot, keep = b"", 0
        if self._log.wants_segment:
            snapshot = packed(self._snapshot())
            firsts = [marks[0][1] for marks in self._marks.values() if marks]
            keep = min([*firsts, self._log.current + 1])
            self._pending[:0], self._unsynced = self._unsynced, []
        due = bool(self._unsynced) and loop.time() - self._synced_at >= SYNC_SECONDS
        sync = self._accepted or (ends and bool(self._ended)) or due
        sync = sync or bool(snapshot or self._problem)
        group, ended = self._pending, self._ended if sync else []
        if not (group or sync):
            return
        accepted, self._accepted, self._pending = self._accepted, False, []
        if sync:
            self._ended = []
        data = b"".join([pending.frame for pending in group])
        try:
            if ended:
                reach("spool.final.before_sync")
            if sync:
                put = partial(self._put, snapshot, data, ended, keep)
                await loop.run_in_executor(self._thread, put)
            else:
                self._log.write(b"", data, sync=False)
        except BaseException:
            frames = self._unsynced + group
            wanted = [p for p in frames if p.lease is None or not p.seq or p.seq > p.lease.applied]
            self._pending[:0], self._unsynced = wanted, []
            self._ended[:0] = ended
            self._accepted |= accepted
            raise
        finally:
            self._unwritten = sum(len(pending.frame) for pending in self._pending)
        for pending in group:
            if pending.lease is not None:
                pending.lease.kept = True
                pending.lease.written = max(pending.lease.written, pending.seq)
        if accepted:
            reach("spool.accepted")
        if ended:
            reach("spool.final.after_sync")
        self._unsynced += group
        if sync:
            self._unsynced, self._synced_at = [], loop.time()

    def sync_due(self) -> bool:
        return bool(self._unsynced or self._pending or self.degraded)

    def close(self) -> None:
        """Write the rest and let the folder go."""
        self._thread.shutdown()
        if not self._log.wants_segment:
            with suppress(OSError):
                rest = b"".join(pending.frame for pending in self._pending)
                self._log.write(b"", rest, sync=True)
        self._log.close()
        self._lock.close()

    def _put(self, snapshot: bytes, data: bytes, ended: list[str], keep: int) -> None:
        """In the thread: write and sync, and remove what is not needed any more."""
        self._log.write(snapshot, data, sync=True)
        for result in ended:
            with suppress(OSError):
                os.unlink(result)  # noqa: PTH108 - at each end of a trial
        if not self._log.reserve:
            self._log.make_reserve()
        if snapshot:
            self._log.drop_before(min(self._log.current, keep))

    def _write(self, frame: bytes, lease: Lease | None = None, seq: int = 0) -> None:
        self._pending.append(_Pending(frame, lease, seq))
        self._unwritten += len(frame)

    def _mark(self, lease: Lease, seq: int) -> None:
        """Record ``seq`` is in the current segment, or in a later one."""
        current = self._log.current
        marks = self._marks[lease]
        if not marks or marks[-1][1] != current:
            marks.append((seq, current))

    def _snapshot(self) -> Snapshot:
        return Snapshot(
            self.term,
            list(self._highest.items()),
            [
                LeaseState(
                    lease.assignment,
                    lease.applied,
                    lease.seq,
                    lease.batches,
                    self.processes.get(lease),
                )
                for lease in self.leases.values()
            ],
        )


def _locked(folder: Path) -> IO[bytes]:
    """The lock on ``folder``, which ends with the process.

    Raises:
        WrongInput: another process has it.
    """
    file = (folder / "lock").open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise WrongInput(
            f"another runner uses the folder {folder}; give each its own --name or --state-dir"
        ) from error
    return file


def _identify(folder: Path) -> Identity:
    """Who the folder says that it is, one start later.

    Raises:
        OSError: it is new and cannot be written.
    """
    path = folder / "identity.json"
    try:
        before = msgspec.json.decode(path.read_bytes(), type=Identity)
    except (FileNotFoundError, msgspec.MsgspecError):
        before = Identity(spool=uuid.uuid4().hex, starts=0)
    identity = msgspec.structs.replace(before, starts=before.starts + 1)
    try:
        write_durably(path, msgspec.json.encode(identity))
    except OSError:
        if not before.starts:
            raise
    return identity
