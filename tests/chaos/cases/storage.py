"""What befalls the disks of orchestrator and runners: full, failing, torn, with a flipped bit."""

import asyncio
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from tests.chaos.arena import Arena, NotHere
from tests.chaos.fleet import ORCHESTRATOR, Fleet
from tests.chaos.matrix import case
from tests.chaos.oracle import truth_lines
from trialmq.cli.verify import verified

DATABASE_DISK, SPOOL_DISK = "24m", "6m"
BACK_SECONDS = 5.0 + 5.0
"""After a disk is well again: the longest pause between two tries, and a record."""


class Disk:
    """A small file system of its own in memory, which can be filled and freed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filling = folder / "filling"

    def fill(self) -> None:
        """Not a block is free any more."""
        with self._filling.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue

    def free(self) -> None:
        """There is room again."""
        self._filling.unlink()


@asynccontextmanager
async def disk(arena: Arena, size: str) -> AsyncIterator[Disk]:
    """A disk of so many bytes.

    Raises:
        NotHere: only root may mount one.
    """
    folder = arena.folder / "disk"
    folder.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={size},mode=700", "none"]
    await asyncio.to_thread(_root, "mount", *options, str(folder))
    try:
        yield Disk(folder)
    finally:
        await asyncio.to_thread(_root, "umount", "--lazy", str(folder))


def _root(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise NotHere(f"no file system can be mounted: {done.stderr.strip()}")


@case("39", "orchestrator's disk is full")
async def database_disk_full(arena: Arena) -> None:
    """It decides nothing and says so, trainings go on, and what was stored is whole."""
    async with (
        disk(arena, DATABASE_DISK) as small,
        Fleet(arena, runners=2, objectives=("long",), folder=small.folder) as fleet,
    ):
        await fleet.study(4)
        for times in range(1, arena.times(2, 1) + 1):
            await fleet.until_running(trials=2)
            await asyncio.to_thread(small.fill)
            arena.injected("full disk")
            await fleet.says(ORCHESTRATOR, "nothing is decided until", times=times)
            lines = len(truth_lines(fleet.truth))
            before = fleet.ended()
            await fleet.until(
                lambda n=lines: len(truth_lines(fleet.truth)) > n,  # type: ignore[misc]
                "trainings go on",
            )
            degraded = (await fleet.client.service()).degraded
            arena.expect("disk is full" in degraded, f"clients are told {degraded!r}")
            arena.expect(fleet.ended() == before, "something was decided")
            await asyncio.to_thread(small.free)
            fleet.fault(count=False)
            await fleet.recovers(BACK_SECONDS)
        await fleet.finish()


@case("40", "database cannot be written (SIGXFSZ, EFBIG)")
async def database_fails(arena: Arena) -> None:
    """A transaction is gone whole, and stored again when the disk is well."""
    async with Fleet(arena, runners=2) as fleet:
        await fleet.study(60)
        for times in range(1, arena.times(3, 1) + 1):
            await fleet.until_ended(8 * times)
            process = fleet.processes[ORCHESTRATOR].process.pid
            no_limit = resource.RLIM_INFINITY
            resource.prlimit(process, resource.RLIMIT_FSIZE, (4096, no_limit))
            arena.injected("I/O error")
            await fleet.says(ORCHESTRATOR, "nothing is decided until", times=times)
            resource.prlimit(process, resource.RLIMIT_FSIZE, (no_limit, no_limit))
            fleet.fault(count=False)
            await fleet.recovers(BACK_SECONDS)
        await fleet.finish()


@case("41", "database's log torn, or with a flipped bit, after a power failure")
async def torn_log(arena: Arena) -> None:
    """What is left is sound and an earlier moment of the whole; a kill -9 alone loses nothing."""
    async with Fleet(arena, runners=2, slots=2) as fleet:
        await fleet.study(40)
        await fleet.until_ended(20)
        fleet.kill(ORCHESTRATOR)
        copy = fleet.folder / "copy"
        copy.mkdir()
        for file in (fleet.database, fleet.database.with_name("studies.db-wal")):
            shutil.copy(file, copy / file.name)
        await fleet.serve()
        await fleet.recovers()
        await asyncio.to_thread(_tear, arena, copy, arena.times(200, 40))
        await fleet.finish()


def _tear(arena: Arena, whole: Path, times: int) -> None:
    log = (whole / "studies.db-wal").read_bytes()
    torn = whole / "torn"
    for number in range(times):
        torn.mkdir()
        shutil.copy(whole / "studies.db", torn)
        at = arena.random.randrange(len(log))
        if number % 2:
            said = log[:at]
        else:
            said = log[:at] + bytes([log[at] ^ (1 << arena.random.randrange(8))]) + log[at + 1 :]
        (torn / "studies.db-wal").write_bytes(said)
        arena.injected("torn log")
        how = f"{'cut' if number % 2 else 'flipped'} at byte {at} of {len(log)}"
        with closing(sqlite3.connect(torn / "studies.db")) as db:
            ours = db.execute("PRAGMA application_id").fetchone() != (0,)
            first, last, count = (
                db.execute(
                    "SELECT coalesce(min(id), 1), coalesce(max(id), 0), count(*) FROM event"
                ).fetchone()
                if ours
                else (1, 0, 0)
            )
        arena.expect((first, last) == (1, count), f"{how}: events {first} to {last} are {count}")
        if ours:
            found = verified(torn / "studies.db", (), ())
            arena.expect(found.well, f"{how}: {found.database.violations[:2]}")
        shutil.rmtree(torn)


@case("42", "runner's disk is full, while the orchestrator is away and the runner is killed")
async def spool_disk_full(arena: Arena) -> None:
    """Training goes on, and its result is in the spool: the ballast made room for it."""
    async with (
        disk(arena, SPOOL_DISK) as small,
        Fleet(arena, runners=1, objectives=("long",), spools=small.folder) as fleet,
    ):
        await fleet.study(2)
        await fleet.until_running("gpu1")
        fleet.kill(ORCHESTRATOR)
        await asyncio.to_thread(small.fill)
        arena.injected("full disk")
        await fleet.until(lambda: _lines(fleet, "finish") == 1, "the training ends")
        ballast = fleet.spools["gpu1"] / "ballast"
        await fleet.until(lambda: not ballast.exists(), "the ballast is used")
        await fleet.says("gpu1", "trial 0 complete")
        fleet.kill("gpu1")
        await fleet.runner("gpu1")
        await fleet.serve()
        await fleet.until_ended(1)
        await asyncio.to_thread(small.free)
        fleet.fault(count=False)
        await fleet.recovers(BACK_SECONDS)
        await fleet.finish()


def _lines(fleet: Fleet, event: str) -> int:
    return sum(1 for line in truth_lines(fleet.truth) if line.event == event)


@case("43", "runner's spool with a corrupted tail")
async def corrupted_spool(arena: Arena) -> None:
    """The damaged end is cut off and the rest used; what was lost with it is run again, at the
    latest when its lease has run out."""
    times = arena.times(6, 2)
    async with Fleet(
        arena, runners=1, slots=2, objectives=("moderate",), CHAOS_LEASE_SECONDS="6"
    ) as fleet:
        await fleet.study(6 * times)
        for _ in range(times):
            begun = _lines(fleet, "start")
            await fleet.until(lambda n=begun: _lines(fleet, "start") > n, "a training begins")  # type: ignore[misc]
            finished = _lines(fleet, "finish")
            fleet.kill(ORCHESTRATOR)
            await fleet.until(
                lambda n=finished: _lines(fleet, "finish") > n,  # type: ignore[misc]
                "a result waits in the spool",
            )
            fleet.kill("gpu1")
            segment = max(fleet.spools["gpu1"].glob("*.log"))
            data = bytearray(segment.read_bytes())
            at = arena.random.randrange(len(data) - min(200, len(data)), len(data))
            data[at] ^= 1 << arena.random.randrange(8)
            segment.write_bytes(data)
            arena.injected("flipped bit")
            await asyncio.gather(fleet.serve(), fleet.runner("gpu1"))
            fleet.fault(count=False)
            await fleet.recovers()
        await fleet.finish(repeats=2 * times)
