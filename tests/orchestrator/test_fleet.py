"""A resident service: restarts, and runners of all kinds."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from orchestrator.store.store import Store
from schema.brokers.memory import MemoryHub
from schema.codec import runner_codec
from schema.commands.runners import ListRunners, Presence
from schema.commands.studies import CreateStudy, GetProgress
from schema.identity import runner_queue, runners_inbox
from schema.messages import (
    PROTOCOL,
    DeviceHealth,
    Heartbeat,
    Hello,
    LeaseClaim,
    Orders,
    Steer,
)
from schema.space import Space
from schema.trial import Outcome
from schema.variables import Variable
from tests.orchestrator.asking import Asking
from tests.orchestrator.one_study import ended
from tests.orchestrator.scripted_runner import (
    STARTED,
    ScriptedRunner,
    all_heard,
    completed,
    reported,
)
from tests.orchestrator.serving import OFFER, ONE, SPEC, rows, serving


async def given_to(client: Asking, runner: ScriptedRunner) -> None:
    """The runner is known, and the study ``s`` is there."""
    await runner.hello(OFFER)
    await runner.orders()
    await client.ask(CreateStudy(spec=SPEC))


# ---------------------------------------------------------------------- restarts


async def test_every_study_goes_on_after_a_restart_before_anyone_asks_for_it(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True):
        await given_to(client, runner)
        given = await runner.assignment()
        await runner.record(given, 1, STARTED, reported((0, 0.1, {"f1": 0.1})))
        await runner.applied(given, 2)
    await runner.beat(LeaseClaim(given.trial, given.attempt, 2))  # waits for the next one
    async with serving(path, hub, resident=True):
        [order] = (await runner.orders(lambda orders: orders.leases)).leases
        assert (order.applied, order.fenced) == (2, False)
        await runner.hello(OFFER)
        await runner.record(given, 3, completed(f1=0.5))
        second = await runner.assignment()
        assert second.number == 1
        await runner.record(second, 1, STARTED, completed(f1=0.7))
        await runner.applied(second, 2)
        assert (await client.ask(GetProgress(study="s"))).complete == 2


async def test_an_assignment_that_was_lost_with_a_restart_is_offered_at_the_first_heartbeat(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True):
        await given_to(client, runner)
        lost = await runner.assignment()
    async with serving(path, hub, resident=True):
        await runner.beat()
        assert await runner.assignment() == lost


async def test_a_runner_that_was_started_anew_while_nobody_served_gets_a_new_attempt(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True):
        await given_to(client, runner)
        before = await runner.assignment()
    runner.boot = "second"
    async with serving(path, hub, resident=True):
        await runner.hello(OFFER)
        after = await runner.assignment()
    assert (after.trial, after.attempt) == (before.trial, before.attempt + 1)


async def test_the_end_of_a_trial_of_a_finished_study_is_acknowledged_after_a_restart(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True) as service:
        engine = await service.open_study(ONE)
        await runner.hello(OFFER)
        given = await runner.assignment()
        await runner.record(given, 1, STARTED, completed(f1=0.5))
        await service.finished(engine)
    async with serving(path, hub, resident=True) as service:
        assert service.leases.live == {}
        await runner.record(given, 2, completed(f1=0.5))
        await runner.applied(given, 2)


async def test_one_run_leaves_the_other_studies_of_its_database_alone(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        await service.open_study(SPEC)
    async with serving(path, hub) as service:
        await service.open_study(msgspec.structs.replace(SPEC, name="other"))
        await runner.hello(OFFER, slots=4)
        assert (await runner.assignment()).study == "other"
        assert len(service.leases.held) == 1


# ---------------------------------------------------------------------- runners


async def test_the_queue_of_a_runner_is_made_when_it_arrives_and_when_it_is_gone(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    name = runner_queue("gpu1").name
    async with serving(path, hub, resident=True), hub.connect("r.gpu1") as broker:
        hello = runner_codec().encode(Hello(runner="gpu1", boot="b", slots=1, offers=(OFFER,)))
        for _ in range(2):
            hub.queues.pop(name, None)
            assert await broker.publish(runners_inbox(), hello)
            await all_heard(runner)
            assert len(hub.queues[name].waiting) == 1
        hub.queues.pop(name)
        beat = runner_codec().encode(Heartbeat(runner="gpu1", boot="b"))
        assert await broker.publish(runners_inbox(), beat)
        await all_heard(runner)
        assert len(hub.queues[name].waiting) == 1


async def test_a_runner_of_another_protocol_is_told_what_to_install(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    strange = {"type": "hello", "runner": runner.name, "boot": "b", "slots": "two"}
    async with serving(path, hub, resident=True), hub.connect() as broker:
        body = msgspec.msgpack.encode({**strange, "protocol": PROTOCOL + 1, "version": "0.3"})
        assert await broker.publish(runners_inbox(), body)
        refused = (await runner.orders()).refused
        [seen] = await client.ask(ListRunners())
    assert refused == seen.refused
    assert refused.endswith(
        f"this runner speaks protocol {PROTOCOL + 1} (TrialMQ 0.3), the orchestrator protocol "
        f"{PROTOCOL} (0.1.0): "
        "install the same version"
    )


async def test_an_older_runner_whose_words_have_fewer_and_other_fields_is_served(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service, hub.connect() as broker:
        await service.open_study(ONE)
        hello = {"type": "hello", "runner": runner.name, "boot": "first", "slots": 1}
        offers = [msgspec.to_builtins(OFFER) | {"colour": "green"}]
        body = msgspec.msgpack.encode({**hello, "offers": offers, "mood": ["fine", 1]})
        assert await broker.publish(runners_inbox(), body)
        await runner.assignment()


async def test_a_runner_with_another_configuration_is_left_out_and_the_difference_is_named(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    epochs = Variable(path="epochs", kind="int", default=3)
    other = msgspec.structs.replace(OFFER, space=Space(variables=(*OFFER.space.variables, epochs)))
    async with serving(path, hub, resident=True):
        await given_to(client, runner)
        await runner.assignment()
        async with hub.connect() as broker:
            second = ScriptedRunner(broker, "gpu2")
            await second.listen()
            await second.hello(other)
            assert (await second.orders()).assignments == ()
        seen = {runner.name: runner for runner in await client.ask(ListRunners())}
    sentence = (
        "runner gpu2 offers package.module:train with another configuration: it has a variable "
        "epochs; the study has none"
    )
    assert seen["gpu2"].refused == sentence
    assert rows(path, "SELECT text FROM event WHERE kind = 'runner refused'") == [(sentence,)]


async def test_a_runner_that_drains_gets_nothing_more(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        await service.open_study(SPEC)
        await runner.say(Hello(runner=runner.name, boot=runner.boot, slots=1, offers=()))
        await runner.hello(OFFER)
        given = await runner.assignment()
        claim = LeaseClaim(given.trial, given.attempt, 0)
        drains = Heartbeat(runner=runner.name, boot=runner.boot, leases=(claim,), draining=True)
        await runner.say(drains)
        await runner.record(given, 1, ended(Outcome.RELEASED))
        await runner.applied(given, 1)
        await runner.say(Heartbeat(runner=runner.name, boot=runner.boot, draining=True))
        assert (await runner.orders(lambda orders: not orders.leases)).assignments == ()


async def test_what_a_draining_runner_did_not_take_any_more_goes_to_another_at_once(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service, hub.connect() as broker:
        await service.open_study(ONE)
        await runner.hello(OFFER)
        missed = await runner.assignment()
        other = ScriptedRunner(broker, "gpu2")
        await other.listen()
        await other.hello(OFFER)
        await runner.say(Heartbeat(runner=runner.name, boot=runner.boot, draining=True))
        taken = await other.assignment()
    assert (taken.trial, taken.attempt) == (missed.trial, missed.attempt + 1)


async def test_devices_and_troubles_of_a_runner_are_shown(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    gpu = DeviceHealth(name="cuda:0", memory_total=24 * 2**30, utilisation=0.5)
    async with serving(path, hub, resident=True):
        await runner.hello(OFFER)
        beat = Heartbeat(
            runner=runner.name, boot=runner.boot, devices=(gpu,), degraded="its disk is full"
        )
        await runner.orders()
        await runner.say(beat)
        await runner.orders()
        [seen] = await client.ask(ListRunners())
    assert (seen.devices, seen.degraded) == ((gpu,), "its disk is full")
    assert (seen.presence, seen.steer, seen.refused) == (Presence.LIVE, Steer.RUN, "")


async def test_orders_that_are_too_large_for_one_message_are_divided(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.service.turn.RECORDS_BYTES", 300)
    async with serving(path, hub):
        claims = tuple(LeaseClaim(trial, 1, 1) for trial in range(1000, 1100))
        await runner.beat(*claims)
        told: list[int] = []
        while len(told) < len(claims):
            orders = await runner.orders()
            assert orders.introduce
            assert len(msgspec.msgpack.encode(orders)) <= 300
            told += [order.trial for order in orders.leases]
    assert told == [claim.trial for claim in claims]


async def test_the_late_result_of_a_lost_attempt_is_kept_and_not_counted(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        engine = await service.open_study(ONE)
        await runner.hello(OFFER)
        lost = await runner.assignment()
        runner.boot = "second"
        await runner.hello(OFFER)
        again = await runner.assignment()
        for _ in range(2):
            await runner.record(lost, 1, STARTED, completed(f1=99.0))
            await runner.orders(lambda orders: any(order.fenced for order in orders.leases))
        await runner.record(again, 1, STARTED, completed(f1=0.5))
        await service.finished(engine)
        assert engine.best == (0, 0.5)
    assert rows(path, "SELECT trial, attempt, outcome, metrics FROM stale") == [
        (lost.trial, 1, "complete", '{"f1": 99.0}')
    ]


# ---------------------------------------------------------------------- haste


async def test_a_prune_is_told_before_it_is_stored_and_nothing_else_is(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_commit = asyncio.Event()
    may_commit.set()
    honest = Store.commit

    async def commit(self: Store, changes: object) -> None:
        await may_commit.wait()
        await honest(self, changes)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "commit", commit)
    pruned = msgspec.convert(
        {"pruner": {"pruner": "threshold", "parameters": {"lower": 0.5, "n_warmup_steps": 0}}},
        type(ONE.settings),
    )
    async with serving(path, hub) as service:
        await service.open_study(msgspec.structs.replace(ONE, settings=pruned))
        await runner.hello(OFFER)
        given = await runner.assignment()
        await runner.record(given, 1, STARTED)
        await runner.applied(given, 1)
        may_commit.clear()
        await runner.record(given, 2, reported((0, 0.1, {"f1": 0.1})))
        early: Orders = await runner.orders()
        assert [(o.desired, o.applied) for o in early.leases] == [(1, 0)]
        assert early.assignments == ()
        may_commit.set()
        [order] = (await runner.orders()).leases
        assert (order.desired, order.applied) == (1, 2)
