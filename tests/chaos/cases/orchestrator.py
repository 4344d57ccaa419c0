"""What befalls the orchestrator: killed at every failpoint and at random, frozen, two at once."""

import asyncio
import os
import re
import shutil
from pathlib import Path

from tests.chaos.arena import Arena
from tests.chaos.fleet import ENDLESS, ORCHESTRATOR, Fleet
from tests.chaos.matrix import case

ROOT = Path(__file__).parents[3]
BACK_SECONDS = 5.0
HEARTBEAT_SECONDS = 5.0
"""A runner that has nothing to do finds a new orchestrator with its next heartbeat."""
KILLED = -9


def failpoints(package: str) -> list[str]:
    """Every failpoint that the source of ``package`` names."""
    found: set[str] = set()
    for file in sorted((ROOT / package).rglob("*.py")):
        for call in re.findall(r"\breach\(([^)]*)", file.read_text("utf-8")):
            found |= set(re.findall(r'"([\w.]+)"', call))
    return sorted(found)


@case("1", "orchestrator kill -9 at each failpoint")
async def at_each_failpoint(arena: Arena) -> None:
    """Each orchestrator dies at another place, with a client waiting for its answer."""
    async with Fleet(arena, runners=2) as fleet:
        await fleet.study(4)
        for round_, point in enumerate(failpoints("orchestrator")):
            fleet.kill(ORCHESTRATOR)
            first = not point.startswith("service.")
            nth = 1 if first else arena.random.randint(1, 6)
            await fleet.serve(failpoint=f"{point}:{nth}:kill")
            asking = asyncio.create_task(fleet.study(8, name=f"s{round_}"))
            if point == "settings.changed":
                await asking
                change = fleet.client.change_settings("s", {"weight": 2.0})
                changing = asyncio.create_task(change)
            died = await fleet.ends(ORCHESTRATOR)
            arena.expect(died == KILLED, f"at {point}:{nth} it ended with {died}")
            arena.injected(f"kill -9 of the {ORCHESTRATOR}")
            fleet.fault(count=False)
            await fleet.serve()
            arena.recovered_in(fleet.since_fault(), BACK_SECONDS)
            await asking
            if point == "settings.changed":
                arena.expect((await changing).version == 2, "a change happened twice")
            await fleet.recovers(BACK_SECONDS + HEARTBEAT_SECONDS)
        await fleet.finish()


@case("2", "orchestrator kill -9 at random")
async def killed_at_random(arena: Arena) -> None:
    """Killed again and again, a moment after it serves, while trials end all the time."""
    kills = arena.times(40, 3)
    async with Fleet(arena, runners=2, slots=2) as fleet:
        await fleet.study(ENDLESS)
        for _ in range(kills):
            await fleet.until_running()
            await arena.pause(0.0, 0.6)
            fleet.kill(ORCHESTRATOR)
            await fleet.serve()
            await fleet.recovers(BACK_SECONDS)
        await fleet.enough()
        await fleet.finish()


@case("3", "orchestrator frozen, replaced although it lives, thawed")
async def replaced_while_frozen(arena: Arena) -> None:
    """Somebody removes the lock of a frozen orchestrator; it may not write when it wakes up."""
    async with Fleet(arena, runners=2) as fleet:
        await fleet.study(60)
        await fleet.until_ended(3)
        fleet.stop(ORCHESTRATOR)
        frozen = fleet.processes[ORCHESTRATOR]
        refused = fleet.start_serve()
        arena.expect(await fleet.ends(ORCHESTRATOR) == 2, "a second one took the database")
        arena.expect("in use by another" in refused.said, refused.said)
        os.unlink(f"{fleet.database}.lock")  # noqa: PTH108 - as somebody does who is in a hurry
        fleet.fault(count=False)
        await fleet.serve()
        await fleet.recovers()
        fleet.processes["frozen"] = frozen
        fleet.go_on("frozen")
        code = await fleet.ends("frozen")
        arena.expect(code == 1, f"the one that was replaced ended with {code}")
        arena.expect("another orchestrator took over" in frozen.said, frozen.said)
        await fleet.finish()


@case("4", "two orchestrators started together")
async def two_at_once(arena: Arena) -> None:
    """One serves, the other says who has the database."""
    async with Fleet(arena, runners=1) as fleet:
        await fleet.study(20)
        for _ in range(arena.times(4, 2)):
            fleet.kill(ORCHESTRATOR)
            twins = [fleet.start_serve(), fleet.start_serve()]
            fleet.processes["twin"] = twins[0]
            await fleet.until(
                lambda twins=twins: any(t.process.poll() is not None for t in twins),  # type: ignore[misc]
                "one of two gives up",
            )
            loser = next(t for t in twins if t.process.poll() is not None)
            winner = next(t for t in twins if t is not loser)
            arena.expect(loser.process.returncode == 2, f"it ended with {loser.process.returncode}")
            fleet.processes[ORCHESTRATOR], fleet.processes["twin"] = winner, loser
            await fleet.says("twin", "in use by another trialmq")
            await fleet.says(ORCHESTRATOR, "serving .* as")
            await fleet.recovers(BACK_SECONDS)
        await fleet.finish()


@case("5", "database restored from an older copy under a running fleet")
async def older_copy(arena: Arena) -> None:
    """Runners obey no term that is over, and say so; with the right database all goes on."""
    async with Fleet(arena, runners=1) as fleet:
        await fleet.study(20)
        await fleet.until_ended(2)
        fleet.kill(ORCHESTRATOR)
        older, right = fleet.folder / "older.db", fleet.folder / "right.db"
        shutil.copy(fleet.database, older)
        _with_log(fleet.database, older)
        for _ in range(2):
            await fleet.serve()
            await fleet.recovers()
            fleet.kill(ORCHESTRATOR)
        _moved(fleet.database, right)
        _moved(older, fleet.database)
        arena.injected("older copy")
        before = fleet.ended()
        await fleet.serve()
        await fleet.says("gpu1", "gpu1 ignores an orchestrator of term 2, since it has seen term 3")
        arena.expect(fleet.ended() == before, "an orchestrator of the past decided something")
        fleet.kill(ORCHESTRATOR)
        _moved(right, fleet.database)
        await fleet.serve()
        await fleet.finish()


def _with_log(database: Path, copy: Path) -> None:
    for suffix in ("-wal",):
        beside = database.with_name(database.name + suffix)
        if beside.exists():
            shutil.copy(beside, copy.with_name(copy.name + suffix))


def _moved(database: Path, to: Path) -> None:
    """A database with its log, to where no other one's log is left."""
    for suffix in ("-wal", "-shm", ""):
        to.with_name(to.name + suffix).unlink(missing_ok=True)
        beside = database.with_name(database.name + suffix)
        if beside.exists() and suffix != "-shm":
            shutil.move(beside, to.with_name(to.name + suffix))
