"""What befalls the broker: ended, killed, wiped, frozen, an alarm, a full disk, a full queue."""

import asyncio
import time
from collections.abc import Callable

from schema.identity import clients_inbox, runner_queue, runners_inbox
from tests.chaos.arena import Arena, NotHere
from tests.chaos.cases.storage import disk
from tests.chaos.fleet import ENDLESS, ORCHESTRATOR, Fleet
from tests.chaos.matrix import case
from tests.chaos.oracle import truth_lines
from tests.chaos.outage import NOTICING, begin, held_its_trial, trains_on, unbroken
from tests.rabbitmq_node import RabbitMQNode, installed_home

BACK_SECONDS = 10.0
FULL_SECONDS = 20.0
"""A queue that fills says so by then: its length is told every five seconds."""

END_SECONDS = 10.0
"""Within so much a process that is told to end has ended, whatever the broker does."""


async def _away(
    fleet: Fleet, what: str, end: Callable[[], None], *, wiped: bool = False, reports: int = 0
) -> None:
    """End the broker, see trainings go on without it, start it again, and see it used."""
    node = fleet.arena.node
    await asyncio.to_thread(end)
    fleet.arena.injected(what)
    try:
        if reports:
            await trains_on(fleet, reports)
        if wiped:
            await asyncio.to_thread(node.wipe)
    finally:
        await asyncio.to_thread(node.start)
    fleet.fault(count=False)
    await fleet.recovers(BACK_SECONDS)


@case("18", "broker ended by SIGTERM and started again", alone=True)
async def ended(arena: Arena) -> None:
    """Trainings go on without it, and nobody loses his."""
    async with Fleet(arena, objectives=("long",)) as fleet:
        await fleet.study(8)
        for _ in range(arena.times(2, 1)):
            await begin(fleet, 2)
            await _away(fleet, "broker ended", arena.node.stop, reports=20)
        await fleet.finish()
        unbroken(fleet)


@case("19", "broker kill -9 at random, under load", alone=True)
async def killed(arena: Arena) -> None:
    """What it had taken and not written does not matter: it is sent again."""
    kills = arena.times(20, 3)
    async with Fleet(arena, slots=2) as fleet:
        await fleet.study(15 * kills)
        for _ in range(kills):
            await fleet.until_running()
            await arena.pause(0.0, 0.6)
            await _away(fleet, "kill -9 of the broker", arena.node.kill)
        await fleet.finish()
        held_its_trial(fleet)


@case("20", "broker kill -9, and all that it had stored is gone", alone=True)
async def wiped(arena: Arena) -> None:
    """Queues are made again by those to whom they belong, and what was in them is sent again."""
    async with Fleet(arena, objectives=("long",)) as fleet:
        await fleet.study(8)
        for _ in range(arena.times(2, 1)):
            await begin(fleet, 2)
            await _away(fleet, "broker wiped", arena.node.kill, wiped=True, reports=20)
        await fleet.finish()
        unbroken(fleet)


@case("21", "queues deleted and purged")
async def queues_gone(arena: Arena) -> None:
    """Whoever a queue belongs to makes it again; what was in it is sent again."""
    async with Fleet(arena, **NOTICING) as fleet:
        await fleet.study(ENDLESS)
        for queue in (
            runners_inbox(fleet.name),
            clients_inbox(fleet.name),
            runner_queue("gpu1", fleet.name),
        ):
            for command in ("purge_queue", "delete_queue"):
                await fleet.until_running()
                await asyncio.to_thread(arena.node.ctl, command, queue.name)
                arena.injected(command.replace("_", "d "))
                fleet.fault(count=False, runner="gpu1")
                await fleet.recovers(BACK_SECONDS, runner="gpu1")
                service = await fleet.client.service()
                arena.expect(service.orchestrator == fleet.name, "another one answered")
        await fleet.enough()
        await fleet.finish()
        held_its_trial(fleet)


@case("22", "broker frozen for longer than connections live", alone=True)
async def frozen(arena: Arena) -> None:
    """Everybody takes it for dead, connects anew when it wakes up, and counts nothing twice."""
    async with Fleet(arena, objectives=("long",), **NOTICING) as fleet:
        await fleet.study(8)
        await begin(fleet, 2)
        arena.node.freeze()
        arena.injected("broker frozen")
        try:
            await trains_on(fleet, 60)
            await fleet.says("gpu1", "the connection was lost")
            await fleet.says(ORCHESTRATOR, "the connection was lost")
        finally:
            arena.node.thaw()
        fleet.fault(count=False)
        await fleet.recovers(BACK_SECONDS)
        await fleet.finish()
        unbroken(fleet)


@case("23", "broker's memory alarm, orchestrator ended and started under it", alone=True)
async def memory_alarm(arena: Arena) -> None:
    """Nobody who publishes hangs, and whoever ends does so in time."""
    above, below = ("0.00001",), ("absolute", "512MB")
    await _alarm(arena, "set_vm_memory_high_watermark", above, below)


@case("24", "broker's disk alarm, orchestrator ended and started under it", alone=True)
async def disk_alarm(arena: Arena) -> None:
    """As for memory."""
    await _alarm(arena, "set_disk_free_limit", ("9000GB",), ("50MB",))


async def _alarm(arena: Arena, command: str, on: tuple[str, ...], off: tuple[str, ...]) -> None:
    async with Fleet(arena, objectives=("long",), **NOTICING) as fleet:
        await fleet.study(8)
        await begin(fleet, 2)
        lines = len(truth_lines(fleet.truth))
        await asyncio.to_thread(arena.node.ctl, command, *on)
        arena.injected("alarm")
        try:
            alarms = await asyncio.to_thread(arena.node.ctl, "eval", "rabbit_alarm:get_alarms().")
            arena.expect("resource_limit" in alarms, f"the alarm is not on: {alarms}")
            began = time.monotonic()
            fleet.processes[ORCHESTRATOR].interrupt()
            code = await fleet.ends(ORCHESTRATOR)
            took = time.monotonic() - began
            arena.expect(code == 130, f"the orchestrator ended with {code}")
            arena.expect_prompt(took < END_SECONDS, f"the orchestrator took {took:.1f} s to end")
            await fleet.serve()
            arena.expect(len(truth_lines(fleet.truth)) > lines, "trainings stood still")
        finally:
            await asyncio.to_thread(arena.node.ctl, command, *off)
        fleet.fault(count=False)
        await fleet.recovers(BACK_SECONDS)
        await fleet.finish()
        unbroken(fleet)


@case("25", "broker's disk is full, down to the last block; freed, and started again")
async def no_space(arena: Arena) -> None:
    """It fails in the middle of what it writes, and nobody loses anything by that.

    It has to be started again: quorum queues of RabbitMQ 3.10 whose log could not be written stand
    still for ever, in a broker that answers everybody.
    """
    home = installed_home()
    if home is None:
        raise NotHere("rabbitmq-server is not installed")
    async with disk(arena, "400m") as small:
        place = small.folder / "node"
        place.mkdir()
        node = await asyncio.to_thread(RabbitMQNode(home, place).__enter__)
        try:
            own = Arena(arena.findings, arena.folder, node, seed=arena.seed, quick=arena.quick)
            async with Fleet(own, objectives=("long",), **NOTICING) as fleet:
                await asyncio.to_thread(node.ctl, "set_disk_free_limit", "1000")
                await fleet.study(8)
                await begin(fleet, 2)
                await asyncio.to_thread(small.fill)
                own.injected("full disk")
                await trains_on(fleet, 40)
                await asyncio.to_thread(small.free)
                await asyncio.to_thread(node.kill)
                await asyncio.to_thread(node.start)
                fleet.fault(count=False)
                await fleet.recovers(BACK_SECONDS)
                await fleet.finish()
                unbroken(fleet)
        finally:
            await asyncio.to_thread(node.__exit__)


@case("26", "orchestrator's inbox is full")
async def inbox_full(arena: Arena) -> None:
    """A refused record stays in its spool, and is sent when there is room."""
    policy = "chaos-full"
    async with Fleet(arena, objectives=("long",), **NOTICING) as fleet:
        inbox = runners_inbox(fleet.name).name
        limit = ("set_policy", "--apply-to", "queues", policy, inbox, '{"max-length": 10}')
        await asyncio.to_thread(arena.node.ctl, *limit)
        await fleet.study(8)
        await begin(fleet, 2)
        fleet.kill(ORCHESTRATOR)
        before = len(truth_lines(fleet.truth))
        await trains_on(fleet, 100)
        said = len(truth_lines(fleet.truth)) - before
        waiting = 0
        async with asyncio.timeout(FULL_SECONDS):
            while waiting < 10:
                waiting = await asyncio.to_thread(_waiting, arena.node, inbox)
        arena.injected("full queue")
        arena.expect(10 <= waiting < said, f"{waiting} of {said} wait in an inbox for 10")
        await fleet.serve()
        fleet.fault(count=False)
        await fleet.recovers(BACK_SECONDS)
        await asyncio.to_thread(arena.node.ctl, "clear_policy", policy)
        await fleet.finish()
        unbroken(fleet)


def _waiting(node: RabbitMQNode, queue: str) -> int:
    lines = node.ctl("list_queues", "--no-table-headers", "name", "messages").splitlines()
    return next(int(count) for name, count in map(str.split, lines) if name == queue)


@case("27", "broker closes channels that hold a message for 2 s; trials take 5", alone=True)
async def consumer_timeout(arena: Arena) -> None:
    """Nothing is held while a trial runs, so no channel of ours is closed."""
    node = arena.node
    await asyncio.to_thread(_consumer_timeout, node, 2000, 500)
    try:
        async with Fleet(arena, objectives=("long",)) as fleet:
            arena.injected("short timeout")
            await fleet.study(4)
            await begin(fleet, 2)
            before = await asyncio.to_thread(_consumers, node, fleet.name)
            await fleet.until_ended(4)
            after = await asyncio.to_thread(_consumers, node, fleet.name)
            arena.expect(len(before) >= 4, f"consumers are {before}")
            arena.expect(before == after, f"channels were closed: {before} became {after}")
            await fleet.finish()
            unbroken(fleet)
    finally:
        await asyncio.to_thread(_consumer_timeout, node, 1_800_000, 60_000)


def _consumer_timeout(node: RabbitMQNode, timeout: int, tick: int) -> None:
    variables = {"consumer_timeout": timeout, "channel_tick_interval": tick}
    for name, milliseconds in variables.items():
        node.ctl("eval", f"application:set_env(rabbit, {name}, {milliseconds}).")


def _consumers(node: RabbitMQNode, orchestrator: str) -> list[str]:
    lines = node.ctl("list_consumers", "queue_name", "channel_pid").splitlines()
    return sorted(line for line in lines if f".{orchestrator}." in line)
