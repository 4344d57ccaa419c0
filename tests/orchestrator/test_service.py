"""The service on a real broker and a real database, with a runner that speaks the protocol."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from orchestrator import service as service_module
from orchestrator.sampling import Sampler
from orchestrator.service import Service
from orchestrator.store.store import Deposed, Store
from orchestrator.trials import Trial
from schema.broker import Delivery
from schema.brokers.memory import MemoryHub
from schema.errors import WrongInput
from schema.identity import orchestrator_queue
from schema.messages import LeaseClaim, Reported
from schema.space import Space
from schema.study import Direction, Limits, Metric, ObjectiveDescription, StudySpec
from schema.trial import Desired, FailureKind, TrialState
from schema.variables import Variable
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed, reported

RATE = Variable(path="rate", kind="float", default=0.5, low=0.0, high=1.0, searched=True)
OFFER = ObjectiveDescription(
    entry="package.module:train",
    metrics=(Metric(name="f1", direction=Direction.MAXIMIZE),),
    space=Space(variables=(RATE,)),
)
SPEC = StudySpec(name="s", objective=OFFER, sampler="random", limits=Limits(trials=2), seed=3)
ONE = msgspec.structs.replace(SPEC, limits=Limits(trials=1))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "studies.db"


@pytest.fixture
def hub() -> MemoryHub:
    """The queues; they outlive a service, as those of a broker of its own would."""
    return MemoryHub()


@pytest.fixture
async def runner(hub: MemoryHub) -> AsyncIterator[ScriptedRunner]:
    """A runner that listens."""
    async with hub.connect() as broker:
        await broker.declare(orchestrator_queue())
        runner = ScriptedRunner(broker)
        await runner.listen()
        yield runner


@asynccontextmanager
async def serving(path: Path, hub: MemoryHub) -> AsyncIterator[Service]:
    """An orchestrator."""
    async with (
        Store.open(path) as store,
        Sampler() as sampler,
        hub.connect() as broker,
        Service(store, broker, sampler) as service,
    ):
        yield service


async def stored(path: Path, study: int = 1) -> list[Trial]:
    """The trials that are stored."""
    async with Store.open(path) as store:
        trials, _ = await store.load(study)
        return trials


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
        SPEC, objective=offer, sampler="brute_force", limits=Limits(trials=99)
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
    monkeypatch.setattr(service_module, "OFFER_AGAIN_SECONDS", 0.0)
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
            assert await broker.publish(orchestrator_queue(), body)
        await runner.hello(OFFER)
        await runner.assignment()
    assert len(hub.queues[orchestrator_queue()].waiting) == 0


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
        await broker.consume(orchestrator_queue(), came.put_nowait)
        async with asyncio.timeout(10):
            assert (await came.get()).redelivered
    async with serving(path, hub) as service:
        engine = await service.open_study(ONE)
        await runner.beat(LeaseClaim(given.trial, given.attempt, 2))
        await runner.record(given, 2, completed(f1=0.5))
        await service.finished(engine)
        assert engine.best == (0, 0.5)


# ---------------------------------------------------------------------- going on


async def test_a_training_survives_a_restart_of_the_orchestrator(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        await service.open_study(ONE)
        await runner.hello(OFFER)
        given = await runner.assignment()
        await runner.record(given, 1, STARTED, reported((0, 0.1, {"f1": 0.1})))
        await runner.applied(given, 2)
        first_term = service._store.term
    async with serving(path, hub) as service:
        engine = await service.open_study(ONE)
        await runner.beat(LeaseClaim(given.trial, given.attempt, 2))
        orders = await runner.orders(lambda orders: orders.term > first_term)
        [order] = orders.leases
        assert (order.applied, order.desired, order.fenced) == (2, Desired.RUN, False)
        assert orders.introduce
        await runner.record(given, 3, reported((1, 0.2, {"f1": 0.2})), completed(f1=0.5))
        await service.finished(engine)
    [trial] = await stored(path)
    assert (trial.state, trial.attempt, trial.reports) == (TrialState.COMPLETE, 1, 2)


async def test_what_died_with_its_process_is_run_again(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        await service.open_study(ONE)
        await runner.hello(OFFER)
        given = await runner.assignment()
    async with serving(path, hub) as service:
        engine = await service.open_study(ONE, orphaned="the process that ran it ended")
        runner.boot = "second"
        await runner.hello(OFFER)
        again = await runner.assignment()
        assert (again.trial, again.attempt, again.values) == (given.trial, 2, given.values)
        assert again.seed == given.seed
        await runner.record(again, 1, STARTED, completed(f1=0.5))
        await service.finished(engine)
    [trial] = await stored(path)
    assert (trial.state, trial.losses) == (TrialState.COMPLETE, 1)


async def test_a_study_that_is_done_goes_on_when_it_may_have_more_trials(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async def run(spec: StudySpec, numbers: list[int]) -> None:
        async with serving(path, hub) as service:
            engine = await service.open_study(spec)
            await runner.hello(OFFER)
            for number in numbers:
                given = await runner.assignment()
                assert given.number == number
                await runner.record(given, 1, STARTED, completed(f1=0.5))
            await service.finished(engine)

    await run(SPEC, [0, 1])
    await run(SPEC, [])
    longer = msgspec.structs.replace(SPEC, limits=Limits(trials=4))
    await run(longer, [2, 3])
    async with Store.open(path) as store:
        study = await store.study(SPEC.name)
        assert study is not None
        assert study.spec == longer
    trials = await stored(path)
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    assert len({trial.config["rate"] for trial in trials}) == 4


async def test_a_closed_study_hands_out_nothing_and_waits_for_what_runs(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        engine = await service.open_study(SPEC)
        await runner.hello(OFFER)
        given = await runner.assignment()
        service.close_study(engine, "enough")
        assert not engine.done
        await runner.record(given, 1, STARTED, completed(f1=0.5))
        await service.finished(engine)
        await runner.beat()
        assert (await runner.orders(lambda orders: not orders.leases)).assignments == ()
    assert [trial.number for trial in await stored(path)] == [0]


NARROW = msgspec.structs.replace(RATE, high=0.75)
MINIMIZED = Metric(name="f1", direction=Direction.MINIMIZE)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"entry": "package.module:other"}, "is of the objective package.module:train, not"),
        ({"metrics": (MINIMIZED,)}, "optimises other metrics"),
        ({"space": Space(variables=(NARROW,))}, "was made with another search space"),
    ],
)
async def test_a_study_cannot_go_on_as_another_one(
    path: Path, hub: MemoryHub, changed: dict[str, object], said: str
) -> None:
    async with serving(path, hub) as service:
        await service.open_study(SPEC)
        other = msgspec.structs.replace(SPEC, objective=msgspec.structs.replace(OFFER, **changed))
        with pytest.raises(WrongInput, match=said) as error:
            await service.open_study(other)
        assert "take another name with --study" in str(error.value)


async def test_an_objective_may_move_to_another_folder(path: Path, hub: MemoryHub) -> None:
    async with serving(path, hub) as service:
        here = msgspec.structs.replace(OFFER, entry="here/train.py:train")
        there = msgspec.structs.replace(OFFER, entry="/over/there/train.py:train")
        first = await service.open_study(msgspec.structs.replace(SPEC, objective=here))
    async with serving(path, hub) as service:
        second = await service.open_study(msgspec.structs.replace(SPEC, objective=there))
        assert second.id == first.id
        assert second.spec.objective.entry == there.entry
