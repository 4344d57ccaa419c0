"""A study on a service is made of what is offered, and followed whatever the connection does."""

import asyncio

import pytest

from orchestrator.client.client import Client
from schema.brokers.memory import MemoryHub
from schema.errors import UnknownName, WorkFailed
from schema.overrides import Overrides
from schema.study import Limits
from tests.client.conftest import arrived
from tests.client.lossy_transport import LossyTransport
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed
from trialmq import following
from trialmq.choices import SweepChoices
from trialmq.following import Following

CHOICES = SweepChoices(
    objective="module:train", study="s", sampler="random", limits=Limits(trials=2)
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks often."""
    monkeypatch.setattr(following, "POLL_SECONDS", 0.01)


async def train(runner: ScriptedRunner, f1: float) -> None:
    """One trial from its assignment to its result."""
    trial = await runner.assignment()
    await runner.record(trial, 1, STARTED, completed(f1=f1))
    await runner.applied(trial, 2)


async def test_a_study_is_followed_to_its_end(client: Client, runner: ScriptedRunner) -> None:
    followed = await Following.begin(client, CHOICES)
    assert followed.spec.objective.entry == "package.module:train"
    done = asyncio.create_task(followed.until_done())
    await train(runner, 0.5)
    assert not done.done()
    await train(runner, 0.7)
    await done
    result = await followed.result()
    assert [trial.value for trial in result.trials] == [0.5, 0.7]
    assert result.summary.best is not None
    assert result.summary.best.number == 1
    assert (result.interrupted, result.broken_because) == (False, "")


async def test_the_same_choices_go_on_with_the_same_study(
    client: Client, runner: ScriptedRunner
) -> None:
    await Following.begin(client, CHOICES)
    await train(runner, 0.5)
    again = await Following.begin(client, CHOICES)
    assert again.picture().complete == 1
    assert len(await client.studies()) == 1


async def test_the_first_runner_is_waited_for(
    client: Client, transport: LossyTransport, hub: MemoryHub
) -> None:
    beginning = asyncio.create_task(Following.begin(client, CHOICES))
    await transport.answered.wait()
    assert not beginning.done()
    async with arrived(hub):
        assert (await beginning).spec.name == "s"


async def test_what_nobody_offers_is_refused_with_what_is_offered(
    client: Client, runner: ScriptedRunner
) -> None:
    with pytest.raises(UnknownName, match=r"offered: package\.module:train \(by runner-1\)"):
        await Following.begin(client, SweepChoices(objective="other"))


async def test_the_choices_narrow_what_is_offered(client: Client, runner: ScriptedRunner) -> None:
    choices = SweepChoices(
        objective="train", study="s", overrides=lambda _: Overrides(set={"rate": 0.25})
    )
    followed = await Following.begin(client, choices)
    assert followed.spec.objective.space.defaults() == {"rate": 0.25}


async def test_runners_of_the_choices_are_how_many_trials_run_at_once(
    client: Client, runner: ScriptedRunner
) -> None:
    choices = SweepChoices(objective="train", study="s", runners=3)
    followed = await Following.begin(client, choices)
    assert followed.spec.settings.parallelism == 3


async def test_a_lost_connection_only_makes_the_picture_older(
    client: Client, transport: LossyTransport, runner: ScriptedRunner
) -> None:
    followed = await Following.begin(client, CHOICES)
    transport.lose_answers = 1_000_000
    following_on = asyncio.create_task(followed.until_done())
    await train(runner, 0.5)
    before = followed.silent()
    await transport.lost.wait()
    assert followed.silent() > before
    assert followed.picture().complete == 0
    transport.lose_answers = 0
    await train(runner, 0.7)
    await following_on
    assert followed.silent() < before
    assert followed.picture().complete == 2


async def test_a_study_that_is_deleted_meanwhile_ends_the_following(
    client: Client, runner: ScriptedRunner
) -> None:
    followed = await Following.begin(client, CHOICES)
    await train(runner, 0.5)
    await train(runner, 0.7)
    await client.delete("s")
    with pytest.raises(WorkFailed, match="study 's' was deleted"):
        await followed.until_done()
