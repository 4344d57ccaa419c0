"""The service on a real broker and a real database, with a runner that speaks the protocol."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import msgspec
import pytest

from orchestrator.service import reception
from orchestrator.store.store import Deposed
from schema.broker import Delivery
from schema.brokers.memory import MemoryHub
from schema.identity import runners_inbox
from schema.messages import LeaseClaim, Reported
from schema.space import Space
from schema.study import Limits, StudySettings
from schema.trial import Desired, FailureKind, TrialState
from schema.variables import Variable
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed, reported
from tests.orchestrator.serving import OFFER, ONE, SPEC, serving, stored


def depose(path: Path) -> None:
    """Another orchestrator takes over."""
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE meta SET term = term + 1")


# ---------------------------------------------------------------------- a study from end to end


async def test_trial_0_is_the_default_and_the_study_ends_with_its_last_trial(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        engine = await service.open_study(SPEC)
        await runner.hello(OFFER)
        for number in range(2):
            given = await runner.assignment()
            assert (given.number, given.attempt, given.study) == (number, 1, "s")
            assert given.objective == OFFER.entry
            assert (given.values == {"rate": 0.5}) == (number == 0)
            report = reported((0, 0.1, {"f1": 0.1}), (1, 0.2, {"f1": 0.2}))
            await runner.record(given, 1, STARTED, report, completed(f1=0.25 + number))
        await service.finished(engine)
        assert engine.best == (1, 1.25)
    trials = await stored(path)
    assert [(t.number, t.state, t.value, t.reports) for t in trials] == [
        (0, TrialState.COMPLETE, 0.25, 2),
        (1, TrialState.COMPLETE, 1.25, 2),
    ]


async def test_a_result_delivered_twice_is_counted_once(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        engine = await service.open_study(SPEC)
        await runner.hello(OFFER)
        first = await runner.assignment()
        for _ in range(3):
            await runner.record(first, 1, STARTED, completed(f1=0.5))
        second = await runner.assignment()
        await runner.record(first, 2, completed(f1=0.9))
        await runner.applied(first, 2)
        assert engine.counts[TrialState.COMPLETE] == 1
        await runner.record(second, 1, STARTED, completed(f1=0.25))
        await service.finished(engine)
    assert [trial.value for trial in await stored(path)] == [0.5, 0.25]


async def test_a_gap_is_not_applied_until_it_is_filled(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        engine = await service.open_study(ONE)
        await runner.hello(OFFER)
        given = await runner.assignment()
        await runner.record(given, 3, completed(f1=0.5))
        [order] = (await runner.orders(lambda orders: orders.leases)).leases
        assert (order.applied, order.fenced) == (0, False)
        await runner.record(given, 1, STARTED, reported((0, 0.1, {"f1": 0.1})), completed(f1=0.5))
        await service.finished(engine)
        assert engine.best == (0, 0.5)


async def test_a_study_whose_configurations_are_all_tried_ends(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    switch = Variable(path="switch", kind="bool", default=True, searched=True)
    offer = msgspec.structs.replace(OFFER, space=Space(variables=(switch,)))
    spec = msgspec.structs.replace(
        SPEC,
        objective=offer,
        sampler="brute_force",
        settings=StudySettings(limits=Limits(trials=99)),
    )
    async with serving(path, hub) as service:
        engine = await service.open_study(spec)
        await runner.hello(offer)
        for expected in (True, False):
            given = await runner.assignment()
            assert given.values == {"switch": expected}
            await runner.record(given, 1, STARTED, completed(f1=0.5))
        await service.finished(engine)
        assert engine.closed_because == "every configuration has been tried"
    assert len(await stored(path)) == 2


# ---------------------------------------------------------------------- who is handed what


async def test_a_runner_that_is_not_known_is_asked_to_introduce_itself(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        await service.open_study(SPEC)
        await runner.beat()
        orders = await runner.orders()
        assert (orders.introduce, orders.assignments) == (True, ())
        await runner.hello(OFFER)
        await runner.assignment()
        await runner.beat()
        assert not (await runner.orders()).introduce


async def test_a_runner_that_offers_something_else_is_handed_nothing(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service, hub.connect() as broker:
        await service.open_study(SPEC)
        able = ScriptedRunner(broker, "runner-2")
        await able.listen()
        await runner.hello(msgspec.structs.replace(OFFER, entry="package.module:other"))
        await able.hello(OFFER)
        await able.assignment()
        await runner.beat()
        both = [await runner.orders(), await runner.orders()]
        assert [orders.assignments for orders in both] == [(), ()]


async def test_an_assignment_that_nobody_claims_is_offered_again(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "OFFER_AGAIN_SECONDS", 0.0)
    async with serving(path, hub) as service:
        await service.open_study(ONE)
        await runner.hello(OFFER)
        lost = await runner.assignment()
        await runner.beat()
        assert await runner.assignment() == lost
        claim = LeaseClaim(lost.trial, lost.attempt, 0)
        await runner.beat(claim)
        orders = await runner.orders()
        assert orders.assignments == ()
        [order] = orders.leases
        assert (order.trial, order.attempt, order.fenced) == (lost.trial, lost.attempt, False)


async def test_an_assignment_is_not_offered_again_at_once(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        await service.open_study(ONE)
        await runner.hello(OFFER)
        await runner.assignment()
        await runner.beat()
        assert (await runner.orders()).assignments == ()


async def test_an_attempt_that_was_never_granted_is_fenced(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        engine = await service.open_study(SPEC)
        await runner.hello(OFFER)
        given = await runner.assignment()
        forged = msgspec.structs.replace(given, attempt=given.attempt + 1)
        await runner.record(forged, 1, STARTED, completed(f1=99.0))
        [order] = (await runner.orders(lambda orders: orders.leases)).leases
        assert (order.attempt, order.fenced, order.desired) == (2, True, Desired.STOP)
        assert engine.best is None


async def test_a_runner_that_was_started_anew_gets_its_trial_as_a_new_attempt(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        engine = await service.open_study(ONE)
        await runner.hello(OFFER)
        before = await runner.assignment()
        await runner.record(before, 1, STARTED)
        await runner.applied(before, 1)
        runner.boot = "second"
        await runner.hello(OFFER)
        after = await runner.assignment()
        assert (after.trial, after.attempt) == (before.trial, before.attempt + 1)
        await runner.record(after, 1, STARTED, completed(f1=0.5))
        await service.finished(engine)


# ---------------------------------------------------------------------- what goes wrong


async def test_what_is_no_message_is_put_aside(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service, hub.connect() as broker:
        await service.open_study(SPEC)
        for body in (b"", b"\xc1", b"\x91" * 100_000, b'{"type": "hello"}', b"\x80"):
            assert await broker.publish(runners_inbox(), body)
        await runner.hello(OFFER)
        await runner.assignment()
    assert len(hub.queues[runners_inbox().name].waiting) == 0


@pytest.mark.parametrize(
    "raw", [b"\xc0", b"\x91\x93\xcf" + b"\xff" * 8 + b"\xcb" + b"\0" * 8 + b"\x80"]
)
async def test_reports_that_cannot_be_read_fail_the_trial_and_not_the_service(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, raw: bytes
) -> None:
    async with serving(path, hub) as service:
        engine = await service.open_study(SPEC)
        await runner.hello(OFFER)
        given = await runner.assignment()
        await runner.record(given, 1, STARTED, Reported(reports=msgspec.Raw(raw)))
        given = await runner.assignment()
        await runner.record(given, 1, STARTED, completed(f1=0.5))
        await service.finished(engine)
    first, second = await stored(path)
    assert (first.state, first.failure) == (TrialState.FAILED, FailureKind.BAD_RESULT)
    assert second.state is TrialState.COMPLETE


async def test_an_error_of_the_store_ends_the_service_with_that_error(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        engine = await service.open_study(SPEC)
        depose(path)
        await runner.hello(OFFER)
        async with asyncio.timeout(10):
            with pytest.raises(Deposed, match="another orchestrator took over"):
                await service.finished(engine)


async def test_a_result_that_could_not_be_stored_is_not_acknowledged_and_comes_again(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        engine = await service.open_study(ONE)
        await runner.hello(OFFER)
        given = await runner.assignment()
        await runner.record(given, 1, STARTED)
        await runner.applied(given, 1)
        depose(path)
        await runner.record(given, 2, completed(f1=0.5))
        with pytest.raises(Deposed):
            await service.finished(engine)
    async with hub.connect() as broker:
        came: asyncio.Queue[Delivery] = asyncio.Queue()
        await broker.consume(runners_inbox(), came.put_nowait)
        async with asyncio.timeout(10):
            assert (await came.get()).redelivered
    async with serving(path, hub) as service:
        engine = await service.open_study(ONE)
        await runner.beat(LeaseClaim(given.trial, given.attempt, 2))
        await runner.record(given, 2, completed(f1=0.5))
        await service.finished(engine)
        assert engine.best == (0, 0.5)
