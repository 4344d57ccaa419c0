"""What befalls time and means: clocks that step, hosts that sleep, races, load, few descriptors."""

import asyncio
import resource
import signal

from schema.pruning import PrunerSettings
from tests.chaos.arena import Arena
from tests.chaos.fleet import ENDLESS, ORCHESTRATOR, Fleet
from tests.chaos.matrix import case

BACK_SECONDS = 5.0
DAY = 24 * 3600
LEASE_SECONDS = 6.0
FEW = 3


@case("44", "wall clock steps by +3 days, -1 day and back while trials run")
async def clock_steps(arena: Arena) -> None:
    """No lease runs out, and no duration is of days: only the monotonic clock counts."""
    clock = arena.folder / "clock"
    clock.write_text("0")
    async with Fleet(arena, runners=2, objectives=("long",), CHAOS_CLOCK=str(clock)) as fleet:
        await fleet.study(4)
        for days in (3, -1, 0):
            await fleet.until_running(trials=2)
            clock.write_text(str(days * DAY))
            fleet.fault()
            await fleet.recovers(BACK_SECONDS)
        await fleet.finish()
        again = fleet.rows("SELECT count(*) FROM attempt WHERE number > 1")
        arena.expect(again == [(0,)], f"{again[0][0]} attempts were lost")
        longest = fleet.rows("SELECT min(seconds), max(seconds) FROM trial")[0]
        arena.expect(4 < longest[0] <= longest[1] < 60, f"trials took {longest} s")
        held = fleet.rows("SELECT count(*) FROM attempt WHERE ended - started > 2 * 86400")
        arena.expect(held, "nothing was stored under the wrong clock")


@case(
    "45",
    "host suspended for longer than a lease (every process and the broker stand still)",
    alone=True,
)
async def suspended(arena: Arena) -> None:
    """Timers begin anew: nobody has lost a lease when all wake up together."""
    lease = str(LEASE_SECONDS)
    async with Fleet(arena, runners=2, objectives=("long",), CHAOS_LEASE_SECONDS=lease) as fleet:
        await fleet.study(4)
        await fleet.until_running(trials=2)
        fleet.everybody(signal.SIGSTOP)
        arena.node.freeze()
        fleet.fault()
        await asyncio.sleep(2 * LEASE_SECONDS)  # what is tested is the time that passes
        arena.node.thaw()
        fleet.everybody(signal.SIGCONT)
        fleet.fault(count=False)
        await fleet.recovers(BACK_SECONDS)
        await fleet.finish()
        again = fleet.rows("SELECT count(*) FROM attempt WHERE number > 1")
        arena.expect(again == [(0,)], f"{again[0][0]} attempts were lost")


@case("46", "trials pruned at the moment at which they finish")
async def prune_races_finish(arena: Arena) -> None:
    """The first end that its runner writes is the one that counts."""
    trials = arena.times(1000, 150)
    pruner = PrunerSettings(pruner="threshold", parameters={"lower": -1.0, "n_warmup_steps": 1})
    async with Fleet(arena, runners=2, slots=4, objectives=("loses_at_the_end",)) as fleet:
        arena.injected("race", trials)
        await fleet.study(trials, pruner=pruner)
        await fleet.finish(
            lambda ended: ended.keys() == {"complete", "pruned"} and sum(ended.values()) == trials
        )


@case("50", "orchestrator's event loop stands still for 5 s, in the middle of a turn")
async def loop_blocked(arena: Arena) -> None:
    """Nobody loses a lease for what the orchestrator could not hear."""
    async with Fleet(arena, runners=2, CHAOS_LEASE_SECONDS="8") as fleet:
        await fleet.study(40)
        for point in ("service.after_commit", "service.before_commit"):
            fleet.kill(ORCHESTRATOR)
            await fleet.serve(failpoint=f"{point}:20:delay", CHAOS_DELAY_SECONDS="5")
            fleet.fault()
            await fleet.recovers()
        await fleet.finish()
        again = fleet.rows("SELECT count(*) FROM attempt WHERE number > 1")
        arena.expect(again == [(0,)], f"{again[0][0]} attempts were lost")


@case("51", "brief trials on four runners, orchestrator and runners kill -9 at random")
async def brief_trials(arena: Arena) -> None:
    """Trials of 10 ms go on whoever dies, and each is counted once."""
    kills = arena.times(24, 4)
    async with Fleet(arena, runners=4, objectives=("brief",)) as fleet:
        await fleet.study(ENDLESS)
        for number in range(kills):
            await fleet.until_running()
            await arena.pause(0.0, 0.3)
            if number % 3 == 0:
                fleet.kill(ORCHESTRATOR)
                await fleet.serve()
            else:
                name = arena.random.choice(list(fleet.spools))
                fleet.kill(name)
                await fleet.runner(name)
            await fleet.recovers(BACK_SECONDS)
        await fleet.enough()
        await fleet.finish(repeats=kills)


@case("53", "no file descriptor is left, while connections break")
async def no_descriptors(arena: Arena) -> None:
    """Degraded, and well again when there are some; nobody dies of it."""
    names = (ORCHESTRATOR, "gpu1")
    async with Fleet(arena, runners=2, proxied=names) as fleet:
        await fleet.study(60)
        for name in names:
            await fleet.until_running()
            process = fleet.processes[name].process.pid
            before = resource.prlimit(process, resource.RLIMIT_NOFILE)
            resource.prlimit(process, resource.RLIMIT_NOFILE, (FEW, before[1]))
            fleet.proxies[name].reset()
            fleet.fault()
            await asyncio.sleep(3.0)  # so long it lives without
            resource.prlimit(process, resource.RLIMIT_NOFILE, before)
            fleet.fault(count=False)
            await fleet.recovers(2 * BACK_SECONDS)
            alive = fleet.processes[name].process.poll() is None
            arena.expect(alive, f"{name} died: {fleet.processes[name].said[-300:]}")
        await fleet.finish()
