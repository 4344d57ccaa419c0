"""What befalls runners: killed while they train, at each failpoint, and by what they train."""

from functools import partial

from tests.chaos.arena import Arena
from tests.chaos.cases.orchestrator import KILLED, failpoints
from tests.chaos.fleet import ENDLESS, Fleet
from tests.chaos.matrix import case

BACK_SECONDS = 5.0


@case("6", "runner kill -9 at random while it trains")
async def killed_at_random(arena: Arena) -> None:
    """Its training dies with it, and is run again; what it had finished is not."""
    kills = arena.times(45, 3)
    async with Fleet(arena, runners=2, objectives=("moderate",)) as fleet:
        await fleet.study(ENDLESS)
        for _ in range(kills):
            name = arena.random.choice(list(fleet.spools))
            await fleet.until_running(name)
            await arena.pause(0.0, 1.2)
            await fleet.until(partial(_killed_nobody, fleet, name), f"{name} trains another trial")
            fleet.kill(name)
            fleet.fault(count=False, runner=name)
            await fleet.runner(name)
            await fleet.recovers(BACK_SECONDS, runner=name)
        await fleet.enough()
        await fleet.finish(repeats=kills // 5 + 1)


def _killed_nobody(fleet: Fleet, runner: str) -> bool:
    """Whether it trains, and nothing that a runner has died with: a second time is poison."""
    innocent = "SELECT min(deaths = '[]') FROM trial WHERE state = 'running' AND runner = ?"
    return fleet.rows(innocent, runner) == [(1,)]


@case("6.1", "runner kill -9 at each failpoint")
async def at_each_failpoint(arena: Arena) -> None:
    """The files of its trainings and its spool say what had ended."""
    points = [p for p in failpoints("trial_runner") if not p.startswith("child.")]
    async with Fleet(arena, runners=1, slots=2) as fleet:
        await fleet.study(10 * len(points))
        for point in points:
            fleet.kill("gpu1")
            nth = arena.random.randint(1, 4)
            await fleet.runner("gpu1", failpoint=f"{point}:{nth}:kill")
            await _dies(arena, fleet, f"{point}:{nth}")
            await fleet.runner("gpu1")
            await fleet.recovers(BACK_SECONDS)
        await fleet.finish(repeats=2)


@case("7", "runner kill -9 between its training's result and its spool")
async def result_not_spooled(arena: Arena) -> None:
    """The file of the training is its result: nothing is trained twice."""
    await _dies_at(arena, "agent.final.received")


@case("8", "runner kill -9 after its spool has the result, before it is sent")
async def result_not_sent(arena: Arena) -> None:
    """The spool has it: counted once, trained once."""
    await _dies_at(arena, "spool.final.after_sync")


@case("8.1", "training kill -9 after its result is written, before its runner hears of it")
async def training_dies_with_its_result(arena: Arena) -> None:
    """Its file is its result for a runner that lives, too."""
    async with Fleet(arena, runners=2) as fleet:
        await fleet.study(8)
        fleet.kill("gpu1")
        await fleet.runner("gpu1", failpoint="child.result.written:3:kill")
        await fleet.finish()


async def _dies_at(arena: Arena, point: str) -> None:
    times = arena.times(5, 2)
    async with Fleet(arena, runners=1) as fleet:
        await fleet.study(8 * times)
        for _ in range(times):
            fleet.processes["gpu1"].interrupt()
            await fleet.ends("gpu1")
            nth = arena.random.randint(1, 5)
            await fleet.runner("gpu1", failpoint=f"{point}:{nth}:kill")
            await _dies(arena, fleet, f"{point}:{nth}")
            await fleet.runner("gpu1")
            await fleet.recovers(BACK_SECONDS)
        await fleet.finish()


async def _dies(arena: Arena, fleet: Fleet, where: str) -> None:
    died = await fleet.ends("gpu1")
    arena.expect(died == KILLED, f"at {where} it ended with {died}")
    arena.injected("kill -9 of a runner")
    fleet.fault(count=False)


@case("17", "trial that kills the runner that has it")
async def poison(arena: Arena) -> None:
    """It kills two runners, one of them twice at most, and no third."""
    async with Fleet(arena, runners=3, objectives=("poison",)) as fleet:
        await fleet.study(8)
        killed: list[str] = []
        while not _failures(fleet):
            await fleet.until(
                lambda: _dead(fleet) or _failures(fleet), "a runner dies, or the trial has failed"
            )
            for name in _dead(fleet):
                killed.append(name)
                arena.injected("kill -9 of a runner")
                fleet.fault(count=False)
                await fleet.runner(name)
                await fleet.recovers(BACK_SECONDS)
        await fleet.finish({"complete": 7, "failed": 1})
        arena.expect(len({*killed}) == 2 and len(killed) <= 3, f"it killed {killed}")
        failures = _failures(fleet)
        arena.expect(failures == [("poison",)], f"it failed as {failures}")


def _failures(fleet: Fleet) -> list[tuple[str]]:
    return fleet.rows("SELECT failure FROM trial WHERE number = 1 AND failure IS NOT NULL")


def _dead(fleet: Fleet) -> list[str]:
    return [name for name in fleet.spools if fleet.processes[name].process.poll() is not None]
