"""One name belongs to one runner: who may have it, who is turned away, and who said goodbye."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from orchestrator.service import runners
from schema.brokers.memory import MemoryHub
from schema.commands.runners import ListRunners, Presence
from schema.messages import Assignment, Heartbeat, Hello, LeaseClaim, Orders
from schema.trial import Desired
from tests.orchestrator.asking import Asking
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, all_heard, completed
from tests.orchestrator.serving import OFFER, ONE, SPEC, serving


def hello(boot: str, host: str, began: float = 1.0) -> Hello:
    """A process that calls itself ``runner-1`` arrives."""
    return Hello(runner="runner-1", boot=boot, slots=1, offers=(OFFER,), host=host, began=began)


async def answer(runner: ScriptedRunner, message: Hello) -> Orders:
    """What is said to it, and to nobody else of its name."""
    await runner.say(message)
    return await runner.orders(lambda orders: orders.boot == message.boot)


async def test_of_two_hosts_with_one_name_the_later_is_turned_away_and_the_first_trains_on(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub) as service:
        engine = await service.open_study(ONE)
        await runner.say(hello("first", "here"))
        given = await runner.assignment()
        await runner.record(given, 1, STARTED)
        refused = await answer(runner, hello("other", "there", began=9.0))
        assert refused.taken
        assert refused.refused == (
            "another runner called 'runner-1' is connected from host here; start this one with "
            "another --name"
        )
        assert (refused.assignments, refused.leases) == ((), ())
        [seen] = await client.ask(ListRunners())
        assert (seen.host, [held.attempt for held in seen.held]) == ("here", [1])
        await runner.record(given, 2, completed(f1=0.5))
        await service.finished(engine)
        assert engine.best == (0, 0.5)


async def test_the_heartbeats_of_who_was_turned_away_say_nothing_of_the_other(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub):
        await answer(runner, hello("first", "here"))
        await answer(runner, hello("other", "there"))
        await runner.say(Heartbeat(runner="runner-1", boot="other", degraded="full", leaving=True))
        await all_heard(runner)
        [seen] = await client.ask(ListRunners())
    assert (seen.degraded, seen.presence, seen.draining) == ("", Presence.LIVE, False)


@pytest.mark.parametrize(
    ("boot", "host", "began"),
    [
        ("second", "here", 2.0),  # killed, and started again without a spool on disk
        ("first", "there", 0.5),  # the same spool in another container
    ],
)
async def test_a_runner_that_was_killed_comes_back_at_once(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, boot: str, host: str, began: float
) -> None:
    async with serving(path, hub) as service:
        await service.open_study(ONE)
        await answer(runner, hello("first", "here"))
        before = await runner.assignment() if boot == "second" else None
        back = await answer(runner, hello(boot, host, began))
        assert (back.refused, back.taken) == ("", False)
        if before is not None:
            given = back.assignments or (await runner.assignment(),)
            assert (given[0].attempt, given[0].boot) == (2, "second")


@pytest.mark.parametrize("host", ["here", "there"])
async def test_of_two_with_copies_of_one_folder_the_first_is_told_and_the_other_goes_on(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking, host: str
) -> None:
    async with serving(path, hub) as service:
        await service.open_study(ONE)
        await answer(runner, hello("spool", "here", began=1.0))
        assert not (await answer(runner, hello("spool", host, began=2.0))).refused
        beat = Heartbeat(runner="runner-1", boot="spool", degraded="full", began=1.0)
        await runner.say(beat)
        asked = await runner.orders(lambda orders: orders.began == 1.0)
        assert asked.introduce
        await runner.say(hello("spool", "here", began=1.0))
        refused = await runner.orders(lambda orders: orders.began == 1.0)
        assert refused.taken
        assert refused.refused == (
            f"another runner called 'runner-1' was started on host {host} with a copy of this "
            "one's folder; give each a --state-dir of its own and a --name"
        )
        [seen] = await client.ask(ListRunners())
        assert (seen.host, seen.degraded, seen.presence) == (host, "", Presence.LIVE)


async def test_of_two_on_one_host_the_one_that_was_started_later_has_the_name(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub):
        await answer(runner, hello("first", "here", began=1.0))
        assert not (await answer(runner, hello("second", "here", began=2.0))).refused
        for _ in range(2):  # the first is still there, and does not have it back
            assert (await answer(runner, hello("first", "here", began=1.0))).taken
            assert not (await answer(runner, hello("second", "here", began=2.0))).refused


async def test_the_name_of_a_runner_that_fell_silent_is_free(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(path, hub):
        await answer(runner, hello("first", "here"))
        assert (await answer(runner, hello("other", "there"))).taken
        monkeypatch.setattr(runners, "SUSPECT_SECONDS", -1.0)
        assert not (await answer(runner, hello("other", "there"))).taken


# ---------------------------------------------------------------------- goodbyes


async def test_a_runner_that_said_goodbye_is_gone_at_once_and_its_name_is_free(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub):
        await answer(runner, hello("first", "here"))
        await runner.say(Heartbeat(runner="runner-1", boot="first", leaving=True))
        await runner.orders()
        [seen] = await client.ask(ListRunners())
        assert seen.presence is Presence.GONE
        assert not (await answer(runner, hello("other", "there"))).taken
        [seen] = await client.ask(ListRunners())
        assert (seen.presence, seen.host) == (Presence.LIVE, "there")


async def test_what_a_leaving_runner_does_not_come_back_for_goes_to_another_at_once(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service, AsyncExitStack() as stack:
        await service.open_study(SPEC)
        await runner.hello(OFFER, slots=2)
        given: list[Assignment] = []
        while len(given) < 2:
            given += (await runner.orders(lambda orders: orders.assignments)).assignments
        kept, left = given
        await runner.record(kept, 1, STARTED)
        await runner.record(left, 1, STARTED)
        await runner.applied(left, 1)
        claim = LeaseClaim(kept.trial, kept.attempt, 1)
        await runner.say(
            Heartbeat(runner="runner-1", boot=runner.boot, leases=(claim,), leaving=True)
        )
        other = ScriptedRunner(await stack.enter_async_context(hub.connect()), "gpu2")
        await other.listen()
        await other.hello(OFFER, slots=2)
        again = await other.assignment()
        assert (again.trial, again.attempt) == (left.trial, 2)
        assert service.leases.order("runner-1", kept.trial, 1, 1).desired is Desired.RUN
