"""A report waits for the verdict where that is cheap, so that a pruned trial ends at once."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from schema.brokers.rabbitmq import RabbitMQBroker
from schema.identity import runner_queue, runners_inbox
from schema.messages import Assignment, Record, Report, Reported
from schema.trial import Desired, Outcome
from tests.brokers.members import address_of
from tests.rabbitmq_node import RabbitMQNode
from tests.runner.conftest import Stage, eventually, stage_on, the_lease_of, trial

OBJECTIVES = Path(__file__).with_name("long_step_objectives.py")


def training(step_seconds: float) -> Assignment:
    """A trial with steps of this length."""
    plain = trial(1, "trains", values={"x": step_seconds})
    return msgspec.structs.replace(plain, objective=f"{OBJECTIVES}:trains")


@pytest.fixture
async def stage_on_rabbitmq(rabbitmq: RabbitMQNode) -> AsyncIterator[Stage]:
    """A stage whose parties meet at a RabbitMQ."""

    def connect(party: str = "o.test") -> RabbitMQBroker:
        return RabbitMQBroker(address_of(rabbitmq), party)

    async with stage_on(connect) as stage:
        yield stage
    for queue in (runners_inbox(), runner_queue("r")):
        rabbitmq.ctl("delete_queue", queue.name)


@pytest.fixture(params=["stage", "stage_on_rabbitmq"])
def anywhere(request: pytest.FixtureRequest) -> Stage:
    """Each of the stages."""
    stage: Stage = request.getfixturevalue(request.param)
    return stage


async def test_a_trial_that_is_pruned_for_a_report_ends_there_and_not_a_step_later(
    anywhere: Stage,
) -> None:
    stage, orchestrator = anywhere, anywhere.orchestrator

    def judge(record: Record) -> None:
        if isinstance(record.body, Reported):
            [(step, *_)] = msgspec.msgpack.decode(record.body.reports, type=list[Report])
            if step == 2:
                orchestrator.desired = Desired.PRUNE

    orchestrator.on_taken = judge
    async with stage.runner("trains", file=OBJECTIVES):
        await orchestrator.assign(training(0.06))
        final = await orchestrator.final(1)
    assert final.outcome is Outcome.PRUNED
    assert final.output.splitlines() == ["went on after step 0", "went on after step 1"]
    assert orchestrator.steps(1) == [0, 1, 2]


async def test_a_training_waits_once_for_an_orchestrator_that_is_away(stage: Stage) -> None:
    orchestrator = stage.orchestrator
    async with stage.runner("trains", file=OBJECTIVES) as agent:
        await orchestrator.assign(training(0.06))
        orchestrator.reading.clear()
        lease = await the_lease_of(agent)
        await eventually(lambda: lease.ended)
        orchestrator.reading.set()
        final = await orchestrator.final(1)
    assert final.metrics["waits"] == 1.0
    assert orchestrator.steps(1) == [0, 1, 2, 3, 4]


async def test_a_training_that_is_answered_waits_after_each_step(stage: Stage) -> None:
    async with stage.runner("trains", file=OBJECTIVES):
        await stage.orchestrator.assign(training(0.06))
        final = await stage.orchestrator.final(1)
    assert final.metrics["waits"] == 5.0


async def test_short_steps_are_not_waited_for(stage: Stage) -> None:
    async with stage.runner("trains", file=OBJECTIVES):
        await stage.orchestrator.assign(training(0.0))
        final = await stage.orchestrator.final(1)
    assert final.metrics["waits"] == 0.0
