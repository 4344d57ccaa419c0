"""What befalls messages: repeated, in another order, of yesterday, forged, malformed, corrupted."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from schema.identity import EXCHANGE, runners_inbox
from tests.chaos.arena import Arena
from tests.chaos.enlisting import enlist
from tests.chaos.fleet import ORCHESTRATOR, Fleet
from tests.chaos.hostile import FORGED, NAME
from tests.chaos.matrix import case
from tests.chaos.outage import begin, unbroken
from tests.chaos.polling import polled

BACK_SECONDS = 5.0
TRACE = "amq.rabbitmq.trace"
AT_ONCE = 5
GAP_SECONDS, BLOCKED_SECONDS = 2.0, 0.05
GROWTH_KIB = 32 * 1024
ROOT = Path(__file__).parents[3]


class Tap:
    """Every message between an orchestrator and its runners, to be sent once more."""

    def __init__(self, channel: AbstractChannel) -> None:
        self.known: dict[tuple[str, str, bytes], None] = {}
        self._channel = channel

    async def take(self, message: AbstractIncomingMessage) -> None:
        """One more was overheard: from a runner, or traced on its way to one."""
        exchange, key = str(message.exchange), str(message.routing_key)
        if exchange == TRACE:
            exchange, key = "", key.removeprefix("deliver.")
        self.known[exchange, key, message.body] = None

    async def repeat(self, arena: Arena, count: int) -> None:
        """Send ``count`` of all that was ever heard, in any order."""
        old = list(self.known)
        await self.send(arena, [arena.random.choice(old) for _ in range(count)] if old else [])

    async def send(self, arena: Arena, messages: list[tuple[str, str, bytes]]) -> None:
        """Send these."""
        for exchange, key, body in messages:
            place = await self._channel.get_exchange(exchange, ensure=False) if exchange else None
            to = place or self._channel.default_exchange
            await to.publish(aio_pika.Message(body), key)
        arena.injected("repeated message", len(messages))


@asynccontextmanager
async def tapped(fleet: Fleet) -> AsyncIterator[Tap]:
    """Listens to all that goes to the orchestrator of ``fleet`` and to its runners."""
    node = fleet.arena.node
    await asyncio.to_thread(node.ctl, "trace_on")
    try:
        connection = await aio_pika.connect(fleet.url(""))
        async with connection:
            channel = await connection.channel()
            tap = Tap(channel)
            queue = await channel.declare_queue(exclusive=True)
            inbox = runners_inbox(fleet.name).name
            await queue.bind(EXCHANGE, f"#.{inbox}")
            await queue.bind(TRACE, f"deliver.tmq.{fleet.name}.r.*")
            await queue.consume(tap.take, no_ack=True)
            yield tap
    finally:
        await asyncio.to_thread(node.ctl, "trace_off")


@case("36", "messages repeated, in another order, and of before a restart", alone=True)
async def repeated(arena: Arena) -> None:
    """All that was ever said is said again at random, and to the end once more: nothing changes."""
    async with Fleet(arena, runners=2) as fleet, tapped(fleet) as tap:
        trials = arena.times(60, 20)
        await fleet.study(trials)
        for ended in range(0, trials, 4):
            if ended == trials // 2:
                fleet.kill(ORCHESTRATOR)
                await fleet.serve()
                await fleet.recovers(BACK_SECONDS)
            while fleet.ended() < ended:
                await tap.repeat(arena, AT_ONCE)
                await asyncio.sleep(0.02)
        await fleet.until_ended(trials)
        await fleet.settle()
        before = everything(fleet)
        all_of_it = list(tap.known)
        arena.random.shuffle(all_of_it)
        await tap.send(arena, all_of_it)
        await fleet.client.service()
        await fleet.until(lambda: not _waiting(fleet), "it is all heard")
        arena.expect(everything(fleet) == before, "what had ended was changed")
        arena.expect(len(all_of_it) > trials, f"only {len(all_of_it)} messages were overheard")
        await fleet.finish()


def _waiting(fleet: Fleet) -> int:
    rows = fleet.arena.node.ctl("list_queues", "--no-table-headers", "name", "messages")
    counts = dict(row.split() for row in rows.splitlines())
    return int(counts[runners_inbox(fleet.name).name])


def everything(fleet: Fleet) -> list[object]:
    """All that counts in the database."""
    tables = ("study", "study_settings", "trial", "attempt", "report", "event")
    return [fleet.rows(f"SELECT * FROM {table}") for table in tables]


@case("37", "forged messages of a runner with a user of its own: other senders, trials, numbers")
async def forged(arena: Arena) -> None:
    """They are refused or put aside; the orchestrator answers its clients all the while."""
    await _attack(arena, "forged", arena.times(5_000, 1_000))


@case("38", "malformed messages: truncated, nested, lying about lengths, too large, unknown")
async def malformed(arena: Arena) -> None:
    """As forged ones."""
    await _attack(arena, "malformed", arena.times(5_000, 1_000))


async def _attack(arena: Arena, kind: str, frames: int) -> None:
    """The time to recover that the row tells is the longest time without an answer."""
    loop = arena.folder / "loop"
    async with Fleet(arena, runners=1, objectives=("long",), CHAOS_LOOP=str(loop)) as fleet:
        user = await asyncio.to_thread(enlist, arena.node, NAME, fleet.name)
        await fleet.study(4)
        await begin(fleet, 1)
        [victim] = fleet.rows("SELECT id, attempt, applied FROM trial WHERE state = 'running'")
        service = fleet.processes[ORCHESTRATOR].process.pid
        memory = resident(service)
        loop.unlink(missing_ok=True)
        async with polled(fleet.client) as polling:
            refused = await _attacked(fleet, user, kind, frames, victim)
        wall, computed = map(float, loop.read_text().split())
        grown = resident(service) - memory
        arena.injected(f"{kind} message", frames)
        arena.injected("forged sender", FORGED)
        arena.expect(refused == FORGED, f"the broker refused {refused} of {FORGED} forged senders")
        arena.recovered_in(polling.longest, GAP_SECONDS)
        what = (
            f"longest time without an answer {polling.longest * 1000:.0f} ms, "
            f"of {polling.answers}; without a turn of the event loop {wall * 1000:.0f} ms, "
            f"{computed * 1000:.0f} of it computing"
        )
        arena.note(what)
        held = f"the event loop was held for {computed * 1000:.0f} ms by computing"
        arena.expect_prompt(computed <= BLOCKED_SECONDS, held)
        arena.expect(grown < GROWTH_KIB, f"the orchestrator grew by {grown} KiB")
        runners = [runner.name for runner in await fleet.client.runners()]
        arena.expect(runners == ["gpu1"], f"the orchestrator knows the runners {runners}")
        await fleet.finish()
        unbroken(fleet)


async def _attacked(
    fleet: Fleet, user: str, kind: str, frames: int, victim: tuple[int, int, int]
) -> int:
    """Let the runner attack; how many messages the broker refused."""
    mine = {"trial": victim[0], "attempt": victim[1], "seq": victim[2] + 1}
    url = f"amqp://{user}:{user}@127.0.0.1:{fleet.arena.node.port}"
    words = ("-m", "tests.chaos.hostile", url, fleet.name, kind, str(frames), str(fleet.arena.seed))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *words,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate(json.dumps(mine).encode())
    return int(said)


def resident(process: int) -> int:
    """The memory of a process, in KiB."""
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "VmRSS" in line)
