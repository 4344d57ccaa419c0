"""How soon is an edit in force, do racing edits agree, and does who follows a study see it all?

Everything in one process but the training, on the in-process broker, every turn stored.

* A session of 200 steps a second: 200 edits, one after the other, from the call until the client
  knows that the training has taken it.
* 10,000 random edits by four clients at once, some of which insist on what they have seen: at the
  end the database, every client's feed and the training itself say the same configuration.
* A study of 1,000 trials with 100 reports each, followed from before it begins: every event of the
  log, and every point of every curve, once and in order; and how late an event is seen.

    python -m benchmarks.live [--edits 200] [--races 10000] [--trials 1000] [--json FILE]
"""

import argparse
import asyncio
import contextlib
import statistics
import tempfile
import time
from collections import Counter
from pathlib import Path
from random import Random

import msgspec

from benchmarks.embedded import Embedded, embedded
from benchmarks.measuring import Figure, loaded, show, write_json
from orchestrator.client.client import Client
from orchestrator.client.feed import Grew, Happened, Moved, Snapshot
from orchestrator.reading.results import Results
from schema.errors import Conflict, WrongInput
from schema.messages import Report
from schema.pruning import PrunerSettings
from schema.results import Event
from schema.revision import RevisionState
from schema.study import Limits
from schema.values import Value
from trialmq.choices import SweepChoices

PATIENCE_SECONDS = 600.0
RACERS = 4
STUDY = "live"


class Race(msgspec.Struct, frozen=True, kw_only=True):
    """What racing edits came to: the configuration as each of those who should agree has it."""

    seconds: float
    made: int
    conflicts: int
    held_back: int
    database: dict[str, Value]
    clients: list[dict[str, Value]]
    training: dict[str, Value]

    @property
    def agreed(self) -> bool:
        """Do all say the same?"""
        return all(config == self.database for config in (*self.clients, self.training))


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What one reader of a study was told, and what there was to tell."""

    seconds: float
    late_ms: list[float]
    told: list[Event]
    log: list[Event]
    told_curves: dict[int, list[Report]]
    curves: dict[int, list[Report]]

    @property
    def complete(self) -> bool:
        """Was everything since the snapshot told, once and in order?"""
        since = [event for event in self.log if event.id >= self.told[0].id]
        return self.told == since and self.told_curves == self.curves


def session(database: Path) -> SweepChoices:
    """One training that is edited."""
    return SweepChoices(
        objective="benchmarks.objectives:edited",
        database=database,
        study=STUDY,
        runners=1,
        session=True,
        pruner=PrunerSettings(pruner="nop"),
        limits=Limits(trials=1),
    )


def edit(dice: Random) -> dict[str, Value]:
    """A random edit of one to three variables."""
    values: dict[str, Value] = {
        "rate": round(10 ** dice.uniform(-5, 0), 8),
        "decay": round(dice.random(), 6),
        "dropout": round(dice.uniform(0, 0.9), 6),
        "clip": round(dice.uniform(0, 10), 6),
    }
    return {path: values[path] for path in dice.sample(sorted(values), dice.randint(1, 3))}


# ---------------------------------------------------------------------- how soon


async def latencies(database: Path, edits: int) -> list[float]:
    """Seconds from the call of each edit until the client knows that it is in force."""
    dice = Random(1)
    async with embedded(session(database)) as running:
        client = await running.client("alice")
        await trained(client)
        found = []
        for _ in range(edits):
            await asyncio.sleep(dice.uniform(0.0, 0.02))  # not in step with the training
            began = time.perf_counter()
            made = await client.apply(STUDY, edit(dice))
            taken = await client.settled(STUDY, made.number, deadline=PATIENCE_SECONDS)
            found.append(time.perf_counter() - began)
            assert taken.state is RevisionState.APPLIED, taken
        await client.stop(STUDY, now=True)
    return found


async def trained(client: Client) -> None:
    """Returns when the training has reported."""
    async with contextlib.aclosing(client.events(STUDY, curves=True)) as items:
        async for item in items:
            if isinstance(item, Grew):
                return


# ---------------------------------------------------------------------- who agrees


async def race(database: Path, edits: int) -> Race:
    """So many edits of one training, by clients who do not wait for each other."""
    async with embedded(session(database)) as running:
        clients = [await running.client(f"racer-{n}") for n in range(RACERS)]
        await trained(clients[0])
        watching = [asyncio.create_task(last_seen(client, edits)) for client in clients]
        counts: Counter[str] = Counter()
        began = time.perf_counter()
        await asyncio.gather(
            *(racer(client, n, edits // RACERS, counts) for n, client in enumerate(clients))
        )
        seconds = time.perf_counter() - began
        seen = await asyncio.gather(*watching)
        training = await in_training(running, edits)
        await clients[0].stop(STUDY, now=True)
    async with Results.open(database) as results:
        stored = await results.trial(await results.study(STUDY), 0)
    return Race(
        seconds=seconds,
        made=counts["made"],
        conflicts=counts["conflict"],
        held_back=counts["held back"],
        database=stored.config,
        clients=list(seen),
        training=training,
    )


async def racer(client: Client, number: int, edits: int, counts: Counter[str]) -> None:
    """Makes so many edits; every other one only if nobody was faster."""
    dice = Random(number)
    newest, made = 0, 0
    while made < edits:
        try:
            expected = newest if dice.random() < 0.5 else None
            newest = (await client.apply(STUDY, edit(dice), expected=expected)).number
        except Conflict:
            counts["conflict"] += 1
            since = await client.revisions(STUDY, first=newest + 1)
            newest = since[-1].number if since else newest
        except WrongInput as error:  # a hundred edits wait for the training
            assert "wait for the training" in str(error), error
            counts["held back"] += 1
            await client.settled(STUDY, newest)
        else:
            made += 1
            counts["made"] += 1


async def last_seen(client: Client, last: int) -> dict[str, Value]:
    """The configuration that a client sees, once revision ``last`` is in force."""
    async with contextlib.aclosing(client.events(STUDY)) as items:
        async for item in items:
            if isinstance(item, Happened) and item.trial and item.trial.revision == last:
                return item.trial.config
    raise AssertionError("the feed ended")


async def in_training(running: Embedded, last: int) -> dict[str, Value]:
    """The configuration that the training reports, once revision ``last`` is in force."""
    client = await running.client("onlooker")
    async with contextlib.aclosing(client.events(STUDY)) as items:
        async for item in items:
            if isinstance(item, Moved):
                for trial in item.progress.running:
                    if trial.metrics.get("revision") == last:
                        return {p: v for p, v in trial.metrics.items() if p != "revision"}
    raise AssertionError("the feed ended")


# ---------------------------------------------------------------------- who sees it all


async def follow(database: Path, trials: int) -> Followed:
    """A whole study, as one reader sees it."""
    choices = SweepChoices(
        objective="benchmarks.objectives:only_reports",
        database=database,
        study=STUDY,
        runners=2,
        sampler="random",
        pruner=PrunerSettings(pruner="nop"),
        limits=Limits(trials=trials),
    )
    told: list[Event] = []
    curves: dict[int, list[Report]] = {}
    late: list[float] = []
    async with embedded(choices, paused=True) as running:
        client = await running.client("alice")
        began = time.perf_counter()
        async with contextlib.aclosing(client.events(STUDY, curves=True)) as items:
            async for item in items:
                match item:
                    case Snapshot():
                        assert not told, "there is one snapshot"
                        await client.resume(STUDY)
                    case Happened(event=event):
                        told.append(event)
                        late.append(1e3 * (time.time() - event.at))
                    case Grew(parts=parts):
                        for part in parts:
                            curves.setdefault(part.number, []).extend(part.reports)
                    case Moved(progress=progress) if progress.done:
                        break
        seconds = time.perf_counter() - began
    async with Results.open(database) as results:
        study = await results.study(STUDY)
        return Followed(
            seconds=seconds,
            late_ms=late,
            told=told,
            log=await results.events(study),
            told_curves=curves,
            curves=await results.curves(study),
        )


# ---------------------------------------------------------------------- the command


def percentile(values: list[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    """Measure, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--races", type=int, default=10_000)
    parser.add_argument("--trials", type=int, default=1_000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        if given.edits:
            found = [1e3 * s for s in asyncio.run(latencies(Path(folder) / "l.db", given.edits))]
            figures.append(Figure(name="apply to applied", unit="ms", rounds=found))
            show(
                f"{given.edits} edits of a session of 200 steps/s (aim 100/250 ms); {loaded()}",
                ["", "median", "p99"],
                [["ms", f"{statistics.median(found):.0f}", f"{percentile(found, 0.99):.0f}"]],
            )
        if given.races:
            raced = asyncio.run(race(Path(folder) / "r.db", given.races))
            assert raced.agreed, raced
            show(
                f"{RACERS} clients race; store, clients and training agree; {loaded()}",
                ["edits", "edits/s", "conflicts", "held back"],
                [
                    [
                        f"{raced.made}",
                        f"{raced.made / raced.seconds:,.0f}",
                        f"{raced.conflicts}",
                        f"{raced.held_back}",
                    ]
                ],
            )
            rate = raced.made / raced.seconds
            figures.append(Figure(name="racing edits", unit="edits/s", rounds=[rate]))
        if given.trials:
            seen = asyncio.run(follow(Path(folder) / "f.db", given.trials))
            assert seen.complete, "something was not told, twice, or in another order"
            points = sum(map(len, seen.curves.values()))
            late = seen.late_ms
            show(
                f"a study is followed: all is told, once and in order; {loaded()}",
                ["events", "points", "seconds", "late, median ms", "p99"],
                [
                    [
                        f"{len(seen.told)}",
                        f"{points}",
                        f"{seen.seconds:.1f}",
                        f"{statistics.median(late):.0f}",
                        f"{percentile(late, 0.99):.0f}",
                    ]
                ],
            )
            figures.append(Figure(name="events seen late", unit="ms", rounds=late))
    write_json(given.json, figures)


if __name__ == "__main__":
    main()
