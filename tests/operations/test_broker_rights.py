"""What each user of a broker may do that `trialmq broker init` set up, tried on a real node."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aio_pika
import pytest
from aiormq.exceptions import ChannelAccessRefused, DeliveryError

from schema.broker import Delivery
from schema.brokers.connecting import connect
from schema.identity import (
    client_party,
    client_queue,
    clients_inbox,
    orchestrator_party,
    runner_party,
    runner_queue,
    runners_inbox,
)
from tests.brokers.members import Inbox
from tests.operations.conftest import CLIENT, ORCHESTRATOR, OTHER_RUNNER, RUNNER, Fleet

Act = Callable[[aio_pika.abc.AbstractChannel], Awaitable[object]]


@asynccontextmanager
async def channel_of(fleet: Fleet, user: str) -> AsyncIterator[aio_pika.abc.AbstractChannel]:
    address = fleet.address(user)
    connection = await aio_pika.connect(
        host=address.host,
        port=address.port,
        login=address.user,
        password=address.password.reveal(),
        virtualhost=address.vhost,
    )
    async with connection:
        yield await connection.channel(on_return_raises=True)


async def refused(fleet: Fleet, user: str, act: Act) -> bool:
    """Whether the broker refuses ``user`` to do it for want of a permission."""
    async with channel_of(fleet, user) as channel:
        try:
            await act(channel)
        except (ChannelAccessRefused, DeliveryError) as error:
            return isinstance(error, ChannelAccessRefused)
        return False


def publishing(key: str, exchange: str = "tmq.up") -> Act:
    async def act(channel: aio_pika.abc.AbstractChannel) -> None:
        place = (
            await channel.get_exchange(exchange, ensure=False)
            if exchange
            else channel.default_exchange
        )
        await place.publish(aio_pika.Message(b""), key, timeout=10)

    return act


def declaring(name: str, *, exclusive: bool = False) -> Act:
    return lambda channel: channel.declare_queue(name, durable=not exclusive, exclusive=exclusive)


def reading(name: str) -> Act:
    async def act(channel: aio_pika.abc.AbstractChannel) -> None:
        queue = await channel.get_queue(name, ensure=False)
        await queue.get(fail=False, timeout=10)

    return act


def binding(queue: str, key: str) -> Act:
    async def act(channel: aio_pika.abc.AbstractChannel) -> None:
        bound = await channel.get_queue(queue, ensure=False)
        await bound.bind("tmq.up", key)

    return act


@pytest.fixture
async def runner_queues(fleet: Fleet) -> None:
    """The queues of both runners, as the orchestrator declares them."""
    async with connect(fleet.address(ORCHESTRATOR), orchestrator_party()) as broker:
        for name in (RUNNER, OTHER_RUNNER):
            await broker.declare(runner_queue(name))


async def until(inbox: Inbox, body: bytes) -> Delivery:
    """The message with ``body``; what an earlier test left in the queue is passed over."""
    while True:
        [delivery] = await inbox.take(1)
        if delivery.body == body:
            return delivery
        await delivery.acknowledge()


async def test_runner_orchestrator_and_client_reach_each_other_with_these_rights(
    fleet: Fleet,
) -> None:
    async with (
        connect(fleet.address(ORCHESTRATOR), orchestrator_party()) as orchestrator,
        connect(fleet.address(RUNNER), runner_party(RUNNER)) as runner,
        connect(fleet.address(CLIENT), client_party(CLIENT)) as client,
    ):
        from_runners, from_clients, at_runner, at_client = Inbox(), Inbox(), Inbox(), Inbox()
        for queue in (runners_inbox(), clients_inbox(), runner_queue(RUNNER)):
            await orchestrator.declare(queue)
        await orchestrator.consume(runners_inbox(), from_runners)
        await orchestrator.consume(clients_inbox(), from_clients)
        await runner.consume(runner_queue(RUNNER), at_runner)
        mine = client_queue(CLIENT, "a1")
        await client.declare(mine)
        await client.consume(mine, at_client)

        assert await runner.publish(runners_inbox(), b"hello")
        assert await client.publish(clients_inbox(), b"who are you?")
        assert await orchestrator.publish(runner_queue(RUNNER), b"orders")
        assert await orchestrator.publish(mine, b"answer")

        heard = [
            await until(inbox, body)
            for inbox, body in (
                (from_runners, b"hello"),
                (from_clients, b"who are you?"),
                (at_runner, b"orders"),
                (at_client, b"answer"),
            )
        ]
        assert [delivery.sender for delivery in heard[:2]] == [f"r.{RUNNER}", f"c.{CLIENT}"]
        for delivery in heard:
            await delivery.acknowledge()


@pytest.mark.parametrize(
    "act",
    [
        publishing(f"r.{OTHER_RUNNER}.tmq.main.runners"),
        publishing("r.gpux7.tmq.main.runners"),  # what gpu.7 would match as a pattern
        publishing(f"r.{RUNNER}.tmq.main.clients"),
        publishing(f"c.{RUNNER}.tmq.main.clients"),
        publishing(f"r.{RUNNER}.tmq.other.runners"),
        publishing(f"r.{RUNNER}.x.tmq.main.runners"),
        publishing("tmq.main.runners", exchange=""),
        publishing(f"tmq.main.r.{OTHER_RUNNER}", exchange=""),
        declaring("mine"),
        declaring("tmq.main.r.gpu-8"),
        declaring("", exclusive=True),
        reading("tmq.main.runners"),
        reading(f"tmq.main.r.{OTHER_RUNNER}"),
        binding(f"tmq.main.r.{RUNNER}", "#"),
    ],
)
async def test_a_runner_may_do_nothing_but_speak_for_itself_and_hear_its_own(
    fleet: Fleet, runner_queues: None, act: Act
) -> None:
    assert await refused(fleet, RUNNER, act)


async def test_a_runner_may_read_its_own_queue(fleet: Fleet, runner_queues: None) -> None:
    assert not await refused(fleet, RUNNER, reading(f"tmq.main.r.{RUNNER}"))


@pytest.mark.parametrize(
    "act",
    [
        publishing(f"r.{RUNNER}.tmq.main.runners"),
        publishing("c.bob.tmq.main.clients"),
        publishing("tmq.main.clients", exchange=""),
        declaring("tmq.main.c.bob.a1", exclusive=True),
        declaring("tmq.main.c.alice.b.a1", exclusive=True),  # a client called alice.b
        declaring("tmq.main.r.alice"),
        reading("tmq.main.clients"),
        binding("tmq.main.clients", "#"),
    ],
)
async def test_a_client_may_ask_for_itself_and_hear_its_answers_only(
    fleet: Fleet, act: Act
) -> None:
    assert await refused(fleet, CLIENT, act)


@pytest.mark.parametrize(
    "act",
    [
        declaring("tmq.other.runners"),
        declaring("tmq.main.c.alice.a1"),
        reading("tmq.main.r.gpu-7"),
        binding("tmq.main.runners", "#"),
        binding("tmq.main.runners", "#.tmq.other.runners"),
        publishing(f"r.{RUNNER}.tmq.main.runners"),
    ],
)
async def test_an_orchestrator_touches_no_other_ones_names(
    fleet: Fleet, runner_queues: None, act: Act
) -> None:
    assert await refused(fleet, ORCHESTRATOR, act)


async def test_the_inboxes_are_there_before_the_orchestrator_is(fleet: Fleet) -> None:
    table = await asyncio.to_thread(
        fleet.node.ctl, "list_queues", "-p", "fleet", "--no-table-headers", "name", "type", "policy"
    )
    rows = [line.split("\t") for line in table.splitlines()]
    kinds = {name: (kind, policy) for name, kind, policy in rows}
    assert kinds["tmq.main.runners"] == ("quorum", "trialmq-main-inboxes")
    assert kinds["tmq.main.clients"] == ("quorum", "trialmq-main-inboxes")
