"""Nothing that a runner says can change what is not its own, or hold the service up."""

import asyncio
import logging
import random
from pathlib import Path

import msgspec
import pytest

from schema.brokers.memory import MemoryHub
from schema.codec import MESSAGE_BYTES, runner_codec
from schema.identity import runners_inbox
from schema.messages import (
    Hello,
    Record,
    Records,
)
from schema.trial import TrialState
from tests.orchestrator.scripted_runner import (
    STARTED,
    ScriptedRunner,
    all_heard,
    completed,
    reported,
)
from tests.orchestrator.serving import OFFER, ONE, SPEC, rows, serving, stored


def hostile(dice: random.Random, mine: Record) -> bytes:
    """A message that no well-behaved runner would send; ``mine`` is what a good one would."""
    good = runner_codec().encode(Records(runner="runner-1", boot="first", records=(mine,)))

    def record(**changed: int) -> bytes:
        changes = {"trial": mine.trial, "attempt": mine.attempt, "seq": mine.seq, **changed}
        forged = msgspec.structs.replace(mine, **changes)
        return runner_codec().encode(
            Records(runner=dice.choice(["runner-1", "gpu2"]), boot="first", records=(forged,))
        )

    match dice.randrange(10):
        case 0:
            return good[: dice.randrange(len(good))]
        case 1:
            return b"\x91" * 200_000
        case 2:
            return b"\xdf\xff\xff\xff\xff" + good
        case 3:
            return msgspec.msgpack.encode(
                {"type": "records", "runner": 7, "boot": [], "records": 1}
            )
        case 4:
            return good + b" " * (300 * 1024)
        case 5:
            return runner_codec().encode(Records(runner="../x\n", boot="first", records=(mine,)))
        case 6:
            return record(trial=dice.choice([0, -1, mine.trial + 1, 2**63, 2**64 - 1]))
        case 7:
            return record(attempt=dice.choice([-1, 0, mine.attempt + 1, 2**64 - 1]))
        case 8:
            return record(seq=dice.choice([mine.seq + 1, 2**63, 2**64 - 1]))
        case _:
            body = bytearray(good)
            body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
            return bytes(body[:3])


async def test_ten_thousand_hostile_messages_change_nothing(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    logging.getLogger("orchestrator.service.service").setLevel(logging.ERROR)
    dice = random.Random(7)
    async with serving(path, hub, resident=True) as service, hub.connect() as broker:
        engine = await service.open_study(ONE)
        await runner.hello(OFFER)
        given = await runner.assignment()
        await runner.record(given, 1, STARTED)
        await runner.applied(given, 1)
        trial = service.leases.live[given.trial]
        before = msgspec.structs.asdict(trial.result())
        good = Record(trial=given.trial, attempt=1, seq=2, body=completed(f1=99.0))
        for _ in range(100):
            for _ in range(100):
                assert await broker.publish(runners_inbox(), hostile(dice, good))
            await asyncio.sleep(0)
        probe = ScriptedRunner(broker, "probe")
        await probe.listen()
        await all_heard(probe)
        assert msgspec.structs.asdict(trial.result()) == before
        assert +engine.counts == {TrialState.RUNNING: 1}
        await runner.record(given, 2, completed(f1=0.5))
        await service.finished(engine)
    assert [trial.value for trial in await stored(path)] == [0.5]
    [(count, largest)] = rows(path, "SELECT count(*), max(length(raw)) FROM quarantine")
    assert (count, largest) == (1000, 4096)


async def test_a_message_that_somebody_else_sent_is_put_aside(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service, hub.connect("r.gpu2") as broker:
        engine = await service.open_study(SPEC)
        await runner.hello(OFFER)
        given = await runner.assignment()
        gpu2 = ScriptedRunner(broker, runner.name)
        await gpu2.record(given, 1, STARTED, completed(f1=99.0))
        await runner.record(given, 1, STARTED)
        await runner.applied(given, 1)
        assert engine.best is None
    assert rows(path, "SELECT source, why FROM quarantine") == [
        ("r.gpu2", "it says that it comes from 'runner-1', and r.gpu2 sent it")
    ]


async def test_a_message_that_is_too_large_is_not_even_decoded(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service, hub.connect() as broker:
        await service.open_study(SPEC)
        hello = Hello(runner=runner.name, boot="x" * MESSAGE_BYTES, slots=1, offers=(OFFER,))
        assert await broker.publish(runners_inbox(), runner_codec().encode(hello))
        await runner.beat()
        await runner.orders()
    [(why,)] = rows(path, "SELECT why FROM quarantine")
    assert why.endswith(f"is above {MESSAGE_BYTES}")


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -5.0])
async def test_a_duration_that_is_none_does_no_harm(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, seconds: float
) -> None:
    async with serving(path, hub) as service:
        engine = await service.open_study(ONE)
        await runner.hello(OFFER, slots=2**60)
        given = await runner.assignment()
        final = msgspec.structs.replace(completed(f1=0.5), seconds=seconds)
        await runner.record(given, 1, STARTED, reported((0, 2.5, {"f1": 0.5})), final)
        await service.finished(engine)
    assert [trial.seconds for trial in await stored(path)] == [2.5]
