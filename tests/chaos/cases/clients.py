"""What befalls clients: two change the same thing, an answer is lost, some stall and vanish."""

import asyncio
import json
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from orchestrator.client.client import Client
from schema.brokers.address import broker_address
from schema.errors import Conflict
from tests.brokers.proxy import DOWN, Proxy
from tests.chaos.arena import Arena
from tests.chaos.asking import CLIENTS, QUESTIONS
from tests.chaos.fleet import Fleet
from tests.chaos.matrix import case
from tests.chaos.polling import polled
from trialmq.connecting import connected

GAP_SECONDS = 2.0
ROOT = Path(__file__).parents[3]


@asynccontextmanager
async def client(fleet: Fleet, name: str, port: int = 0) -> AsyncIterator[Client]:
    """One more client, at this port where something lies in between."""
    url = f"amqp://guest:guest@127.0.0.1:{port or fleet.arena.node.port}"
    address = broker_address(url, {}, option="chaos", private=True)
    assert address is not None
    async with connected(address, orchestrator=fleet.name, client=name, deadline=30.0) as made:
        yield made


@case("47", "two clients change the same settings at once, a third one's view is old")
async def storm(arena: Arena) -> None:
    """Of those who saw a version exactly one makes the next; the others are told so."""
    rounds = arena.times(100, 20)
    async with (
        Fleet(arena, runners=1) as fleet,
        client(fleet, "alice") as alice,
        client(fleet, "bob") as bob,
    ):
        await fleet.study(20)
        won: Counter[str] = Counter()

        async def change(who: Client, name: str, expected: int) -> None:
            try:
                patch = {"weight": 1.0 + expected / 1000}
                after = await who.change_settings("s", patch, expected=expected, because=name)
            except Conflict:
                won["refused"] += 1
            else:
                won[name] += 1
                arena.expect(after.version == expected + 1, f"{expected} became {after.version}")

        for version in range(1, rounds + 1):
            before = won.total() - won["refused"]
            await asyncio.gather(
                change(alice, "alice", version),
                change(bob, "bob", version),
                change(alice, "old", max(version - 1, 0)),
            )
            winners = won.total() - won["refused"] - before
            arena.expect(winners == 1, f"{winners} made version {version + 1}")
        arena.injected("conflicting change", 2 * rounds)
        arena.expect(won["refused"] == 2 * rounds, f"{won['refused']} of {2 * rounds} were refused")
        arena.expect(not won["old"], f"an old view won {won['old']} times")
        arena.note(f"alice made {won['alice']} versions, bob {won['bob']}")
        kept = fleet.rows("SELECT version, because FROM study_settings ORDER BY version")
        arena.expect(
            [number for number, _ in kept] == list(range(1, rounds + 2)), f"versions are {kept}"
        )
        await fleet.finish()


@case("48", "answer to a client is lost, and it asks again")
async def answer_lost(arena: Arena) -> None:
    """What it asked for happens once, and it is told what happened."""
    rounds = arena.times(6, 2)
    async with (
        Fleet(arena, runners=1) as fleet,
        Proxy(arena.node.port) as proxy,
        client(fleet, "alice", proxy.port) as alice,
    ):
        await fleet.study(4 + rounds)
        await fleet.client.pause("s")
        for number in range(rounds):
            proxy.swallow(DOWN)
            asking = asyncio.create_task(alice.queue("s", set={"x": (number + 1) / 100}))
            await fleet.until(
                lambda n=number: _queued(fleet) > n,  # type: ignore[misc]
                "it has happened",
            )
            arena.injected("lost answer")
            arena.expect(not asking.done(), "the answer was not lost")
            proxy.heal()
            queued = await asking
            arena.expect(queued.place == number + 1, f"it was told place {queued.place}")
        arena.expect(_queued(fleet) == rounds, f"{_queued(fleet)} of {rounds} are queued")
        await fleet.client.resume("s")
        await fleet.finish()
        tried = Counter(json.loads(row[0])["x"] for row in fleet.rows("SELECT config FROM trial"))
        for number in range(rounds):
            times = tried[(number + 1) / 100]
            arena.expect(times == 1, f"what was queued once was tried {times} times")


def _queued(fleet: Fleet) -> int:
    found = fleet.rows("SELECT count(*) FROM queued_trial")
    return int(found[0][0]) if found else 0


@case("49", "10 clients ask much, freeze without reading, and vanish")
async def vanish(arena: Arena) -> None:
    """Others are answered meanwhile, and nothing is left of those at the broker.

    The time to recover that the row tells is the longest time without an answer.
    """
    async with Fleet(arena, runners=2) as fleet:
        await fleet.study(60)
        await fleet.until_ended(10)
        async with polled(fleet.client) as polling:
            asking = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.chaos.asking", fleet.url(""), fleet.name, "s"),
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
            )
            assert asking.stdout is not None
            try:
                asked = int(await asking.stdout.readline())
                asking.send_signal(signal.SIGSTOP)
                arena.injected("client frozen", CLIENTS)
                arena.expect(asked > CLIENTS * QUESTIONS / 2, f"only {asked} were asked")
                await asyncio.sleep(2.0)  # so long it stands still
            finally:
                asking.kill()
                await asking.wait()
            arena.injected("client killed", CLIENTS)
            await fleet.until(lambda: not _queues(fleet), "their queues are gone")
        arena.recovered_in(polling.longest, GAP_SECONDS)
        arena.note(
            f"longest time without an answer {polling.longest * 1000:.0f} ms, of {polling.answers}"
        )
        await fleet.finish()


def _queues(fleet: Fleet) -> list[str]:
    names = fleet.arena.node.ctl("list_queues", "--no-table-headers", "name").split()
    return [name for name in names if name.startswith(f"tmq.{fleet.name}.c.client")]
