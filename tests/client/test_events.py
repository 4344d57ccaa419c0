"""Whoever follows a study sees a snapshot and then each thing once, in order, whatever is lost."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from orchestrator.client.client import Client
from orchestrator.client.feed import (
    Feed,
    Found,
    Lost,
    Moved,
    SettingsChanged,
    Snapshot,
    SpaceGrew,
)
from orchestrator.client.transport import BrokerTransport
from orchestrator.reading.results import Results
from schema.brokers.memory import MemoryHub
from schema.commands.feed import CurveFrom
from schema.errors import UnknownName, WorkFailed
from schema.events import EventKind
from schema.identity import ORCHESTRATOR, client_party
from schema.messages import Suggestion
from schema.space import Space
from schema.study import Limits, StudySettings
from schema.trial import TrialState
from tests.client.conftest import arrived
from tests.client.lossy_transport import LossyTransport
from tests.client.reading import Reader, reading
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed, reported
from tests.orchestrator.serving import OFFER, RATE, SPEC, serving

LIFE = [EventKind.CREATED, EventKind.LEASED, EventKind.RUNNING, EventKind.COMPLETE]


async def create(client: Client, trials: int) -> None:
    """A study of so many trials."""
    settings = StudySettings(limits=Limits(trials=trials))
    await client.create_study(replace(SPEC, settings=settings))


async def train(runner: ScriptedRunner, *, points: int = 3) -> None:
    """One trial from its assignment to its result."""
    trial = await runner.assignment()
    batches = [reported((step, 0.1, {"f1": step / 100})) for step in range(points)]
    await runner.record(trial, 1, STARTED, *batches, completed(f1=trial.number / 100))
    await runner.applied(trial, points + 2)


async def check_complete(reader: Reader, path: Path) -> None:
    """From one snapshot on nothing was left out, repeated or told in another order."""
    async with Results.open(path) as results:
        study = await results.study("s")
        log, curves = await results.events(study), await results.curves(study)
        states = {trial.number: trial.state for trial in await results.trials(study)}
    assert len(reader.snapshots) == 1
    assert reader.events == log[-len(reader.events) :]
    assert reader.states == states
    assert reader.curves == curves


async def test_every_change_of_state_and_every_point_is_told_once_and_in_order(
    client: Client, runner: ScriptedRunner, tmp_path: Path
) -> None:
    await create(client, 40)
    async with reading(client) as reader:
        for _ in range(40):
            await train(runner, points=20)
    await check_complete(reader, tmp_path / "studies.db")
    for number in range(5, 40):  # the first may be in the snapshot
        assert reader.kinds(number) == LIFE
        assert len(reader.curves[number]) == 20


async def test_a_reader_that_comes_later_begins_with_how_it_stands(
    client: Client, runner: ScriptedRunner
) -> None:
    await create(client, 3)
    await train(runner)
    async with reading(client, until=lambda reader: reader.curves) as reader:
        pass
    [snapshot] = reader.snapshots
    assert snapshot.trials[0].state is TrialState.COMPLETE
    assert snapshot.study.counts[TrialState.COMPLETE] == snapshot.progress.complete == 1
    assert snapshot.settings.version == 1
    assert [step for step, _, _ in reader.curves[0]] == [0, 1, 2]
    assert reader.kinds(0) == []


async def test_it_goes_on_without_gap_or_repeat_after_lost_answers_and_a_restart(
    hub: MemoryHub, transport: LossyTransport, tmp_path: Path
) -> None:
    path = tmp_path / "studies.db"
    async with Client(transport, repeat=0.05) as client:
        async with serving(path, hub, resident=True), arrived(hub) as runner:
            await create(client, 4)
            entered = reading(client)
            reader = await entered.__aenter__()
            await train(runner)
            transport.lose_answers = 3
            await train(runner)
            await transport.lost.wait()
        async with serving(path, hub, resident=True), arrived(hub) as runner:
            runner.boot = "second"
            await runner.hello(OFFER)
            await train(runner)
            await train(runner)
            await entered.__aexit__(None, None, None)
    await check_complete(reader, path)


async def test_a_lost_connection_is_said_at_once_and_so_is_its_return(
    hub: MemoryHub, client: Client, runner: ScriptedRunner, tmp_path: Path
) -> None:
    await create(client, 2)
    async with hub.connect(client_party("bob")) as broker:
        transport = LossyTransport(BrokerTransport(broker, "bob", ORCHESTRATOR))
        async with Client(transport, repeat=0.05) as bob, reading(bob) as reader:
            transport.up = False
            await train(runner)
            await reader.heard(Lost)
            transport.up = True
            await reader.heard(Found)
            await train(runner)
    assert reader.others == [Lost("the connection is lost"), Found()]
    await check_complete(reader, tmp_path / "studies.db")


async def test_the_curve_of_the_next_attempt_begins_anew(
    client: Client, runner: ScriptedRunner, tmp_path: Path
) -> None:
    await create(client, 1)
    trial = await runner.assignment()
    await runner.record(trial, 1, STARTED, reported((0, 0.1, {"f1": 0.9})))
    await runner.applied(trial, 2)
    async with reading(client) as reader:
        runner.boot = "second"
        await runner.hello(OFFER)
        again = await runner.assignment()
        assert (again.trial, again.attempt) == (trial.trial, 2)
        await runner.record(again, 1, STARTED, reported((0, 0.1, {"f1": 0.1})), completed(f1=0.1))
    await check_complete(reader, tmp_path / "studies.db")
    assert reader.curves == {0: [(0, 0.1, {"f1": 0.1})]}
    assert reader.kinds(0) == [
        EventKind.WAITS_AGAIN,
        EventKind.LEASED,
        EventKind.RUNNING,
        EventKind.BEGINS,
        EventKind.COMPLETE,
    ]


async def test_a_change_of_the_settings_is_told(client: Client, runner: ScriptedRunner) -> None:
    await create(client, 2)
    async with reading(client, until=lambda reader: reader.others) as reader:
        version = await client.pause("s", because="enough for today")
    assert reader.others == [SettingsChanged(version)]
    [event] = [event for event in reader.events if event.kind == EventKind.SETTINGS]
    assert event.text == "version 2 by alice: enough for today"


async def test_that_a_space_grew_is_told(client: Client, runner: ScriptedRunner) -> None:
    offer = replace(OFFER, space=Space(variables=()), dynamic=True)
    await runner.hello(offer)
    settings = StudySettings(limits=Limits(trials=1))
    await client.create_study(replace(SPEC, objective=offer, settings=settings))
    trial = await runner.assignment()
    async with reading(client, until=lambda reader: reader.others) as reader:
        found = (Suggestion(variable=RATE, value=0.25),)
        await runner.record(trial, 1, STARTED, replace(completed(f1=0.5), suggested=found))
    [grew] = reader.others
    assert isinstance(grew, SpaceGrew)
    assert grew.study.spec.objective.space.variables == (RATE,)
    assert "space" in reader.kinds(None)


async def test_a_study_that_is_deleted_ends_it_with_a_sentence(
    client: Client, runner: ScriptedRunner
) -> None:
    await create(client, 1)
    await train(runner)
    items = client.events("s")
    assert isinstance(await anext(items), Snapshot)
    await client.delete("s")
    with pytest.raises(WorkFailed, match="study 's' was deleted"):
        async for _ in items:
            pass
    with pytest.raises(UnknownName, match="there is no study 's'"):
        await anext(client.events("s"))
    assert [(entry.study, entry.event.text) for entry in (await client.log())[:1]] == [("", "s")]


async def test_questions_that_wait_hold_up_nobody_and_all_wake_when_something_happens(
    client: Client, runner: ScriptedRunner
) -> None:
    await create(client, 1)
    await train(runner)
    here = await client.changes("s")
    waiting = [
        asyncio.create_task(client.changes("s", after=here.after, moved=here.moved, wait=20.0))
        for _ in range(100)  # more than the inbox gives out at once
    ]
    assert (await client.service()).orchestrator == "main"
    assert not any(call.done() for call in waiting)
    await client.change_settings("s", {"weight": 2.0})
    for call in waiting:
        changes = await call
        assert [event.kind for event in changes.events] == [EventKind.SETTINGS]
        assert changes.settings.version == 2


async def test_where_the_database_is_an_older_one_it_begins_anew(
    client: Client, transport: LossyTransport, runner: ScriptedRunner
) -> None:
    await create(client, 1)
    await train(runner)
    ahead = 10**6
    assert (await client.changes("s", after=ahead, wait=20.0)).after < ahead
    feed = Feed(client, "s", curves=False, every=0.01)
    assert isinstance((await feed.next())[0], Snapshot)
    assert feed._last is not None
    feed._last = replace(feed._last, after=ahead)
    while not (items := await feed.next()) or isinstance(items[0], Moved):
        pass
    assert isinstance(items[0], Snapshot)
    await feed.close()


async def test_the_log_is_read_in_pages_both_ways(client: Client, runner: ScriptedRunner) -> None:
    await create(client, 2)
    await train(runner)
    await train(runner)
    newest = await client.log()
    ids = [entry.event.id for entry in newest]
    assert ids == sorted(ids, reverse=True)
    assert {entry.study for entry in newest} == {"s"}
    assert newest[-1].event.kind == EventKind.CREATED
    assert await client.log(before=ids[0]) == newest[1:]
    assert await client.log("s", after=ids[-1]) == newest[-2::-1]
    assert await client.log("other") == ()


async def test_a_curve_is_read_from_where_it_is_known(
    client: Client, runner: ScriptedRunner
) -> None:
    await create(client, 1)
    await train(runner, points=4)
    [part] = await client.curves("s", [CurveFrom(0, 1, 3)])
    assert [step for step, _, _ in part.reports] == [2, 3]
    assert await client.curves("s", [CurveFrom(0, 1, part.seq), CurveFrom(7)]) == ()
