"""A study that is opened again: after a restart, a kill, with other limits, as another one."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from orchestrator.store.store import Store
from schema.brokers.memory import MemoryHub
from schema.commands.studies import CreateStudy
from schema.errors import WrongInput
from schema.messages import LeaseClaim
from schema.space import Space
from schema.study import Direction, Limits, Metric, StudySettings, StudySpec
from schema.trial import Desired, TrialState
from tests.orchestrator.asking import Asking
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed, reported
from tests.orchestrator.serving import OFFER, ONE, RATE, SPEC, serving, stored


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
    longer = msgspec.structs.replace(SPEC, settings=StudySettings(limits=Limits(trials=4)))
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


async def test_who_creates_a_study_right_after_a_restart_waits_for_the_runners(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True):
        await runner.hello(OFFER)
        await runner.orders()
    async with serving(path, hub, resident=True):
        creating = asyncio.create_task(client.ask(CreateStudy(spec=SPEC)))
        await runner.beat()
        await runner.orders(lambda orders: orders.introduce)
        await runner.hello(OFFER)
        assert (await creating).name == "s"
        await runner.assignment()
