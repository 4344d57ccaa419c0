"""Profiles and queued trials of a service: told truly, stored once, there after a restart."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from orchestrator.client.client import Client
from orchestrator.client.transport import BrokerTransport
from schema.brokers.memory import MemoryHub
from schema.commands.profiles import SaveProfile
from schema.commands.trials import QueueTrial
from schema.errors import WrongInput
from schema.identity import ORCHESTRATOR, client_party, clients_inbox, runners_inbox
from schema.profile import Profile, Provenance
from schema.profile_history import ProfileStep
from schema.space import Space
from schema.study import Limits, StudySettings
from schema.variables import Variable
from tests.orchestrator.asking import Asking
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed
from tests.orchestrator.serving import OFFER, RATE, SPEC, rows, serving

EPOCHS = Variable(path="epochs", kind="int", default=10)
WIDE = msgspec.structs.replace(OFFER, space=Space(variables=(RATE, EPOCHS)))
FOUR = msgspec.structs.replace(
    SPEC, objective=WIDE, settings=StudySettings(limits=Limits(trials=4))
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "studies.db"


@asynccontextmanager
async def asked(hub: MemoryHub) -> AsyncIterator[Client]:
    """A client called alice."""
    async with hub.connect(client_party("alice")) as broker:
        await broker.declare(clients_inbox())
        async with Client(BrokerTransport(broker, "alice", ORCHESTRATOR)) as client:
            yield client


@asynccontextmanager
async def arrived(hub: MemoryHub) -> AsyncIterator[ScriptedRunner]:
    """A runner of one slot that the service has welcomed."""
    async with hub.connect() as broker:
        await broker.declare(runners_inbox())
        runner = ScriptedRunner(broker)
        await runner.listen()
        await runner.hello(WIDE)
        await runner.orders()
        yield runner


@asynccontextmanager
async def all_three(path: Path) -> AsyncIterator[tuple[Client, ScriptedRunner]]:
    """A service, a client of it, and a runner."""
    hub = MemoryHub()
    async with serving(path, hub, resident=True), asked(hub) as client, arrived(hub) as runner:
        yield client, runner


async def one_trial(runner: ScriptedRunner, f1: float = 0.5) -> dict[str, object]:
    """The next trial runs to its end; returns its configuration."""
    given = await runner.assignment()
    await runner.record(given, 1, STARTED, completed(f1=f1))
    await runner.applied(given, 2)
    return dict(given.values)


async def test_a_profile_says_by_whom_and_from_what_it_was_made(path: Path) -> None:
    async with all_three(path) as (client, runner):
        await client.create_study(FOUR)
        worse, better = [await one_trial(runner, f1) for f1 in (0.25, 0.75)]
        await client.save_profile("quiet", study="s", set={"epochs": 12}, because="try longer")
        found = (await client.profile("quiet")).profile
        assert found.values == {**better, "epochs": 12}
        source = found.provenance
        assert (source.study, source.trial, source.metrics) == ("s", 1, {"f1": 0.75})
        assert (source.author, source.because) == ("alice", "try longer")
        assert [(e.path, e.old, e.new) for e in source.edits] == [("epochs", 10, 12)]
        await client.save_profile("quiet", study="s", trial=0)
        assert (await client.profile("quiet")).profile.values == worse
        assert (await client.profile("quiet", 1)).profile == found
        assert [p.version for p in await client.profiles()] == [2]


async def test_a_request_that_is_said_again_saves_and_queues_once(path: Path) -> None:
    async with all_three(path) as (client, runner):
        await client.create_study(FOUR)
        await one_trial(runner)
        hub = MemoryHub()
    async with serving(path, hub, resident=True), hub.connect() as broker:
        asking = Asking(broker)
        await asking.listen()
        for _ in range(3):
            saved = await asking.ask(SaveProfile(name="quiet", study="s"), request="one")
            queued = await asking.ask(QueueTrial(study="s", set={"rate": 0.5}), request="two")
        assert (saved.version, queued.place) == (1, 1)
    assert rows(path, "SELECT count(*) FROM profile") == [(1,)]
    assert rows(path, "SELECT count(*) FROM queued_trial") == [(1,)]


async def test_clients_that_save_at_the_same_time_each_get_a_version(path: Path) -> None:
    async with all_three(path) as (client, runner):
        await client.create_study(FOUR)
        await one_trial(runner)
        saving = (client.save_profile("quiet", study="s", because=str(i)) for i in range(8))
        saved = await asyncio.gather(*saving)
        assert sorted(overview.version for overview in saved) == [*range(1, 9)]
        history = await client.profile_history("quiet")
        assert [event.version for event in history] == [*range(1, 9)]


async def test_profiles_and_their_history_are_there_after_a_restart(path: Path) -> None:
    async with all_three(path) as (client, runner):
        await client.create_study(FOUR)
        await one_trial(runner)
        await client.save_profile("quiet", study="s")
        await client.rename_profile("quiet", "loud")
        await client.delete_profile("loud")
        before = await client.profile_history("loud")
    async with all_three(path) as (client, runner):
        assert await client.profiles() == ()
        assert await client.profile_history("loud") == before
        steps = [(event.step, event.version, event.author) for event in before]
        assert steps == [(step, 1, "alice") for step in ProfileStep]
        assert (await client.profile("loud", 1)).profile.name == "loud"


async def test_what_is_queued_runs_next_and_exactly_and_once(path: Path) -> None:
    async with all_three(path) as (client, runner):
        await client.create_study(FOUR)
        given = await runner.assignment()  # all others are behind this one
        queued = await client.queue("s", set={"rate": 0.125, "epochs": 3}, because="why not")
        assert (queued.place, queued.held_up) == (1, "")
        assert (await client.queue("s", set={"rate": 0.25})).place == 2
        await runner.record(given, 1, STARTED, completed(f1=0.5))
        await runner.applied(given, 2)
        configs = [await one_trial(runner) for _ in range(3)]
        assert configs[:2] == [{"rate": 0.125, "epochs": 3}, {"rate": 0.25, "epochs": 10}]
        assert configs[2]["epochs"] == 10 and configs[2]["rate"] not in (0.125, 0.25)
        events = (await client.trial("s", 1)).events
        assert [e.text for e in events if e.kind == "queued"] == [
            "the defaults, edited by alice: why not"
        ]
    assert rows(path, "SELECT count(*) FROM queued_trial") == [(0,)]


async def test_what_is_queued_waits_through_a_restart(path: Path) -> None:
    hub = MemoryHub()
    async with serving(path, hub) as service, asked(hub) as client:
        await service.open_study(FOUR)
        await client.queue("s", set={"rate": 0.125})
    async with all_three(path) as (client, runner):
        assert await one_trial(runner) == {"rate": 0.5, "epochs": 10}  # every study's first
        assert await one_trial(runner) == {"rate": 0.125, "epochs": 10}


async def test_a_configuration_can_be_queued_for_a_study_that_is_only_on_disk(path: Path) -> None:
    hub = MemoryHub()
    async with serving(path, hub) as service:
        engine = await service.open_study(FOUR)
        service.close_study(engine, "enough")
        await service.finished(engine)
    async with serving(path, hub), asked(hub) as client:
        queued = await client.queue("s", set={"rate": 0.125})
        assert queued.held_up == "no more of its trials are started: enough"
    async with all_three(path) as (client, runner):
        await client.create_study(FOUR)
        assert [(await one_trial(runner))["rate"] for _ in range(2)] == [0.5, 0.125]


async def test_a_profile_from_elsewhere_is_checked_by_what_a_runner_offers(path: Path) -> None:
    given = Profile(name="mine", version=7, objective=OFFER.entry, values={"rate": 0.75})
    async with all_three(path) as (client, _):
        imported = await client.import_profile(given)
        assert (imported.saved.name, imported.saved.version) == ("mine", 1)
        assert imported.notes == ("epochs: not in the profile; the default 10 is taken",)
        assert (await client.profile("mine")).profile.values == {"rate": 0.75, "epochs": 10}
        wrong = msgspec.structs.replace(given, values={"rate": 3.0})
        with pytest.raises(WrongInput, match=r"^rate: 3 is above 1$"):
            await client.import_profile(wrong)
        assert [p.version for p in await client.profiles()] == [1]


async def test_a_file_keeps_where_its_values_come_from(path: Path) -> None:
    source = Provenance(study="far", trial=3, metrics={"f1": float("inf")}, author="bob", at=5.0)
    given = Profile(
        name="mine",
        version=2,
        objective=OFFER.entry,
        values={"rate": 0.75, "epochs": 3},
        fingerprint=WIDE.space.fingerprint(),
        provenance=source,
    )
    async with all_three(path) as (client, _):
        await client.import_profile(given)
        stored = await client.profile("mine")
        assert (stored.profile.provenance, stored.author) == (source, "alice")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (SaveProfile(name="../quiet", study="s"), "profile name '../quiet'"),
        (SaveProfile(name="quiet", study="s", set={"rate": 5.0}), "rate: 5 is above 1"),
        (SaveProfile(name="quiet", study="s", set={"rate": float("nan")}), "rate: nan is not a"),
        (SaveProfile(name="quiet"), "say what to save"),
        (SaveProfile(name="quiet", study="z"), "there is no study 'z'"),
        (SaveProfile(name="quiet", study="s", trial=9), "there is no trial in study 's': '9'"),
        (QueueTrial(study="s"), "say what to queue"),
        (QueueTrial(study="s", profile="quiet", trial=0), "a profile or a trial, not both"),
        (QueueTrial(study="s", profile="quiet"), "there is no profile 'quiet'"),
        (QueueTrial(study="s", set={"rate": float("inf")}), "rate: inf is not a finite number"),
        (
            QueueTrial(study="s", set={"rat": 0.5}),
            "no variable 'rat'; did you mean 'rate'?",
        ),
    ],
    ids=str,
)
async def test_a_client_that_checks_nothing_itself_is_refused_by_the_same_sentences(
    change: SaveProfile | QueueTrial, sentence: str, path: Path
) -> None:
    async with all_three(path) as (client, runner):
        await client.create_study(FOUR)
        await one_trial(runner)
        with pytest.raises(WrongInput) as refused:
            await client.ask(change, None)
        assert sentence in str(refused.value)
    assert rows(path, "SELECT count(*) FROM profile") == [(0,)]
    assert rows(path, "SELECT count(*) FROM queued_trial") == [(0,)]
