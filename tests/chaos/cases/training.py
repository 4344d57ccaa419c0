"""What a training does to its runner: crashes, hangs, eats memory, prints, writes nonsense."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.arena import Arena, NotHere
from tests.chaos.fleet import Fleet
from tests.chaos.matrix import case

MEMORY = Path("/sys/fs/cgroup/memory")
MEMORY_BYTES = 200 * 1024 * 1024
LIMIT_SECONDS = 2.0
FLAT_BYTES = 48 * 1024 * 1024


def failures(fleet: Fleet, trial: int) -> list[tuple[str | None, str]]:
    """Kind of failure and reason of each attempt of a trial."""
    return fleet.rows(
        "SELECT a.failure, a.reason FROM attempt a JOIN trial t ON t.id = a.trial "
        "WHERE t.number = ? ORDER BY a.number",
        trial,
    )


def kinds(fleet: Fleet, trial: int) -> list[str | None]:
    """How each attempt of a trial failed."""
    return [kind for kind, _ in failures(fleet, trial)]


@case("9", "training crashes its process")
async def segfault(arena: Arena) -> None:
    """It is tried three times, elsewhere the second time; the others are not disturbed."""
    async with Fleet(arena, runners=2, objectives=("segfaults",)) as fleet:
        arena.injected("crash", 3)
        await fleet.study(10)
        await fleet.finish({"complete": 9, "failed": 1})
        arena.expect(kinds(fleet, 1) == ["crash"] * 3, f"failed as {failures(fleet, 1)}")
        by = fleet.rows(
            "SELECT a.runner FROM attempt a JOIN trial t ON t.id = a.trial WHERE t.number = 1"
        )
        arena.expect(len(set(by)) == 2, f"every attempt was on {by}")


@case("10", "training takes all memory of its group")
async def out_of_memory(arena: Arena) -> None:
    """The kernel ends the training and not its runner, and it is known for what it was."""
    with memory_group(arena) as group:
        async with Fleet(arena, runners=1, objectives=("eats_memory",)) as fleet:
            fleet.processes["gpu1"].interrupt()
            await fleet.ends("gpu1")
            runner = await fleet.runner("gpu1", CHAOS_MEMORY_GROUP=str(group))
            arena.injected("out of memory", 2)
            await fleet.study(6)
            await fleet.finish({"complete": 5, "failed": 1})
            arena.expect(
                kinds(fleet, 1) == ["out of memory"] * 2, f"failed as {failures(fleet, 1)}"
            )
            arena.expect("offers" in runner.said, "the runner was another one")
            await fleet.no_orphans()


@contextmanager
def memory_group(arena: Arena) -> Iterator[Path]:
    """A control group with little memory.

    Raises:
        NotHere: none can be made.
    """
    group = MEMORY / f"trialmq-chaos-{arena.findings.number}-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(MEMORY_BYTES))
    except OSError as error:
        raise NotHere(f"no control group for memory can be made: {error.strerror}") from error
    try:
        yield group
    finally:
        for process in (group / "cgroup.procs").read_text().split():
            (MEMORY / "cgroup.procs").write_text(process)
        group.rmdir()


@case("11", "training runs out of the GPU's memory (torch's error, raised by the objective)")
async def out_of_gpu_memory(arena: Arena) -> None:
    """Tried twice, and known for what it is."""
    if importlib.util.find_spec("torch") is None:
        raise NotHere("torch is not installed")
    async with Fleet(arena, runners=2, objectives=("eats_gpu_memory",)) as fleet:
        arena.injected("out of GPU memory", 2)
        await fleet.study(6)
        await fleet.finish({"complete": 5, "failed": 1})
        arena.expect(kinds(fleet, 1) == ["out of memory"] * 2, f"failed as {failures(fleet, 1)}")


@case("12", "training hangs, in Python and in a regular expression that keeps the GIL")
async def hangs(arena: Arena) -> None:
    """The runner lives and kills it when its time is over."""
    async with Fleet(arena, runners=2, objectives=("hangs",)) as fleet:
        arena.injected("hang", 2)
        await fleet.study(8, trial_seconds=LIMIT_SECONDS)
        await fleet.until_ended(6)
        seen = await fleet.client.runners()
        arena.expect(all(each.silent_seconds < 10 for each in seen), "a runner fell silent")
        await fleet.finish({"complete": 6, "failed": 2})
        for trial in (1, 2):
            arena.expect(kinds(fleet, trial) == ["timeout"], f"failed as {failures(fleet, trial)}")
        slowest = fleet.rows("SELECT max(ended - started) FROM attempt")[0][0]
        arena.expect(slowest < LIMIT_SECONDS + 5, f"it was ended after {slowest:.1f} s")


@case("13", "training ignores SIGTERM and has grandchildren in groups of their own")
async def has_a_family(arena: Arena) -> None:
    """All of them go with it, while the runner lives."""
    async with Fleet(arena, runners=1, objectives=("has_a_family",)) as fleet:
        arena.injected("hang")
        before = fleet.living()
        await fleet.study(3, trial_seconds=LIMIT_SECONDS)
        await fleet.until(lambda: fleet.living() >= before + 3, "it has a family")
        await fleet.until_ended(3)
        await fleet.until(lambda: fleet.living() <= before, "its family is gone", 10.0)
        await fleet.finish({"complete": 2, "failed": 1})


@case("14", "training prints 1 GB")
async def prints_much(arena: Arena) -> None:
    """Its end is kept; neither the runner's memory nor the disk fill."""
    async with Fleet(arena, runners=1, objectives=("prints_a_gigabyte",)) as fleet:
        runner = fleet.processes["gpu1"].process.pid
        before = resident_bytes(runner)
        arena.injected("1 GB of output")
        await fleet.study(4)
        await fleet.until_ended(4)
        grown = resident_bytes(runner) - before
        arena.expect(grown < FLAT_BYTES, f"the runner grew by {grown >> 20} MB")
        await fleet.finish()
        [(output,)] = fleet.rows(
            "SELECT output FROM attempt a JOIN trial t ON t.id = a.trial WHERE t.number = 1"
        )
        kept = output.endswith("the last line\n") and len(output) < 70_000
        arena.expect(kept, f"kept were {len(output)} characters: …{output[-40:]!r}")


@case("15", "training writes garbage, and a frame of 10 MB, on its runner's connection")
async def garbage(arena: Arena) -> None:
    """The trial fails for that; the runner goes on."""
    async with Fleet(arena, runners=2, objectives=("writes_garbage",)) as fleet:
        arena.injected("garbage", 2)
        await fleet.study(8)
        await fleet.finish({"complete": 6, "failed": 2})
        for trial in (1, 2):
            arena.expect(
                kinds(fleet, trial) == ["bad result"], f"failed as {failures(fleet, trial)}"
            )


@case("16", "training reports NaN, infinity, 1e400 and returns what is no result")
async def strange_values(arena: Arena) -> None:
    """Reports are stored as they are; a result that is none fails, with the reason."""
    async with Fleet(arena, runners=2, objectives=("strange_values",)) as fleet:
        arena.injected("strange values", 6)
        await fleet.study(6)
        await fleet.finish({"complete": 3, "failed": 3})
        found = [kinds(fleet, trial) for trial in (1, 2, 3)]
        expected = [["not a number"], ["bad result"], ["bad result"]]
        arena.expect(found == expected, f"failed as {found}")


def resident_bytes(process: int) -> int:
    """The memory of a process that is not swapped out."""
    pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
