"""A runner and its orchestrator: arriving, being refused, steered, cut off, and catching up."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from schema.brokers.memory import MemoryHub
from schema.identity import runner_queue, runners_inbox
from schema.messages import PROTOCOL, LeaseOrder, Orders, Reported, Steer
from schema.trial import Desired, FailureKind, Outcome
from tests.runner.conftest import Stage, eventually, the_lease_of, trial
from tests.runner.scripted_orchestrator import ScriptedOrchestrator
from trial_runner.spool import WINDOW


async def test_a_runner_makes_no_queue_and_says_hello_until_there_is_one(
    hub: MemoryHub,
) -> None:
    async with hub.connect() as broker, ScriptedOrchestrator(broker) as orchestrator:
        async with Stage(hub.connect, orchestrator).runner("process"):
            await orchestrator.until(lambda: len(orchestrator.hellos) >= 3)
            assert runner_queue("r").name not in hub.queues
            await orchestrator.make_queue()
            await orchestrator.assign(trial(1, "process"))
            assert (await orchestrator.final(1)).outcome is Outcome.COMPLETE
        hello = orchestrator.hellos[-1]
        assert (hello.slots, hello.protocol, bool(hello.host)) == (1, PROTOCOL, True)
        assert hello.version


async def test_it_serves_its_own_orchestrator_and_no_other(hub: MemoryHub, stage: Stage) -> None:
    await stage.make(runners_inbox("other"))
    async with stage.runner("process", orchestrator="other"):
        await eventually(lambda: hub.queues[runners_inbox("other").name].waiting)
    assert stage.orchestrator.hellos == []


async def test_a_runner_that_is_refused_says_why_once_trains_nothing_and_keeps_asking(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.orchestrator.refused = "install version 9"
    async with stage.runner("process", heartbeat_seconds=0.01):
        await stage.orchestrator.assign(trial(1, "process"))
        greeted = len(stage.orchestrator.hellos)
        await stage.orchestrator.until(lambda: len(stage.orchestrator.hellos) >= greeted + 2)
        assert stage.orchestrator.taken == {}
        assert caplog.text.count("install version 9") == 1
        stage.orchestrator.refused = ""
        await stage.orchestrator.assign(trial(1, "process"))
        assert (await stage.orchestrator.final(1)).outcome is Outcome.COMPLETE


async def test_a_runner_that_drains_finishes_what_runs_and_gives_back_what_waits(
    stage: Stage,
) -> None:
    orchestrator = stage.orchestrator
    async with stage.runner("waits"):
        await orchestrator.assign(trial(1, "waits"), trial(2, "waits"))
        await orchestrator.until(lambda: orchestrator.steps(1))
        orchestrator.steer = Steer.DRAIN
        await orchestrator.assign(trial(3, "waits"))
        assert (await orchestrator.final(2)).outcome is Outcome.RELEASED
        await orchestrator.until(lambda: any(beat.draining for beat in orchestrator.heartbeats))
        assert [claim.trial for claim in orchestrator.heartbeats[-1].leases] == [1]
        orchestrator.steer = Steer.RUN
        await orchestrator.order(LeaseOrder(1, 1, 0, desired=Desired.PRUNE))
        assert (await orchestrator.final(1)).outcome is not Outcome.RELEASED
        await orchestrator.assign(trial(4, "waits"))
        await orchestrator.until(lambda: orchestrator.steps(4))


async def test_a_runner_that_is_stopped_gives_back_what_it_has_and_ends(stage: Stage) -> None:
    orchestrator = stage.orchestrator
    async with stage.runner("waits") as agent:
        await orchestrator.assign(trial(1, "waits"), trial(2, "waits"))
        await orchestrator.until(lambda: orchestrator.steps(1))
        assert not agent.ended.done()
        orchestrator.steer = Steer.STOP
        await agent.ended
    for number in (1, 2):
        assert (await orchestrator.final(number)).outcome is Outcome.RELEASED


async def test_an_objective_that_is_not_offered_is_refused_with_those_that_are(
    stage: Stage,
) -> None:
    async with stage.runner("process", "waits"):
        await stage.orchestrator.assign(trial(1, "hangs"))
        failure = (await stage.orchestrator.final(1)).failure
    assert failure is not None
    assert failure.kind is FailureKind.REFUSED
    assert all(name in failure.reason for name in (":process, ", ":waits, and not", ":hangs"))


async def test_one_slot_serves_several_objectives_one_after_the_other(stage: Stage) -> None:
    async with stage.runner("process", "limits"):
        assignments = [trial(n, "limits" if n in (2, 3) else "process") for n in range(1, 5)]
        await stage.orchestrator.assign(*assignments)
        ends = [await stage.orchestrator.final(n) for n in range(1, 5)]
    assert ["core" in end.metrics for end in ends] == [False, True, True, False]


async def test_a_runner_that_nobody_answers_introduces_itself_again(stage: Stage) -> None:
    orchestrator = stage.orchestrator
    async with stage.runner("process", heartbeat_seconds=0.01):
        await orchestrator.until(lambda: orchestrator.heartbeats)
        orchestrator.awake = False
        greeted = len(orchestrator.hellos)
        await orchestrator.until(lambda: len(orchestrator.hellos) > greeted)
        orchestrator.awake = True
        await orchestrator.assign(trial(1, "process"))
        assert (await orchestrator.final(1)).outcome is Outcome.COMPLETE


@pytest.mark.parametrize("durable", [False, True])
async def test_a_long_outage_is_caught_up_with_window_after_window(
    stage: Stage, tmp_path: Path, durable: bool
) -> None:
    orchestrator = stage.orchestrator
    settings: dict[str, Any] = {"state_dir": tmp_path / "spool"} if durable else {}
    async with stage.runner("many_batches", heartbeat_seconds=1000.0, **settings) as agent:
        await orchestrator.assign(trial(1, "many_batches"))
        orchestrator.reading.clear()
        lease = await the_lease_of(agent)
        await eventually(lambda: lease.ended)
        assert len(lease.records) > WINDOW
        orchestrator.reading.set()
        assert (await orchestrator.final(1)).outcome is Outcome.COMPLETE
        said = "a window follows the acknowledgement of the one before"
        assert orchestrator.heartbeats == [], said
    assert orchestrator.steps(1) == list(range(1000))


async def test_training_goes_on_while_the_broker_takes_nothing(
    hub: MemoryHub, stage: Stage
) -> None:
    orchestrator = stage.orchestrator
    async with stage.runner("many_batches"):
        await orchestrator.assign(trial(1, "many_batches"))
        await orchestrator.until(lambda: orchestrator.steps(1))
        inbox = hub.queues.pop(runners_inbox().name)
        await asyncio.sleep(0.3)
        hub.queues[inbox.queue.name] = inbox
        end = await orchestrator.final(1)
    assert end.outcome is Outcome.COMPLETE
    assert orchestrator.steps(1) == list(range(1000))


async def test_records_of_a_backlog_are_few_and_large(stage: Stage) -> None:
    orchestrator = stage.orchestrator
    async with stage.runner("many_batches") as agent:
        await orchestrator.assign(trial(1, "many_batches"))
        orchestrator.reading.clear()
        lease = await the_lease_of(agent)
        await eventually(lambda: lease.ended)
        reported = [r for r in lease.records if isinstance(r.body, Reported)]
        assert WINDOW <= len(reported) < WINDOW + 60
        orchestrator.reading.set()
        await orchestrator.final(1)
    assert orchestrator.steps(1) == list(range(1000))


@pytest.mark.parametrize("durable", [False, True])
async def test_a_runner_that_ends_says_goodbye_and_names_what_it_will_come_back_for(
    stage: Stage, tmp_path: Path, durable: bool
) -> None:
    orchestrator = stage.orchestrator
    async with stage.runner("waits", state_dir=tmp_path / "spool" if durable else None):
        await orchestrator.assign(trial(1, "waits"))
        await orchestrator.until(lambda: orchestrator.taken)
    await orchestrator.until(
        lambda: orchestrator.heartbeats and orchestrator.heartbeats[-1].leaving
    )
    claims = orchestrator.heartbeats[-1].leases
    assert [claim.trial for claim in claims] == ([1] if durable else [])


async def test_a_runner_whose_name_is_anothers_leaves_its_queue_alone_and_asks_again(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    orchestrator = stage.orchestrator
    async with stage.runner("process", heartbeat_seconds=0.01) as agent:
        await orchestrator.until(lambda: orchestrator.hellos)
        boot = orchestrator.hellos[-1].boot
        for theirs in ("another", boot):  # the first of them is none of its business
            await orchestrator.say(
                Orders(term=1, boot=theirs, refused="take another --name", taken=True)
            )
        await eventually(lambda: "take another --name" in caplog.text)
        await eventually(lambda: agent._uplink._subscription is None)
        assert caplog.text.count("take another --name") == 1
        asked = len(orchestrator.hellos)
        await orchestrator.until(lambda: len(orchestrator.hellos) > asked)
        await orchestrator.assign(trial(1, "process"))
        assert (await orchestrator.final(1)).outcome is Outcome.COMPLETE
