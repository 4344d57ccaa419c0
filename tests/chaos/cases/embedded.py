"""Row 56: the same on one machine, where `trialmq run` is orchestrator, broker and runners."""

import asyncio

from tests.chaos.arena import Arena
from tests.chaos.cases.orchestrator import KILLED, failpoints
from tests.chaos.cases.storage import DATABASE_DISK, disk
from tests.chaos.matrix import case
from tests.chaos.processes import Processes
from tests.chaos.solo import SWEEP, Solo

BACK_SECONDS = 5.0


@case("56.1", "embedded: killed at each failpoint")
async def at_each_failpoint(arena: Arena) -> None:
    """The next run of the same command goes on."""
    points = [p for p in failpoints("orchestrator") if p != "settings.changed"]
    points += ["agent.final.received", "agent.acknowledged", "agent.before_publish"]
    async with Solo(arena, "steady", 12 * len(points)) as solo:
        for point in points:
            solo.kill(SWEEP)
            nth = 1 if point == "study.created" else arena.random.randint(1, 8)
            solo.run(failpoint=f"{point}:{nth}:kill")
            died = await solo.ends(SWEEP)
            arena.expect(died == KILLED, f"at {point}:{nth} it ended with {died}")
            arena.injected(f"kill -9 of the {SWEEP}")
            solo.fault(count=False)
            solo.run()
            await solo.recovers(BACK_SECONDS)
        await solo.finish(repeats=2 * len(points))


@case("56.2", "embedded: kill -9 at random")
async def killed_at_random(arena: Arena) -> None:
    """Everything dies at once, again and again."""
    kills = arena.times(15, 3)
    async with Solo(arena, "steady", 12 * kills) as solo:
        for _ in range(kills):
            await solo.until_running()
            await arena.pause(0.0, 0.6)
            solo.kill(SWEEP)
            solo.run()
            await solo.recovers(BACK_SECONDS)
        await solo.finish(repeats=2 * kills)


async def _faulty(
    arena: Arena, objective: str, trials: int, failed: dict[int, list[str]], *options: str
) -> None:
    """A sweep with trials that fail in a known way, each attempt of them."""
    async with Solo(arena, objective, trials, *options) as solo:
        arena.injected(objective.replace("_", " "), sum(map(len, failed.values())))
        states = {"complete": trials - len(failed), "failed": len(failed)}
        await solo.finish({state: count for state, count in states.items() if count})
        for trial, expected in failed.items():
            found = _kinds(solo, trial)
            arena.expect(found == expected, f"trial {trial} failed as {found}")


def _kinds(solo: Processes, trial: int) -> list[str]:
    rows = solo.rows(
        "SELECT a.failure FROM attempt a JOIN trial t ON t.id = a.trial "
        "WHERE t.number = ? ORDER BY a.number",
        trial,
    )
    return [kind for (kind,) in rows]


@case("56.9", "embedded: training crashes its process")
async def segfault(arena: Arena) -> None:
    """Tried three times."""
    await _faulty(arena, "segfaults", 8, {1: ["crash"] * 3})


@case("56.12", "embedded: training hangs")
async def hangs(arena: Arena) -> None:
    """Killed when its time is over."""
    failed = {1: ["timeout"], 2: ["timeout"]}
    await _faulty(arena, "hangs", 8, failed, "--trial-timeout", "2")


@case("56.13", "embedded: training has grandchildren in groups of their own")
async def has_a_family(arena: Arena) -> None:
    """They go with it."""
    await _faulty(arena, "has_a_family", 4, {1: ["timeout"]}, "--trial-timeout", "2")


@case("56.14", "embedded: training prints 1 GB")
async def prints_much(arena: Arena) -> None:
    """Its end is kept."""
    async with Solo(arena, "prints_a_gigabyte", 4) as solo:
        arena.injected("1 GB of output")
        await solo.finish()
        [(output,)] = solo.rows(
            "SELECT output FROM attempt a JOIN trial t ON t.id = a.trial WHERE t.number = 1"
        )
        arena.expect(output.endswith("the last line\n"), f"kept was …{output[-40:]!r}")


@case("56.15", "embedded: training writes garbage on its runner's connection")
async def garbage(arena: Arena) -> None:
    """The trial fails for that."""
    await _faulty(arena, "writes_garbage", 8, {1: ["bad result"], 2: ["bad result"]})


@case("56.16", "embedded: training reports NaN, infinity, and returns no result")
async def strange_values(arena: Arena) -> None:
    """Each failure has its kind."""
    failed = {1: ["not a number"], 2: ["bad result"], 3: ["bad result"]}
    await _faulty(arena, "strange_values", 6, failed)


@case("56.39", "embedded: disk is full")
async def disk_full(arena: Arena) -> None:
    """The sweep ends with a sentence, and goes on when there is room."""
    async with (
        disk(arena, DATABASE_DISK) as small,
        Solo(arena, "steady", 30, folder=small.folder) as solo,
    ):
        await solo.until_ended(8)
        await asyncio.to_thread(small.fill)
        arena.injected("full disk")
        code = await solo.ends(SWEEP)
        arena.expect(code in (1, 2), f"it ended with {code}")
        said = solo.processes[SWEEP].said
        arena.expect("disk is full" in said, f"it said {said}")
        await asyncio.to_thread(small.free)
        solo.run()
        solo.fault(count=False)
        await solo.recovers(BACK_SECONDS)
        await solo.finish(repeats=2)


@case("56.44", "embedded: wall clock steps")
async def clock_steps(arena: Arena) -> None:
    """Nothing is lost, no duration is of days."""
    clock = arena.folder / "clock"
    clock.write_text("0")
    async with Solo(arena, "steady", 20, CHAOS_CLOCK=str(clock)) as solo:
        for days in (3, -1):
            await solo.until_running()
            clock.write_text(str(days * 86400))
            solo.fault()
            await solo.recovers(BACK_SECONDS)
        await solo.finish()
        [(longest,)] = solo.rows("SELECT max(seconds) FROM trial")
        arena.expect(longest < 60, f"a trial took {longest} s")
