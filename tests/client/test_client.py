"""What a client asks is answered by the real service, once, whatever is lost on the way."""

import asyncio
from collections.abc import AsyncIterator
from typing import get_type_hints

import msgspec
import pytest

from orchestrator.client.client import Client, NoAnswer
from orchestrator.client.transport import BrokerTransport
from orchestrator.service.service import Service
from schema.brokers.memory import MemoryHub
from schema.commands.edits import ApplyEdits, ListRevisions, RestartTrial, UndoRevision
from schema.commands.feed import GetChanges, GetCurves, GetLog
from schema.commands.insight import GetImportance, GetPruners, GetReplay, GetScores
from schema.commands.pages import PAGE_ROWS
from schema.commands.profiles import (
    DeleteProfile,
    GetProfile,
    GetProfileHistory,
    ImportProfile,
    ListProfiles,
    RenameProfile,
    SaveProfile,
)
from schema.commands.results import AnnotateTrial, HideTrial, LearnFromFork, RescoreTrial
from schema.commands.runners import ListOffers, ListRunners, Presence, SteerRunner
from schema.commands.service import GetService
from schema.commands.studies import (
    ChangeSettings,
    CreateStudy,
    DeleteStudy,
    GetProgress,
    GetStudy,
    GetSummary,
    ListSettings,
    ListStudies,
    StopStudy,
)
from schema.commands.trials import GetAttempts, GetTrial, GetTrials, QueueTrial, StopTrial
from schema.errors import Conflict, UnknownName, WrongInput
from schema.identity import ORCHESTRATOR, client_party, clients_inbox
from schema.messages import Steer
from schema.requests import RESULTS
from schema.results import TrialResult
from schema.study import Limits, StudySettings
from schema.trial import TrialState
from tests.client.lossy_transport import LossyTransport
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed, reported
from tests.orchestrator.serving import OFFER, SPEC

CALLS = {
    GetService: "service",
    ListStudies: "studies",
    ListSettings: "settings_history",
    GetStudy: "study",
    GetProgress: "progress",
    GetSummary: "summary",
    GetTrials: "trials",
    GetAttempts: "attempts",
    GetTrial: "trial",
    GetChanges: "changes",
    GetCurves: "curves",
    GetLog: "log",
    GetScores: "scores",
    GetImportance: "importance",
    GetPruners: "pruners",
    GetReplay: "replay",
    ListOffers: "offers",
    ListRunners: "runners",
    CreateStudy: "create_study",
    ChangeSettings: "change_settings",
    StopStudy: "stop",
    DeleteStudy: "delete",
    StopTrial: "stop_trial",
    ApplyEdits: "apply",
    UndoRevision: "undo",
    RestartTrial: "restart",
    ListRevisions: "revisions",
    SteerRunner: "steer",
    RescoreTrial: "rescore",
    HideTrial: "hide",
    AnnotateTrial: "annotate",
    LearnFromFork: "learn_from_fork",
    ListProfiles: "profiles",
    GetProfile: "profile",
    GetProfileHistory: "profile_history",
    QueueTrial: "queue",
    SaveProfile: "save_profile",
    ImportProfile: "import_profile",
    RenameProfile: "rename_profile",
    DeleteProfile: "delete_profile",
}


def test_every_command_has_a_call_of_its_type() -> None:
    assert CALLS.keys() == RESULTS.keys()
    for command, name in CALLS.items():
        if command in (GetTrials, GetScores):
            continue  # page by page: what the pages hold
        result = get_type_hints(getattr(Client, name))["return"]
        assert result == (type(None) if RESULTS[command] is None else RESULTS[command]), name
    assert get_type_hints(Client.trials)["return"] == AsyncIterator[TrialResult]


async def test_a_service_says_who_it_is(client: Client) -> None:
    overview = await client.service()
    assert (overview.orchestrator, overview.term) == ("main", 1)
    assert overview.database.endswith("studies.db")


async def test_a_study_is_created_followed_and_read(client: Client, runner: ScriptedRunner) -> None:
    assert [offer.entry for offer in await client.offers()] == [OFFER.entry]
    assert (await client.create_study(SPEC)).name == "s"
    for f1 in (0.5, 0.7):
        trial = await runner.assignment()
        await runner.record(trial, 1, STARTED, reported((0, 0.1, {"f1": f1})), completed(f1=f1))
        await runner.applied(trial, 3)
    progress = await client.progress("s")
    assert (progress.complete, progress.best, progress.done) == (2, (1, 0.7), True)
    assert [(t.number, t.value) async for t in client.trials("s")] == [(0, 0.5), (1, 0.7)]
    detail = await client.trial("s", 1)
    assert detail.curve == ((0, 0.1, {"f1": 0.7}),)
    assert [attempt.outcome for attempt in detail.attempts] == ["complete"]
    spans = await client.attempts("s", [0, 1, 7])
    assert [(s.number, s.attempt, s.outcome) for s in spans] == [
        (0, 1, "complete"),
        (1, 1, "complete"),
    ]
    summary = await client.summary("s")
    assert summary.best is not None
    assert summary.best.metrics == {"f1": 0.7}
    [overview] = await client.studies()
    assert overview.counts == {TrialState.COMPLETE: 2}
    assert (await client.study("s")).spec == SPEC


async def test_more_trials_than_a_page_has_come_all_and_in_order(
    client: Client, runner: ScriptedRunner
) -> None:
    trials = PAGE_ROWS + 3
    settings = StudySettings(limits=Limits(trials=trials))
    await client.create_study(msgspec.structs.replace(SPEC, settings=settings))
    for _ in range(trials):
        trial = await runner.assignment()
        await runner.record(trial, 1, STARTED, completed(f1=0.5))
        await runner.applied(trial, 2)
    assert [t.number async for t in client.trials("s")] == list(range(trials))


# ---------------------------------------------------------------------- losses


async def test_a_lost_request_is_made_again(client: Client, transport: LossyTransport) -> None:
    transport.lose_requests = 2
    assert await client.studies() == ()
    assert transport.requests == 3


async def test_a_change_whose_answer_was_lost_happens_once(
    client: Client, transport: LossyTransport, runner: ScriptedRunner
) -> None:
    await client.create_study(SPEC)
    transport.lose_answers = 2
    version = await client.change_settings("s", {"weight": 2.0}, expected=1)
    assert transport.answers >= 3 + 1
    assert version.version == 2  # a second execution would have found version 2 and refused
    assert version.settings.weight == 2.0


async def test_two_clients_at_once_each_hear_their_own_answers(
    hub: MemoryHub, client: Client, runner: ScriptedRunner
) -> None:
    await client.create_study(SPEC)
    async with (
        hub.connect(client_party("bob")) as broker,
        Client(BrokerTransport(broker, "bob", ORCHESTRATOR)) as other,
    ):
        asked = [c.study("s") if i % 3 else c.runners() for i in range(9) for c in (client, other)]
        answers = await asyncio.gather(*asked)
    assert [type(answer) is tuple for answer in answers] == [
        i % 3 == 0 for i in range(9) for _ in "ab"
    ]


async def test_when_nobody_answers_it_is_said_after_the_deadline(
    transport: LossyTransport,
) -> None:
    async with Client(transport, deadline=0.05) as client:
        with pytest.raises(NoAnswer) as caught:
            await client.studies()
    assert str(caught.value) == (
        "no orchestrator answered within 0.05 s: is `trialmq serve` running on this broker, and "
        "is its name 'main'?"
    )


async def test_where_no_orchestrator_ever_was_it_is_said(hub: MemoryHub) -> None:
    async with (
        hub.connect(client_party("alice")) as broker,
        Client(BrokerTransport(broker, "alice", "other"), deadline=0.05) as client,
    ):
        with pytest.raises(NoAnswer, match="no orchestrator 'other' has ever been on this broker"):
            await client.studies()


async def test_without_a_connection_it_is_said(hub: MemoryHub) -> None:
    async with hub.connect(client_party("alice")) as broker:
        await broker.declare(clients_inbox())
        async with Client(BrokerTransport(broker, "alice", "main"), deadline=0.05) as client:
            await broker.close()
            assert not client.connected
            with pytest.raises(NoAnswer, match="not connected to the broker"):
                await client.studies()


async def test_a_call_can_be_cancelled_and_the_next_one_is_answered(
    client: Client, transport: LossyTransport
) -> None:
    transport.lose_answers = 1
    call = asyncio.create_task(client.studies())
    await transport.answered.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await client.studies() == ()


async def test_bytes_that_are_no_answer_are_put_aside(
    client: Client, transport: LossyTransport, caplog: pytest.LogCaptureFixture
) -> None:
    transport._take(b"\xc1")
    assert "an answer was put aside" in caplog.text
    assert await client.studies() == ()


# ---------------------------------------------------------------------- refusals


async def test_an_unknown_name_is_refused_with_the_nearest_one(
    client: Client, runner: ScriptedRunner
) -> None:
    await client.create_study(msgspec.structs.replace(SPEC, name="wakeword"))
    with pytest.raises(UnknownName) as caught:
        await client.study("wakewrod")
    assert str(caught.value) == "there is no study 'wakewrod'; did you mean 'wakeword'?"


async def test_settings_that_changed_meanwhile_are_a_conflict(
    client: Client, runner: ScriptedRunner
) -> None:
    await client.create_study(SPEC)
    await client.change_settings("s", {"weight": 2.0}, expected=1)
    with pytest.raises(Conflict, match="of version 2 by now"):
        await client.change_settings("s", {"weight": 3.0}, expected=1)
    assert (await client.study("s")).spec.settings.weight == 2.0


async def test_a_setting_of_another_type_is_refused(client: Client, runner: ScriptedRunner) -> None:
    await client.create_study(SPEC)
    with pytest.raises(WrongInput, match="weight"):
        await client.change_settings("s", {"weight": "much"})


async def test_a_study_of_what_nobody_offers_is_refused(client: Client, service: Service) -> None:
    with pytest.raises(WrongInput, match=r"no runner offers package\.module:train"):
        await client.create_study(SPEC)


async def test_a_request_that_is_too_large_is_refused_before_it_is_sent(
    client: Client, transport: LossyTransport
) -> None:
    spec = msgspec.structs.replace(SPEC, name="x" * 300_000)
    with pytest.raises(WrongInput, match="a request of 300"):
        await client.create_study(spec)
    assert transport.requests == 0


# ---------------------------------------------------------------------- steering


async def test_a_paused_study_starts_no_trial_until_it_is_resumed(
    client: Client, runner: ScriptedRunner
) -> None:
    await client.create_study(msgspec.structs.replace(SPEC, settings=StudySettings(paused=True)))
    assert (await client.progress("s")).paused
    await client.resume("s")
    assert (await runner.assignment()).study == "s"
    assert (await client.pause("s")).settings.paused


async def test_a_stopped_study_can_be_deleted(client: Client, runner: ScriptedRunner) -> None:
    await client.create_study(SPEC)
    trial = await runner.assignment()
    stopped = await client.stop("s", because="enough")
    assert stopped.closed_because == "enough"
    with pytest.raises(WrongInput, match="1 trials that run"):
        await client.delete("s")
    await runner.record(trial, 1, STARTED, completed(f1=0.5))
    await runner.applied(trial, 2)
    await client.delete("s")
    assert await client.studies() == ()


async def test_a_runner_is_seen_and_steered(client: Client, runner: ScriptedRunner) -> None:
    [seen] = await client.runners()
    assert (seen.name, seen.presence, seen.offers) == ("runner-1", Presence.LIVE, (OFFER.entry,))
    assert (await client.steer("runner-1", Steer.DRAIN)).steer is Steer.DRAIN
    assert (await runner.orders(lambda orders: orders.steer is Steer.DRAIN)).steer is Steer.DRAIN
    with pytest.raises(UnknownName, match="there is no runner 'runner-2'"):
        await client.steer("runner-2", Steer.DRAIN)
