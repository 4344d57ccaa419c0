"""A session is one training: whoever asks, nothing prunes it, doubles it or starts it again."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from schema.brokers.memory import MemoryHub
from schema.commands.results import HideTrial
from schema.commands.studies import ChangeSettings, CreateStudy
from schema.commands.trials import QueueTrial
from schema.pruning import PrunerSettings
from schema.requests import Command
from schema.study import Limits, StudyKind, StudySettings
from tests.orchestrator.asking import Asking, Refused
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed
from tests.orchestrator.serving import OFFER, SPEC, rows, serving

SETTINGS = StudySettings(pruner=PrunerSettings(pruner="nop"), limits=Limits(trials=1))
SESSION = replace(SPEC, kind=StudyKind.SESSION, settings=SETTINGS, start={"rate": 0.25})


def changed(**patch: Any) -> ChangeSettings:
    """Settings of the session that runs."""
    return ChangeSettings(study="s", patch=patch)


def created(name: str, **other: Any) -> CreateStudy:
    """Another session."""
    return CreateStudy(spec=replace(SESSION, name=name, **other))


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (changed(pruner={"pruner": "median"}), "'s' is a training for real: its pruner stays nop"),
        (changed(pruner={"control_fraction": 0.5}), "its pruner stays nop"),
        (changed(limits={"trials": 2}), "session 's' is one training: its limits.trials stays 1"),
        (changed(limits={"trials": None}), "its limits.trials stays 1"),
        (changed(parallelism=2), "is one training: its parallelism stays 1, or none"),
        (QueueTrial(study="s", set={"rate": 0.5}), "nothing can be queued for it; change it with"),
        (HideTrial(study="s", number=0), "is all of a session; there is nothing to hide it from"),
        (created("t", settings=StudySettings(limits=Limits(trials=1))), "its pruner stays nop"),
        (created("t", start={"rate": 5.0}), "rate: 5 is above 1"),
        (created("s", start={"rate": 0.75}), "session 's' goes on with its own configuration"),
        (CreateStudy(spec=SPEC), "'s' is a session, not a study; take another name"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value[-24:],
)
async def test_a_session_stays_one_training_whoever_asks(
    command: Command,
    sentence: str,
    path: Path,
    hub: MemoryHub,
    runner: ScriptedRunner,
    client: Asking,
) -> None:
    async with serving(path, hub, resident=True):
        await runner.hello(OFFER)
        await runner.orders()
        await client.ask(CreateStudy(spec=SESSION))
        with pytest.raises(Refused) as refused:
            await client.ask(command)
        assert sentence in str(refused.value)
        given = await runner.assignment()
        assert given.values == {"rate": 0.25}
        assert rows(path, "SELECT name FROM study") == [("s",)]
        assert rows(path, "SELECT count(*) FROM study_settings") == [(1,)]


async def test_a_session_that_has_ended_is_not_begun_again(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True):
        await runner.hello(OFFER)
        await runner.orders()
        await client.ask(CreateStudy(spec=SESSION))
        await client.ask(CreateStudy(spec=replace(SESSION, start={})))  # it goes on
        given = await runner.assignment()
        await runner.record(given, 1, STARTED, completed(f1=0.5))
        await runner.applied(given, 2)
        with pytest.raises(Refused) as refused:
            await client.ask(CreateStudy(spec=SESSION))
        assert str(refused.value) == (
            "session 's' has ended: it is complete; take another name with --session, and "
            "--from s:0 to begin with its configuration"
        )
    async with serving(path, hub, resident=True):
        await runner.hello(OFFER)
        await runner.orders()
        with pytest.raises(Refused, match="session 's' has ended: it is complete"):
            await client.ask(CreateStudy(spec=SESSION))
