"""A thousand studies, a thousand runners: lists come page by page, and whole."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from orchestrator.client.client import Client
from orchestrator.client.transport import BrokerTransport
from orchestrator.engine.trials import Changes
from orchestrator.store.store import Store
from schema.brokers.memory import MemoryHub
from schema.codec import runner_codec
from schema.commands.pages import PAGE_BYTES, PAGE_ROWS
from schema.commands.runners import ListRunners
from schema.commands.studies import CreateStudy, ListStudies
from schema.identity import ORCHESTRATOR, client_party, clients_inbox, runners_inbox
from schema.messages import DeviceHealth, Hello
from schema.space import Space
from schema.study import Limits, StudySettings
from schema.variables import Variable
from tests.orchestrator.asking import Asking
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, all_heard
from tests.orchestrator.serving import OFFER, ONE, SPEC, serving

DONE = StudySettings(limits=Limits(trials=1), paused=True)
WIDE = Space(
    variables=tuple(
        Variable(path=f"group.variable{i}", kind="float", default=0.5, doc="what it is for " * 9)
        for i in range(60)
    )
)


async def test_a_thousand_studies_are_listed(path: Path, hub: MemoryHub, client: Asking) -> None:
    spec = replace(SPEC, objective=replace(OFFER, space=WIDE), settings=DONE)
    async with Store.open(path) as store:
        names = [f"study-{i}" for i in range(1000)]
        rows = [(i, name, replace(spec, name=name), float(i)) for i, name in enumerate(names, 1)]
        await store.commit(Changes(studies=rows))
        settings = [(i, 1, DONE, "", 0.0, "") for i in range(1, 1001)]
        await store.commit(Changes(settings=settings))
    async with serving(path, hub), hub.connect(client_party("bob")) as broker:
        page = await client.answer(ListStudies())
        assert 0 < len(page.result) <= PAGE_BYTES
        async with Client(BrokerTransport(broker, "bob", ORCHESTRATOR)) as bob:
            assert [study.name for study in await bob.studies()] == names


async def test_a_thousand_runners_are_listed(path: Path, hub: MemoryHub, client: Asking) -> None:
    gpu = DeviceHealth(name="cuda:0", uuid="GPU-" + 36 * "0", memory_total=1, memory_used=1)
    names = [f"runner-{i:04}" for i in range(1000)]
    async with hub.connect() as other, hub.connect(client_party("bob")) as broker:
        await other.declare(runners_inbox())
        await other.declare(clients_inbox())
        for name in names:
            hello = Hello(runner=name, boot="b", slots=1, offers=(OFFER,), devices=(gpu,) * 8)
            assert await other.publish(runners_inbox(), runner_codec().encode(hello))
        last = ScriptedRunner(other, "last")
        await last.listen()
        async with serving(path, hub):
            await all_heard(last)
            assert len(await client.ask(ListRunners())) == PAGE_ROWS
            async with Client(BrokerTransport(broker, "bob", ORCHESTRATOR)) as bob:
                assert [runner.name for runner in await bob.runners()] == names


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_held_trial_says_in_which_slot_it_runs(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking, restarted: bool
) -> None:
    async with serving(path, hub, resident=True):
        await runner.hello(OFFER)
        await runner.orders()
        await client.ask(CreateStudy(spec=ONE))
        given = await runner.assignment()
        [seen] = await client.ask(ListRunners())
        assert [held.slot for held in seen.held] == [""]
        await runner.record(given, 1, STARTED)
        await runner.applied(given, 1)
        if not restarted:
            [seen] = await client.ask(ListRunners())
            assert [held.slot for held in seen.held] == [STARTED.slot]
            return
    async with serving(path, hub, resident=True):
        await runner.hello(OFFER)
        await runner.orders()
        [seen] = await client.ask(ListRunners())
        assert [held.slot for held in seen.held] == [STARTED.slot]
