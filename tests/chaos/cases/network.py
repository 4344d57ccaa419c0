"""What befalls the network between runners, orchestrator and broker, by a proxy between them.

Rows use short heartbeats and leases (`tests.chaos.outage`): what holds for 120 s holds for 6.
"""

import asyncio

from tests.brokers.proxy import DOWN, UP
from tests.chaos.arena import Arena
from tests.chaos.fleet import ORCHESTRATOR, Fleet
from tests.chaos.matrix import case
from tests.chaos.outage import (
    NOTICING,
    Conditions,
    begin,
    held_its_trial,
    leased,
    trains_on,
    unbroken,
)

BACK_SECONDS = 10.0


@case("28", "runner partitioned for less than its lease")
async def partitioned_briefly(arena: Arena) -> None:
    """It trains on and keeps its trial; the same attempt goes on when it is back."""
    async with Fleet(
        arena, runners=1, objectives=("long",), proxied=("gpu1",), **leased(20)
    ) as fleet:
        await fleet.study(4)
        for _ in range(arena.times(2, 1)):
            await begin(fleet, 1)
            fleet.proxies["gpu1"].swallow(UP, DOWN)
            fleet.fault()
            await trains_on(fleet, 60)
            fleet.proxies["gpu1"].heal()
            fleet.fault(count=False)
            await fleet.recovers(BACK_SECONDS)
        await fleet.finish()
        unbroken(fleet)


@case("29", "runner partitioned for longer than its lease, another one is free")
async def partitioned_and_replaced(arena: Arena) -> None:
    """The other one runs the next attempt; what the first one did comes late and never counts."""
    names = ("gpu1", "gpu2")
    async with Fleet(arena, objectives=("long",), proxied=names, **leased(3)) as fleet:
        await fleet.study(1)
        await fleet.until_running()
        [(holder,)] = fleet.rows("SELECT runner FROM trial")
        [other] = set(names) - {holder}
        fleet.proxies[holder].swallow(UP, DOWN)
        fleet.fault(runner=other)
        await fleet.recovers(runner=other)
        await fleet.until_ended(1)
        fleet.proxies[holder].heal()
        await fleet.until(lambda: fleet.rows("SELECT * FROM stale"), "its result comes late", 30.0)
        stale = fleet.rows("SELECT attempt, runner, outcome FROM stale")
        arena.expect(stale == [(1, holder, "complete")], f"what came late is {stale}")
        counted = fleet.rows("SELECT attempt, runner FROM trial")
        arena.expect(counted == [(2, other)], f"what counts is {counted}")
        await fleet.finish(repeats=1)


@case("30", "runner partitioned for longer than its lease, nobody else is there")
async def partitioned_and_taken_back(arena: Arena) -> None:
    """The trial waits for it: its holder has it back, and nothing is run again."""
    async with Fleet(
        arena, runners=1, objectives=("long",), proxied=("gpu1",), **leased(2)
    ) as fleet:
        await fleet.study(2)
        await begin(fleet, 1)
        fleet.proxies["gpu1"].swallow(UP, DOWN)
        fleet.fault()
        await fleet.until(lambda: fleet.states().get("waiting"), "the lease runs out", 20.0)
        fleet.proxies["gpu1"].heal()
        fleet.fault(count=False)
        await fleet.recovers(BACK_SECONDS)
        await fleet.finish()
        unbroken(fleet)
        losses = fleet.rows("SELECT sum(losses) FROM trial")
        arena.expect(losses == [(0,)], f"losses: {losses}")


@case("31", "one-way partition of a runner: only up, only down")
async def one_way(arena: Arena) -> None:
    """Half a connection is none, and is replaced by a whole one."""
    async with Fleet(arena, objectives=("long",), proxied=("gpu1",), **leased(30)) as fleet:
        await fleet.study(10)
        for direction in (UP, DOWN):
            await begin(fleet, 2)
            fleet.proxies["gpu1"].swallow(direction)
            fleet.fault()
            await trains_on(fleet, 100)
            fleet.proxies["gpu1"].heal()
            fleet.fault(count=False, runner="gpu1")
            await fleet.recovers(BACK_SECONDS, runner="gpu1")
        await fleet.finish()
        unbroken(fleet)


@case("32", "orchestrator partitioned from the broker for longer than a lease")
async def orchestrator_away(arena: Arena) -> None:
    """Longer than a lease: since it hears nobody, nobody loses his."""
    async with Fleet(arena, objectives=("long",), proxied=(ORCHESTRATOR,), **leased(4)) as fleet:
        await fleet.study(8)
        for _ in range(arena.times(2, 1)):
            await begin(fleet, 2)
            fleet.proxies[ORCHESTRATOR].swallow(UP, DOWN)
            fleet.fault()
            await trains_on(fleet, 100)
            await asyncio.sleep(6.0)  # what is tested is the time that passes
            fleet.proxies[ORCHESTRATOR].heal()
            fleet.fault(count=False)
            await fleet.recovers(BACK_SECONDS)
        await fleet.finish()
        unbroken(fleet)


@case("33", "connections of everybody reset again and again")
async def resets(arena: Arena) -> None:
    """Every party comes back every time; none of its tasks has ended in silence."""
    everybody = (ORCHESTRATOR, "gpu1", "gpu2")
    async with Fleet(arena, slots=2, proxied=everybody) as fleet:
        times = arena.times(20, 6)
        await fleet.study(8 * times)
        for _ in range(times):
            await arena.pause(0.2, 1.4)
            for proxy in fleet.proxies.values():
                proxy.reset()
            fleet.fault()
        await fleet.recovers(BACK_SECONDS)
        await fleet.finish()
        held_its_trial(fleet)
        for name in everybody:
            said = fleet.processes[name].said
            for word in ("Traceback", "was destroyed", "never retrieved"):
                arena.expect(word not in said, f"{name} said {word}: {said[-1000:]}")


@case("34", "half a second of latency each way and 256 kbit/s, for everybody")
async def slow(arena: Arena) -> None:
    """All takes longer, and nobody loses a lease by that."""
    everybody = (ORCHESTRATOR, "gpu1", "gpu2")
    patient = Conditions(CHAOS_LEASE_SECONDS="15", CHAOS_HEARTBEAT_SECONDS="2")
    async with Fleet(arena, objectives=("long",), proxied=everybody, **patient) as fleet:
        await fleet.study(4)
        await begin(fleet, 2)
        for proxy in fleet.proxies.values():
            proxy.slow(0.5, 32_000)
        fleet.fault()
        await fleet.recovers(BACK_SECONDS)
        await fleet.finish()
        unbroken(fleet)


@case("35", "bytes on the wire are others than were sent, without TLS")
async def corrupted(arena: Arena) -> None:
    """What is broken is dropped or put aside, and sent again: no wrong value is stored."""
    everybody = (ORCHESTRATOR, "gpu1", "gpu2")
    async with Fleet(arena, proxied=everybody, **NOTICING) as fleet:
        times = arena.times(12, 3)
        await fleet.study(20 * times)
        for _ in range(times):
            await fleet.until_running()
            for proxy in fleet.proxies.values():
                proxy.corrupt(UP, 3e-4, arena.random.randrange(2**32))
                proxy.corrupt(DOWN, 3e-4, arena.random.randrange(2**32))
            fleet.fault()
            await arena.pause(0.5, 1.5)
            for proxy in fleet.proxies.values():
                proxy.heal()
            fleet.fault(count=False)
            await fleet.recovers(BACK_SECONDS)
        await fleet.finish()
