"""What clients ask and change, over the broker, in their own words."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from schema.brokers.memory import MemoryHub
from schema.commands.runners import ListOffers, ListRunners, Presence, SteerRunner
from schema.commands.service import GetService
from schema.commands.studies import (
    ChangeSettings,
    CreateStudy,
    DeleteStudy,
    GetProgress,
    GetStudy,
    GetSummary,
    ListStudies,
    StopStudy,
)
from schema.commands.trials import GetTrial, GetTrials, StopTrial
from schema.identity import clients_inbox
from schema.messages import Steer
from schema.pruning import PrunerSettings
from schema.requests import RefusalKind
from schema.space import Space
from schema.study import Limits, StudySettings
from schema.trial import Desired, Outcome, TrialState
from schema.variables import Variable
from tests.orchestrator.asking import Asking, Refused
from tests.orchestrator.one_study import ended
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed, reported
from tests.orchestrator.serving import OFFER, ONE, RATE, SPEC, rows, serving


async def arrived(client: Asking, runner: ScriptedRunner, slots: int = 1) -> None:
    """The runner is known."""
    await runner.hello(OFFER, slots=slots)
    await runner.orders()


# ---------------------------------------------------------------------- questions


async def test_who_answers_says_who_it_is(path: Path, hub: MemoryHub, client: Asking) -> None:
    async with serving(path, hub, resident=True):
        seen = await client.ask(GetService())
    assert (seen.orchestrator, seen.version, seen.term, seen.degraded) == ("main", "0.1.0", 1, "")
    assert seen.database == str(path)


async def test_a_study_is_created_run_and_looked_at_from_afar(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True):
        await arrived(client, runner)
        assert await client.ask(ListOffers()) == (OFFER,)
        created = await client.ask(CreateStudy(spec=SPEC))
        assert (created.name, created.counts) == ("s", {})
        for _ in range(2):
            given = await runner.assignment()
            running = (await client.ask(ListRunners()))[0]
            assert [held.number for held in running.held] == [given.number]
            report = reported((0, 0.1, {"f1": 0.1}))
            await runner.record(given, 1, STARTED, report, completed(f1=0.5 + given.number))
            await runner.applied(given, 3)
        progress = await client.ask(GetProgress(study="s"))
        assert (progress.complete, progress.best, progress.done) == (2, (1, 1.5), True)
        page = await client.ask(GetTrials(study="s", first=1))
        assert [trial.number for trial in page] == [1]
        assert await client.ask(GetTrials(study="s", first=2)) == ()
        detail = await client.ask(GetTrial(study="s", number=0))
        assert (len(detail.attempts), detail.curve) == (1, ((0, 0.1, {"f1": 0.1}),))
        assert [event.kind for event in detail.events][-1] == TrialState.COMPLETE
        assert (await client.ask(GetStudy(study="s"))).counts == {TrialState.COMPLETE: 2}
        summary = await client.ask(GetSummary(study="s"))
        assert summary.best is not None
        assert summary.best.metrics == {"f1": 1.5}
    async with serving(path, hub, resident=True):  # the study is finished, and only on disk
        again = await client.ask(GetProgress(study="s"))
        assert (again.complete, again.best, again.done) == (2, (1, 1.5), True)
        assert [study.name for study in await client.ask(ListStudies())] == ["s"]


async def test_a_page_of_large_trials_is_cut_and_goes_on_where_it_ended(
    path: Path,
    hub: MemoryHub,
    runner: ScriptedRunner,
    client: Asking,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("orchestrator.service.stored_questions.PAGE_BYTES", 10)
    async with serving(path, hub) as service:
        engine = await service.open_study(SPEC)
        await runner.hello(OFFER)
        for _ in range(2):
            given = await runner.assignment()
            await runner.record(given, 1, STARTED, completed(f1=0.5))
        await service.finished(engine)
        for first in range(2):
            page = await client.ask(GetTrials(study="s", first=first))
            assert [trial.number for trial in page] == [first]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (GetStudy(study="t"), "there is no study 't'"),
        (GetTrial(study="s", number=99), "there is no trial in study 's': '99'"),
        (GetTrial(study="s", number=2**63), "there is no trial in study 's'"),
        (ChangeSettings(study="t", patch={}), "there is no study 't'"),
        (StopTrial(study="s", number=99), "there is no trial in study 's': '99'"),
        (SteerRunner(runner="gpu", steer=Steer.STOP), "there is no runner 'gpu'"),
        (DeleteStudy(study="t"), "there is no study 't'"),
    ],
)
async def test_a_name_that_does_not_exist_is_refused_with_the_nearest_one(
    path: Path, hub: MemoryHub, client: Asking, command: GetStudy, said: str
) -> None:
    async with serving(path, hub) as service:
        await service.open_study(SPEC)
        with pytest.raises(Refused, match=said) as refused:
            await client.ask(command)
    assert refused.value.kind is RefusalKind.UNKNOWN_NAME


async def test_a_command_of_a_later_version_is_answered_with_a_refusal(
    path: Path, hub: MemoryHub, client: Asking
) -> None:
    later = {"type": "request", "id": "7", "client": "alice", "instance": "one"}
    async with serving(path, hub):
        answer = await client.send(
            msgspec.msgpack.encode({**later, "command": {"type": "dream of sheep"}})
        )
    assert answer.id == "7"
    assert answer.refusal is not None
    assert "does not understand this command" in answer.refusal.sentence


async def test_what_is_no_request_or_of_somebody_else_is_put_aside(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub), hub.connect("c.bob") as broker:
        client = Asking(broker)
        await client.listen()
        await broker.publish(clients_inbox(), b"\xc1")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await client.ask(GetService())
        await runner.beat()
        await runner.orders()
    sources = rows(path, "SELECT source, why FROM quarantine ORDER BY id")
    assert [source for source, _ in sources] == ["c.bob", "c.bob"]
    assert sources[1][1] == "it says that it comes from 'alice', and c.bob sent it"


# ---------------------------------------------------------------------- changes


async def test_a_change_that_is_asked_for_again_happens_once_also_after_a_restart(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    pause = ChangeSettings(study="s", patch={"paused": True})
    async with serving(path, hub, resident=True):
        await arrived(client, runner)
        await client.ask(CreateStudy(spec=SPEC), request="make it")
        first = await client.ask(pause, request="pause it")
        resumed = await client.ask(ChangeSettings(study="s", patch={"paused": False}))
        assert (first.version, resumed.version) == (2, 3)
        assert await client.ask(pause, request="pause it") == first
    async with serving(path, hub, resident=True):
        assert await client.ask(pause, request="pause it") == first
        await client.ask(CreateStudy(spec=SPEC), request="make it")
        assert not (await client.ask(GetProgress(study="s"))).paused
    versions = rows(path, "SELECT version, author FROM study_settings ORDER BY version")
    assert versions == [(1, "alice"), (2, "alice"), (3, "alice")]


async def test_of_two_changes_to_the_same_version_one_wins(
    path: Path, hub: MemoryHub, client: Asking
) -> None:
    async with serving(path, hub) as service:
        await service.open_study(SPEC)
        change = ChangeSettings(study="s", patch={"weight": 2.0}, expected=1)
        assert (await client.ask(change)).settings.weight == 2.0
        with pytest.raises(Refused, match="are of version 2 by now, not 1") as refused:
            await client.ask(change)
    assert refused.value.kind is RefusalKind.CONFLICT


async def test_changed_settings_are_in_force_at_once_and_after_a_restart(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True) as service:
        engine = await service.open_study(SPEC)
        patch = {
            "limits": {"trials": 5},
            "pruner": {"pruner": "threshold", "parameters": {"lower": 0.5, "n_warmup_steps": 0}},
        }
        await client.ask(ChangeSettings(study="s", patch=patch, because="more"))
        assert engine.spec.settings.limits.trials == 5
        await runner.hello(OFFER)
        given = await runner.assignment()
        await runner.record(given, 1, STARTED, reported((0, 0.1, {"f1": 0.1})))
        await runner.orders(
            lambda orders: any(order.desired is Desired.PRUNE for order in orders.leases)
        )
    async with serving(path, hub, resident=True):
        seen = await client.ask(GetStudy(study="s"))
    assert seen.spec.settings.limits == Limits(trials=5)
    assert seen.spec.settings.pruner.pruner == "threshold"


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ({"wieght": 2.0}, "there is no setting 'wieght'; did you mean 'weight'"),
        ({"limits": {"trails": 2}}, "there is no setting 'limits.trails'"),
        ({"weight": "heavy"}, "Expected `float`"),
        ({"weight": 0.0}, "a share is a number above 0"),
        ({"parallelism": 0}, "parallelism 0: at least one trial"),
        ({"limits": {"seconds": -1.0}}, "limits.seconds -1.0"),
        ({"pruner": {"pruner": "gardener"}}, "there is no pruner 'gardener'"),
    ],
)
async def test_settings_that_make_no_sense_are_refused_and_change_nothing(
    path: Path, hub: MemoryHub, client: Asking, patch: dict[str, object], said: str
) -> None:
    async with serving(path, hub) as service:
        engine = await service.open_study(SPEC)
        with pytest.raises(Refused, match=said):
            await client.ask(ChangeSettings(study="s", patch=patch))
        assert engine.spec == SPEC
    assert rows(path, "SELECT count(*) FROM study_settings") == [(1,)]


async def test_a_study_that_no_runner_offers_is_refused(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    other = msgspec.structs.replace(OFFER, entry="package.module:other")
    async with serving(path, hub, resident=True):
        with pytest.raises(Refused, match="here are: nothing, because no runner has arrived"):
            await client.ask(CreateStudy(spec=SPEC))
        await runner.hello(other)
        await runner.orders()
        with pytest.raises(Refused, match=r"offered here are: package\.module:other"):
            await client.ask(CreateStudy(spec=SPEC))
        wide = msgspec.structs.replace(OFFER, space=Space(variables=(_wide(),)))
        await arrived(client, runner)
        with pytest.raises(Refused, match=r"rate has range 0\.\.1; the study has 0\.\.9"):
            await client.ask(CreateStudy(spec=msgspec.structs.replace(SPEC, objective=wide)))
        assert await client.ask(ListStudies()) == ()


def _wide() -> Variable:
    return msgspec.structs.replace(RATE, high=9.0)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "a/b"}, "study name 'a/b'"),
        ({"sampler": "dice"}, "there is no sampler 'dice'"),
        ({"sampler": "brute_force"}, "rate has no step"),
        ({"settings": StudySettings(weight=-1.0)}, "weight -1.0"),
        (
            {"settings": StudySettings(pruner=PrunerSettings(pruner="gardener"))},
            "there is no pruner 'gardener'",
        ),
    ],
)
async def test_a_study_that_cannot_be_is_refused_before_it_is_made(
    path: Path,
    hub: MemoryHub,
    runner: ScriptedRunner,
    client: Asking,
    changed: dict[str, object],
    said: str,
) -> None:
    async with serving(path, hub, resident=True):
        await arrived(client, runner)
        with pytest.raises(Refused, match=said):
            await client.ask(CreateStudy(spec=msgspec.structs.replace(SPEC, **changed)))
        assert await client.ask(ListStudies()) == ()


async def test_a_study_is_stopped_stays_stopped_and_goes_on_when_it_is_asked_for(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True):
        await arrived(client, runner)
        await client.ask(CreateStudy(spec=SPEC))
        given = await runner.assignment()
        stopped = await client.ask(StopStudy(study="s", because="enough"))
        assert stopped.closed_because == "enough"
        await runner.record(given, 1, STARTED, completed(f1=0.5))
        await runner.applied(given, 2)
    async with serving(path, hub, resident=True):
        assert (await client.ask(GetStudy(study="s"))).closed_because == "enough"
        await arrived(client, runner)
        opened = await client.ask(CreateStudy(spec=SPEC))
        assert opened.closed_because == ""
        assert (await runner.assignment()).number == 1


async def test_a_study_that_is_stopped_now_ends_its_trials_as_cancelled(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True) as service:
        engine = await service.open_study(ONE)
        await runner.hello(OFFER)
        given = await runner.assignment()
        await runner.record(given, 1, STARTED)
        await runner.applied(given, 1)
        await client.ask(StopStudy(study="s", now=True))
        await runner.orders(lambda orders: orders.leases and orders.leases[0].desired == 2)
        await runner.record(given, 2, ended(Outcome.STOPPED))
        await service.finished(engine)
    assert rows(path, "SELECT state, reason FROM trial") == [("cancelled", "stopped by alice")]


async def test_one_trial_is_stopped_whether_it_runs_or_waits(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True) as service:
        engine = await service.open_study(SPEC)
        await runner.hello(OFFER)
        given = await runner.assignment()
        stopped = await client.ask(StopTrial(study="s", number=0, because="too slow"))
        assert (stopped.state, stopped.reason) == (TrialState.LEASED, "too slow")
        await runner.orders(lambda orders: orders.leases and orders.leases[0].desired == 2)
        await runner.record(given, 1, ended(Outcome.RELEASED))
        second = await runner.assignment()
        await runner.record(second, 1, ended(Outcome.RELEASED))
        await client.ask(SteerRunner(runner=runner.name, steer=Steer.DRAIN))
        third = await runner.assignment()  # the second trial again: it was granted before
        await runner.record(third, 1, ended(Outcome.RELEASED))
        await runner.applied(third, 1)
        assert engine.counts[TrialState.WAITING] == 1
        waiting = await client.ask(StopTrial(study="s", number=1))
        assert waiting.state is TrialState.CANCELLED
        await service.finished(engine)
        with pytest.raises(Refused, match="trial 1 of study 's' has ended already"):
            await client.ask(StopTrial(study="s", number=1))


async def test_a_study_is_deleted_only_when_nothing_of_it_runs_and_its_ids_never_return(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True):
        await arrived(client, runner)
        await client.ask(CreateStudy(spec=ONE))
        given = await runner.assignment()
        with pytest.raises(Refused, match="study 's' has 1 trials that run; stop it first"):
            await client.ask(DeleteStudy(study="s"))
        await runner.record(given, 1, STARTED, completed(f1=0.5))
        await runner.applied(given, 2)
        assert await client.ask(DeleteStudy(study="s")) is None
        assert await client.ask(ListStudies()) == ()
    async with serving(path, hub, resident=True):
        await arrived(client, runner)
        await client.ask(CreateStudy(spec=ONE))
        assert (await runner.assignment()).trial > given.trial


async def test_a_runner_is_drained_and_that_survives_a_restart(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True):
        await arrived(client, runner)
        seen = await client.ask(SteerRunner(runner=runner.name, steer=Steer.DRAIN))
        assert (seen.steer, seen.presence) == (Steer.DRAIN, Presence.LIVE)
        assert (await runner.orders(lambda orders: orders.steer is Steer.DRAIN)).term == 1
    async with serving(path, hub, resident=True):
        await runner.hello(OFFER)
        await runner.orders(lambda orders: orders.term == 2 and orders.steer is Steer.DRAIN)
        await client.ask(CreateStudy(spec=SPEC))
        await runner.beat()
        assert (await runner.orders(lambda orders: not orders.leases)).assignments == ()
        await client.ask(SteerRunner(runner=runner.name, steer=Steer.RUN))
        await runner.assignment()


async def test_a_runner_that_was_stopped_runs_when_somebody_starts_it_again(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True):
        await arrived(client, runner)
        await client.ask(SteerRunner(runner=runner.name, steer=Steer.STOP))
        await runner.orders(lambda orders: orders.steer is Steer.STOP)
        runner.boot = "second"
        await runner.hello(OFFER)
        await runner.orders(lambda orders: orders.steer is Steer.RUN)
