"""What a service tells of itself: calm sentences, and no flood of them."""

import logging
from collections.abc import Iterator

import msgspec
import pytest

from orchestrator.client.client import Client
from schema.messages import Steer
from schema.study import Limits, StudySettings
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed
from tests.orchestrator.serving import OFFER, SPEC


@pytest.fixture(autouse=True)
def told(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """The log from the start of the service on."""
    with caplog.at_level(logging.INFO, logger="orchestrator.service.chronicle"):
        yield caplog


async def train(runner: ScriptedRunner, count: int) -> None:
    """So many trials, each as good as the one before."""
    for _ in range(count):
        trial = await runner.assignment()
        await runner.record(trial, 1, STARTED, completed(f1=0.5))
        await runner.applied(trial, 2)


async def test_the_life_of_a_study_is_told(
    told: pytest.LogCaptureFixture, client: Client, runner: ScriptedRunner
) -> None:
    await client.create_study(SPEC)
    await client.pause("s", because="lunch")
    await client.resume("s")
    await train(runner, 2)
    await client.steer("runner-1", Steer.DRAIN)
    arrivals = [record.getMessage() for record in told.get_records("setup")]
    assert arrivals == [f"runner runner-1 arrived: 1 slot for {OFFER.entry}"]
    said = told.messages
    assert said[:2] == [
        f"study s is created: {OFFER.entry}, sampler random",
        "study s has settings 2 by alice (lunch): paused",
    ]
    ends = [line for line in said if "complete" in line]
    assert ends == [
        "study s trial 0 complete, f1 0.5, the best so far, by runner-1 in 1 s",
        "study s trial 1 complete, f1 0.5, by runner-1 in 1 s",
    ]
    assert "study s is done" in said
    assert said[-1] == "runner runner-1 is told to drain"


async def test_many_short_trials_are_told_by_their_number(
    told: pytest.LogCaptureFixture, client: Client, runner: ScriptedRunner
) -> None:
    trials = 200
    settings = StudySettings(limits=Limits(trials=trials))
    await client.create_study(msgspec.structs.replace(SPEC, settings=settings))
    await train(runner, trials)
    told_one_by_one = [line for line in told.messages if " complete, f1" in line]
    assert 5 <= len(told_one_by_one) < trials / 4


async def test_nothing_is_put_into_words_where_nobody_listens(
    told: pytest.LogCaptureFixture, client: Client, runner: ScriptedRunner
) -> None:
    told.set_level(logging.WARNING, logger="orchestrator.service.chronicle")
    told.clear()
    await client.create_study(SPEC)
    await train(runner, 2)
    assert told.messages == []
