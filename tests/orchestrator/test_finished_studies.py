"""Studies that are finished leave the memory, and come back when somebody wants them changed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from orchestrator.engine import leases
from orchestrator.engine.leases import Leases
from orchestrator.service import studies
from orchestrator.service.service import Service
from schema.brokers.memory import MemoryHub
from schema.commands.studies import (
    ChangeSettings,
    CreateStudy,
    DeleteStudy,
    GetProgress,
    GetStudy,
    StopStudy,
)
from schema.commands.trials import StopTrial
from schema.requests import RefusalKind
from tests.orchestrator.asking import Asking, Refused
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed
from tests.orchestrator.serving import OFFER, ONE, serving


async def train(runner: ScriptedRunner) -> None:
    """One trial from its assignment to its result."""
    given = await runner.assignment()
    await runner.record(given, 1, STARTED, completed(f1=0.5))
    await runner.applied(given, 2)


@asynccontextmanager
async def retired(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking, patch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    """A service that has finished a study and put it away."""
    patch.setattr(studies, "RETIRED_SECONDS", -1.0)
    patch.setattr("orchestrator.service.service.TICK_SECONDS", 0.01)
    async with serving(path, hub, resident=True) as service:
        await runner.hello(OFFER)
        await runner.orders()
        await client.ask(CreateStudy(spec=ONE))
        await train(runner)
        while service._studies.engines:
            await service._turned.wait()
        patch.undo()
        yield service


@pytest.fixture
async def service(
    path: Path,
    hub: MemoryHub,
    runner: ScriptedRunner,
    client: Asking,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Service]:
    """The same, for a test."""
    async with retired(path, hub, runner, client, monkeypatch) as service:
        yield service


async def test_a_finished_study_leaves_nothing_behind_but_the_last_words_of_its_trials(
    service: Service, runner: ScriptedRunner, client: Asking
) -> None:
    held = service._studies
    assert (service.leases.live, held._created, held._versions, held._closed) == ({}, {}, {}, {})
    assert service._supply._ready == set()
    sampler = service._supply._sampler
    await sampler.exchange(99, [], [])  # behind the closing in the sampler's thread
    assert sampler._studies == {}
    assert (await client.ask(GetProgress(study="s"))).complete == 1


async def test_more_trials_for_a_finished_study_and_it_goes_on(
    service: Service, runner: ScriptedRunner, client: Asking
) -> None:
    changed = await client.ask(ChangeSettings(study="s", patch={"limits": {"trials": 3}}))
    assert (changed.version, changed.settings.limits.trials) == (2, 3)
    await train(runner)
    await train(runner)
    assert (await client.ask(GetProgress(study="s"))).complete == 3


async def test_other_settings_of_a_finished_study_start_nothing(
    service: Service, runner: ScriptedRunner, client: Asking
) -> None:
    await client.ask(ChangeSettings(study="s", patch={"weight": 2.0}))
    assert (await client.ask(GetStudy(study="s"))).spec.settings.weight == 2.0
    assert (await client.ask(GetProgress(study="s"))).done


async def test_stopping_a_finished_study_changes_nothing(service: Service, client: Asking) -> None:
    before = await client.ask(GetStudy(study="s"))
    assert replace(await client.ask(StopStudy(study="s")), active=before.active) == before


async def test_a_trial_that_has_ended_cannot_be_stopped(service: Service, client: Asking) -> None:
    with pytest.raises(Refused, match="trial 0 of study 's' has ended already") as refused:
        await client.ask(StopTrial(study="s", number=0))
    assert refused.value.kind is RefusalKind.WRONG_INPUT


async def test_a_study_that_was_put_away_can_be_deleted(service: Service, client: Asking) -> None:
    await client.ask(DeleteStudy(study="s"))
    with pytest.raises(Refused):
        await client.ask(GetStudy(study="s"))


async def test_deleting_a_study_forgets_its_sampler(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True) as service:
        await runner.hello(OFFER)
        await runner.orders()
        await client.ask(CreateStudy(spec=ONE))
        await train(runner)
        sampler = service._supply._sampler
        assert len(sampler._studies) == 1
        await client.ask(DeleteStudy(study="s"))
        await sampler.exchange(99, [], [])
        assert sampler._studies == {}


async def test_a_stopped_study_stays_stopped_when_the_service_starts_anew(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True):
        await runner.hello(OFFER)
        await runner.orders()
        await client.ask(CreateStudy(spec=ONE))
        given = await runner.assignment()
        await runner.record(given, 1, STARTED)
        await runner.applied(given, 1)
        await client.ask(StopStudy(study="s", because="enough"))
    async with serving(path, hub, resident=True):
        assert (await client.ask(GetStudy(study="s"))).closed_because == "enough"
        assert (await client.ask(GetProgress(study="s"))).closed_because == "enough"


def test_only_so_many_last_words_are_kept_and_an_older_trial_is_fenced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leases, "REMEMBERED", 2)
    known = Leases()
    for trial in (1, 2, 3):
        known.remember(trial, 1, 7)
    assert known.order("left", 1, 1, 7).fenced
    assert [known.order("left", trial, 1, 7).applied for trial in (2, 3)] == [7, 7]
