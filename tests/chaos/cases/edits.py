"""What befalls edits of a training that runs: said twice, late, out of order, to those who died.

At the end the database, every client and the training itself have to be of one mind: which
revisions there were, what became of each, and which values were in force at each step.
"""

import asyncio
import json
from collections.abc import Sequence

from orchestrator.client.client import Client
from schema.revision import Revision, RevisionState
from tests.brokers.proxy import DOWN, UP
from tests.chaos.arena import Arena
from tests.chaos.cases.clients import client
from tests.chaos.cases.messages import tapped
from tests.chaos.fleet import ORCHESTRATOR, Fleet
from tests.chaos.matrix import case
from tests.chaos.oracle import truth_lines
from tests.chaos.outage import NOTICING

FAULTS = ("repeated", "runner", "broker", "orchestrator")
AT_ONCE = 6
SESSION = "s"


@case("57", "edits of a training: repeated, late, out of order; runner, broker, service away")
async def edited(arena: Arena) -> None:
    """Each takes effect once or is refused, and everybody says the same of it."""
    rounds = arena.times(12, 4)
    faulty = Fleet(
        arena,
        runners=1,
        objectives=("edited",),
        proxied=("gpu1", ORCHESTRATOR),
        **NOTICING,
    )
    async with faulty as fleet, tapped(fleet) as tap, client(fleet, "bob") as bob:
        await fleet.session()
        await fleet.until_running()
        clients = (fleet.client, bob)
        for number in range(rounds):
            who = clients[number % 2]
            values: dict[str, float | int] = {"rate": (number + 1) / 100, "decay": number / 100}
            if number % 3 == 1:
                values["width"] = 5 + number
            editing = asyncio.create_task(who.apply(SESSION, {**values}, because=str(number)))
            await _harmed(fleet, FAULTS[number % len(FAULTS)])
            made = await editing
            await tap.repeat(arena, AT_ONCE)
            await who.settled(SESSION, made.number, deadline=30.0)
        await fleet.client.apply(SESSION, {"ends": True})
        await fleet.until_ended(1)
        await fleet.settle()
        before = await _all(bob)
        messages = list(tap.known)
        arena.random.shuffle(messages)
        await tap.send(arena, messages)
        await fleet.client.service()
        views = [await _all(each) for each in clients]
        arena.expect(views == [before, before], "clients see different things")
        _of_one_mind(fleet, before)
        await fleet.finish()


async def _harmed(fleet: Fleet, fault: str) -> None:
    """One of them is away for a moment, while an edit is on its way."""
    arena = fleet.arena
    await arena.pause(0.0, 0.2)
    if fault == "runner":
        fleet.kill("gpu1")
        await arena.pause(0.0, 0.5)
        await fleet.runner("gpu1")
    elif fault == "orchestrator":
        fleet.kill(ORCHESTRATOR)
        await arena.pause(0.0, 0.5)
        await fleet.serve()
    elif fault == "broker":
        for proxy in fleet.proxies.values():
            proxy.swallow(UP, DOWN)
        arena.injected("broker out of reach")
        await arena.pause(0.5, 2.0)
        for proxy in fleet.proxies.values():
            proxy.heal()


async def _all(who: Client) -> list[Revision]:
    found: list[Revision] = []
    while page := await who.revisions(SESSION, first=len(found) + 1):
        found += page
    return found


def _of_one_mind(fleet: Fleet, seen: Sequence[Revision]) -> None:
    """What clients saw is what is stored, and what the training says that it did."""
    arena = fleet.arena
    stored = fleet.rows("SELECT number, state, config, step, attempt FROM revision ORDER BY number")
    told = [(r.number, r.state.value, r.values, r.step, r.attempt) for r in seen]
    kept = [(n, state, json.loads(config), step, a) for n, state, config, step, a in stored]
    arena.expect(kept == told, f"stored is {kept}, clients see {told}")
    arena.expect([r.number for r in seen] == list(range(1, len(seen) + 1)), "a number is missing")
    open_ones = [r.number for r in seen if r.state is RevisionState.SENT]
    arena.expect(not open_ones, f"of {open_ones} nobody knows what became")

    values = {0: {"rate": 0.5, "decay": 0.0}} | {r.number: dict(r.values) for r in seen}
    in_force: dict[int, list[int]] = {}
    for line in truth_lines(fleet.truth):
        if line.event != "metric":
            continue
        revision = int(line.metrics["revision"])
        in_force.setdefault(line.attempt, []).append(revision)
        for name in ("rate", "decay"):
            wanted = values[revision][name]
            arena.expect(
                line.metrics[name] == wanted,
                f"step {line.step} of attempt {line.attempt} trained with {name} "
                f"{line.metrics[name]}, revision {revision} says {wanted}",
            )
    for attempt, revisions in in_force.items():
        arena.expect(revisions == sorted(revisions), f"attempt {attempt} went back: {revisions}")
    arena.expect(
        all(r.state is RevisionState.APPLIED for r in seen),
        f"not all took effect: {[(r.number, r.state.value, r.reason) for r in seen]}",
    )
    [(revision, config)] = fleet.rows("SELECT revision, config FROM trial")
    arena.expect(revision == len(seen), f"in force was {revision} of {len(seen)}")
    arena.expect(json.loads(config)["rate"] == values[len(seen)]["rate"], "the last is not kept")
