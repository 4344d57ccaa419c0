"""What happens to the RabbitMQ member when the network, the broker or its memory fails."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest

from schema.broker import Broker
from schema.brokers.amqp.timing import Timing
from schema.brokers.rabbitmq import RabbitMQBroker
from schema.errors import BrokerError
from schema.identity import Queue, QueueKind
from tests.brokers.members import Inbox, address_of, bodies
from tests.brokers.proxy import DOWN, UP, Proxy
from tests.rabbitmq_node import RabbitMQNode

QUICK = Timing(answer=1.0, close=1.0, heartbeat=1, shortest_pause=0.05, longest_pause=0.2, stable=0)
RECOVERY_SECONDS = 30.0
BOTH = 2
"""Connections of a party: one publishes, one consumes."""


@pytest.fixture
async def proxy(rabbitmq: RabbitMQNode) -> AsyncIterator[Proxy]:
    """The way to the broker that a test may disturb."""
    async with Proxy(rabbitmq.port) as proxy:
        yield proxy


@pytest.fixture
async def enter() -> AsyncIterator[Callable[..., object]]:
    """Enters parties that are left at the end of the test."""
    async with AsyncExitStack() as stack:
        yield stack.enter_async_context


@pytest.fixture
async def party(rabbitmq: RabbitMQNode, proxy: Proxy) -> AsyncIterator[RabbitMQBroker]:
    """A party behind the proxy."""
    address = address_of(rabbitmq, port=proxy.port)
    async with RabbitMQBroker(address, "o.main", timing=QUICK) as broker:
        yield broker


@pytest.fixture
async def other(rabbitmq: RabbitMQNode) -> AsyncIterator[RabbitMQBroker]:
    """A party that nothing disturbs but the broker itself."""
    async with RabbitMQBroker(address_of(rabbitmq), "o.other", timing=QUICK) as broker:
        yield broker


async def declared(broker: Broker, kind: QueueKind = QueueKind.INBOX) -> Queue:
    queue = Queue(f"test.{uuid4().hex}", kind, 10_000)
    await broker.declare(queue)
    return queue


async def publish(broker: Broker, queue: Queue, body: bytes) -> None:
    """Until it is taken, as every user of a broker does."""
    async with asyncio.timeout(RECOVERY_SECONDS):
        while not await broker.publish(queue, body):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(RECOVERY_SECONDS):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


# ---------------------------------------------------------------------- the network


@pytest.mark.parametrize("kind", QueueKind)
async def test_after_a_reset_everything_is_used_again(
    party: Broker, proxy: Proxy, kind: QueueKind
) -> None:
    queue = await declared(party, kind)
    inbox = Inbox()
    await party.consume(queue, inbox)
    await publish(party, queue, b"held")
    await inbox.take(1)
    before = proxy.connections
    proxy.reset()
    await until(lambda: proxy.connections >= before + BOTH and party.connected)
    await publish(party, queue, b"new")
    if kind is QueueKind.PRIVATE:  # gone with its connection, with all that was in it
        assert bodies(await inbox.take(1)) == [b"new"]
        return
    again, new = await inbox.take(2)
    assert (again.body, again.redelivered) == (b"held", True)
    assert new.body == b"new"


async def test_who_waits_for_a_connection_is_told_that_it_was_closed(
    party: Broker, proxy: Proxy
) -> None:
    queue = await declared(party)
    proxy.swallow(UP, DOWN)
    proxy.reset()
    await until(lambda: not party.connected)
    waiting = asyncio.gather(
        party.declare(queue), party.consume(queue, Inbox()), return_exceptions=True
    )
    await asyncio.sleep(0)
    await party.close()
    for error in await waiting:
        assert isinstance(error, BrokerError) and "was closed" in str(error)


async def test_an_acknowledgement_from_before_the_reset_does_no_harm_after_it(
    party: Broker, proxy: Proxy
) -> None:
    queue = await declared(party)
    inbox = Inbox()
    await party.consume(queue, inbox)
    await publish(party, queue, b"held")
    [late] = await inbox.take(1)
    proxy.reset()
    [again] = await inbox.take(1)
    await late.acknowledge()
    await again.acknowledge()
    await publish(party, queue, b"next")
    assert bodies(await inbox.take(1)) == [b"next"]


@pytest.mark.parametrize("directions", [(UP,), (DOWN,), (UP, DOWN)], ids=["up", "down", "both"])
async def test_a_publish_into_a_silent_connection_is_unknown_and_the_connection_replaced(
    party: Broker, proxy: Proxy, directions: tuple[str, ...]
) -> None:
    queue = await declared(party)
    inbox = Inbox()
    await party.consume(queue, inbox)
    proxy.swallow(*directions)
    publishing = asyncio.create_task(party.publish(queue, b"unknown"))
    assert await publishing is False
    assert not publishing.cancelled()
    proxy.heal()
    await publish(party, queue, b"after")
    async with asyncio.timeout(RECOVERY_SECONDS):
        while (await inbox.take(1))[0].body != b"after":
            pass  # the unknown one may have arrived


async def test_a_consumer_whose_connection_is_silent_is_found_out_though_nothing_is_sent(
    party: Broker, other: Broker, proxy: Proxy
) -> None:
    queue = await declared(party)
    inbox = Inbox()
    await party.consume(queue, inbox)
    proxy.swallow(DOWN)
    await until(lambda: not party.connected)
    proxy.heal()
    await publish(other, queue, b"heard again")
    assert bodies(await inbox.take(1)) == [b"heard again"]


async def test_cancelling_who_publishes_cancels_it(party: Broker, proxy: Proxy) -> None:
    queue = await declared(party)
    proxy.swallow(UP)
    publishing = asyncio.create_task(party.publish(queue, b"given up"))
    await asyncio.sleep(0)
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing


async def test_closing_while_a_publish_waits_ends_it_as_unknown(
    party: Broker, proxy: Proxy
) -> None:
    queue = await declared(party)
    proxy.swallow(UP, DOWN)
    publishing = asyncio.create_task(party.publish(queue, b"too late"))
    await asyncio.sleep(0)
    await party.close()
    assert await publishing is False


async def test_bytes_that_change_on_the_way_break_the_connection_and_nothing_else(
    party: Broker, proxy: Proxy
) -> None:
    queue = await declared(party)
    inbox = Inbox()
    await party.consume(queue, inbox)
    proxy.corrupt(DOWN)
    assert not await party.publish(queue, b"answered with rubbish")
    proxy.heal()
    await publish(party, queue, b"sound")
    async with asyncio.timeout(RECOVERY_SECONDS):
        while (await inbox.take(1))[0].body != b"sound":
            pass  # the first may have arrived


# ---------------------------------------------------------------------- the broker


async def test_a_killed_broker_that_returns_has_what_it_confirmed(
    rabbitmq: RabbitMQNode, other: Broker
) -> None:
    queue = await declared(other)
    for index in range(20):
        await publish(other, queue, b"%d" % index)
    # RabbitMQ 3.10 writes the name of a new quorum queue half a second late, and has it without a
    # leader for ever when it is killed before.
    await asyncio.to_thread(rabbitmq.ctl, "eval", "ok = dets:sync(ra_directory_reverse).")
    await asyncio.to_thread(rabbitmq.kill)
    assert not await other.publish(queue, b"nobody there")
    await asyncio.to_thread(rabbitmq.start)
    await publish(other, queue, b"20")
    inbox = Inbox()
    await other.consume(queue, inbox)
    assert bodies(await inbox.take(21)) == [b"%d" % index for index in range(21)]


async def test_a_broker_that_lost_all_its_data_is_set_up_again(
    rabbitmq: RabbitMQNode, party: Broker, other: Broker
) -> None:
    """Two parties: one declared the queues, the other one merely listens to one of them."""
    control = await declared(party, QueueKind.CONTROL)
    inbox = await declared(party)
    at_owner, at_listener = Inbox(), Inbox()
    await party.consume(inbox, at_owner)
    await other.consume(control, at_listener)
    await asyncio.to_thread(rabbitmq.stop)
    rabbitmq.wipe()
    await asyncio.to_thread(rabbitmq.start)
    await publish(other, inbox, b"up")
    await publish(party, control, b"down")
    [up] = await at_owner.take(1)
    assert (up.body, up.sender) == (b"up", "o.other")
    assert bodies(await at_listener.take(1)) == [b"down"]


async def test_a_consumer_whose_queue_is_deleted_has_it_back(
    rabbitmq: RabbitMQNode, party: Broker, other: Broker
) -> None:
    queue = await declared(party, QueueKind.CONTROL)
    owner, listener = Inbox(), Inbox()
    await other.consume(queue, listener)  # declared it not: waits until it is there again
    await party.consume(queue, owner, prefetch=1)
    await asyncio.to_thread(rabbitmq.ctl, "delete_queue", queue.name)
    while not (owner.waiting and listener.waiting):
        await publish(other, queue, b"shared by both")


async def test_under_a_memory_alarm_publishing_is_refused_and_consuming_goes_on(
    rabbitmq: RabbitMQNode, party: Broker, other: Broker
) -> None:
    queue = await declared(other)
    inbox = Inbox()
    await publish(other, queue, b"1")
    await publish(other, queue, b"2")
    await asyncio.to_thread(rabbitmq.ctl, "set_vm_memory_high_watermark", "0.00001")
    try:
        assert not await other.publish(queue, b"not read")
        await other.consume(queue, inbox, prefetch=1)
        for expected in (b"1", b"2"):
            [delivery] = await inbox.take(1)
            assert delivery.body == expected
            await delivery.acknowledge()
        assert not await party.publish(queue, b"not read either")
        async with asyncio.timeout(2 * (QUICK.close + 1)):
            await party.close()
    finally:
        await asyncio.to_thread(rabbitmq.ctl, "set_vm_memory_high_watermark", "absolute", "512MB")
    await publish(other, queue, b"read again")


async def test_what_a_person_has_to_change_is_said_once(
    rabbitmq: RabbitMQNode, party: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    await party.declare(Queue("tmq.main.runners"))
    address = address_of(rabbitmq, "gpu1")
    with caplog.at_level(logging.WARNING, "schema"):
        async with RabbitMQBroker(address, "r.gpu2", timing=QUICK) as forger:
            for _ in range(5):
                assert not await forger.publish(Queue("tmq.main.runners"), b"as another")
                await asyncio.sleep(0.01)  # a new channel is on its way by now
                await until(lambda: forger.connected)
    said = [m for m in caplog.messages if "lacks the write permission" in m]
    assert len(said) == 1
    assert "'r.gpu2.tmq.main.runners'" in said[0]


async def test_many_queues_at_once_over_a_slow_network_cost_no_connection(
    party: Broker, proxy: Proxy
) -> None:
    """As when a thousand runners arrive at a busy broker: each has a queue to be made."""
    before = proxy.connections
    proxy.slow(0.0, 10_000)
    await asyncio.gather(*(declared(party, QueueKind.CONTROL) for _ in range(300)))
    assert proxy.connections == before


async def test_a_queue_that_has_lost_its_log_is_made_anew(
    rabbitmq: RabbitMQNode, party: Broker, other: Broker, proxy: Proxy
) -> None:
    """As a broker finds it that was killed right after the queue was made."""
    queue = await declared(party)
    inbox = Inbox()
    await party.consume(queue, inbox)
    lost = f"""
        {{ok, Q}} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"/">>, queue, <<"{queue.name}">>)),
        ok = ra:force_delete_server(quorum_queues, amqqueue:get_pid(Q)),
        rabbit_quorum_queue:recover(<<"/">>, [Q]).
    """
    await asyncio.to_thread(rabbitmq.ctl, "eval", lost)
    proxy.reset()
    await publish(other, queue, b"heard again")
    assert bodies(await inbox.take(1)) == [b"heard again"]
