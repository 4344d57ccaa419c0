"""What every broker promises, in the words of `schema.broker`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from typing import Protocol
from uuid import uuid4

import pytest

from schema.broker import Broker, Delivery
from schema.errors import BrokerError, UnknownName
from schema.identity import Queue, QueueKind
from tests.brokers.members import MEMBERS, PATIENCE_SECONDS, Inbox, bodies

ONE_TO_FIVE = [b"1", b"2", b"3", b"4", b"5"]


class Enter(Protocol):
    """Connects one more party."""

    def __call__(self, party: str = "o.test") -> Awaitable[Broker]: ...


@pytest.fixture(params=sorted(MEMBERS))
async def connect(request: pytest.FixtureRequest) -> AsyncIterator[Enter]:
    """Connects parties to one broker; all are closed at the end."""
    member = MEMBERS[request.param](request)
    async with AsyncExitStack() as stack:

        async def connected(party: str = "o.test") -> Broker:
            return await stack.enter_async_context(member(party))

        yield connected


@pytest.fixture
async def broker(connect: Enter) -> Broker:
    """One party."""
    return await connect()


@pytest.fixture
async def queue(broker: Broker) -> Queue:
    """An inbox that nobody else uses."""
    queue = unused()
    await broker.declare(queue)
    return queue


def unused(kind: QueueKind = QueueKind.INBOX, capacity: int = 10_000) -> Queue:
    """A queue that does not exist."""
    return Queue(f"test.{uuid4().hex}", kind, capacity)


async def send(broker: Broker, queue: Queue, messages: list[bytes]) -> None:
    for message in messages:
        assert await broker.publish(queue, message)


# ---------------------------------------------------------------------- messages arrive


@pytest.mark.parametrize(
    "body",
    [b"", bytes(range(256)), b"\x00" * 3, "grüße 音".encode(), b"x" * (1 << 20)],
    ids=["empty", "every byte", "zeros", "text", "a mebibyte"],
)
async def test_a_message_arrives_as_it_was_sent(broker: Broker, queue: Queue, body: bytes) -> None:
    inbox = Inbox()
    await broker.consume(queue, inbox)
    await send(broker, queue, [body])
    [delivery] = await inbox.take(1)
    assert type(delivery.body) is bytes
    assert delivery.body == body
    assert not delivery.redelivered


async def test_messages_arrive_in_the_order_in_which_they_were_sent(
    broker: Broker, queue: Queue
) -> None:
    inbox = Inbox()
    await send(broker, queue, ONE_TO_FIVE[:3])
    await broker.consume(queue, inbox)
    await send(broker, queue, ONE_TO_FIVE[3:])
    assert bodies(await inbox.take(5)) == ONE_TO_FIVE


async def test_a_message_waits_until_somebody_listens(connect: Enter, queue: Queue) -> None:
    sender, receiver = await connect(), await connect()
    await send(sender, queue, [b"early"])
    await sender.close()
    inbox = Inbox()
    await receiver.consume(queue, inbox)
    assert bodies(await inbox.take(1)) == [b"early"]


async def test_queues_do_not_mix(broker: Broker, queue: Queue) -> None:
    other = unused()
    await broker.declare(other)
    here, there = Inbox(), Inbox()
    await broker.consume(queue, here)
    await broker.consume(other, there)
    for index in range(4):
        await send(broker, queue, [b"here %d" % index])
        await send(broker, other, [b"there %d" % index])
    assert bodies(await here.take(4)) == [b"here %d" % i for i in range(4)]
    assert bodies(await there.take(4)) == [b"there %d" % i for i in range(4)]


async def test_thousands_of_messages_arrive_once_each_and_in_order(
    broker: Broker, queue: Queue
) -> None:
    inbox = Inbox()
    await broker.consume(queue, inbox, prefetch=50)
    for first in range(0, 3000, 500):
        numbers = range(first, first + 500)
        assert all(await asyncio.gather(*(broker.publish(queue, b"%d" % i) for i in numbers)))
    for index in range(3000):
        [delivery] = await inbox.take(1)
        assert delivery.body == b"%d" % index
        assert not delivery.redelivered
        await delivery.acknowledge()
    assert inbox.waiting == 0


async def test_a_receiver_may_publish(broker: Broker, queue: Queue) -> None:
    rounds = 100
    done = asyncio.Event()
    seen: list[bytes] = []
    tasks: set[asyncio.Task[bool]] = set()

    def answer(delivery: Delivery) -> None:
        seen.append(delivery.body)
        if len(seen) == rounds:
            done.set()
            return
        task = asyncio.ensure_future(broker.publish(queue, b"%d" % len(seen)))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    await broker.consume(queue, answer)
    await send(broker, queue, [b"0"])
    async with asyncio.timeout(PATIENCE_SECONDS):
        await done.wait()
    assert seen == [b"%d" % index for index in range(rounds)]


# ---------------------------------------------------------------------- several consumers


async def test_no_consumer_holds_more_than_its_prefetch(broker: Broker, queue: Queue) -> None:
    narrow, wide = Inbox(), Inbox()
    await broker.consume(queue, narrow, prefetch=2)
    await send(broker, queue, ONE_TO_FIVE)
    first = await narrow.take(2)
    await broker.consume(queue, wide, prefetch=10)
    rest = await wide.take(3)
    assert (bodies(first), bodies(rest)) == (ONE_TO_FIVE[:2], ONE_TO_FIVE[2:])
    assert narrow.waiting == 0


async def test_an_acknowledgement_makes_room_for_the_next(broker: Broker, queue: Queue) -> None:
    inbox = Inbox()
    await broker.consume(queue, inbox, prefetch=1)
    await send(broker, queue, ONE_TO_FIVE)
    for expected in ONE_TO_FIVE:
        [delivery] = await inbox.take(1)
        assert delivery.body == expected
        assert inbox.waiting == 0
        await delivery.acknowledge()


async def test_consumers_of_one_queue_share_its_messages(connect: Enter, queue: Queue) -> None:
    left, right = Inbox(), Inbox()
    await (await connect()).consume(queue, left, prefetch=1)
    await (await connect()).consume(queue, right, prefetch=1)
    await send(await connect(), queue, [b"1", b"2"])
    assert {*bodies(await left.take(1)), *bodies(await right.take(1))} == {b"1", b"2"}


async def test_a_consumer_that_is_full_holds_nobody_up(broker: Broker, queue: Queue) -> None:
    full, free = Inbox(), Inbox()
    await broker.consume(queue, full, prefetch=1)
    await send(broker, queue, [b"held"])
    await full.take(1)
    await broker.consume(queue, free, prefetch=1)
    for message in ONE_TO_FIVE:
        await send(broker, queue, [message])
        [delivery] = await free.take(1)
        assert delivery.body == message
        await delivery.acknowledge()


# ---------------------------------------------------------------------- nothing is lost on the way


async def test_what_a_cancelled_consumer_did_not_acknowledge_comes_again_in_order(
    broker: Broker, queue: Queue
) -> None:
    first, second = Inbox(), Inbox()
    subscription = await broker.consume(queue, first, prefetch=3)
    await send(broker, queue, ONE_TO_FIVE)
    held = await first.take(3)
    await held[1].acknowledge()
    await subscription.cancel()
    await broker.consume(queue, second)
    again = await second.take(4)
    assert bodies(again) == [b"1", b"3", b"4", b"5"]
    held_before, _, unseen = again[:2], again[2], again[3]  # the third may have been on its way
    assert all(delivery.redelivered for delivery in held_before)
    assert not unseen.redelivered


async def test_what_a_closed_party_did_not_acknowledge_goes_to_another(
    connect: Enter, queue: Queue
) -> None:
    leaver, stayer = await connect(), await connect()
    first, second = Inbox(), Inbox()
    await leaver.consume(queue, first)
    await send(stayer, queue, ONE_TO_FIVE)
    held = await first.take(5)
    await held[0].acknowledge()
    await stayer.consume(queue, second)
    await leaver.close()
    again = await second.take(4)
    assert bodies(again) == ONE_TO_FIVE[1:]
    assert all(delivery.redelivered for delivery in again)


async def test_an_acknowledged_message_never_comes_again(broker: Broker, queue: Queue) -> None:
    first, second = Inbox(), Inbox()
    subscription = await broker.consume(queue, first)
    await send(broker, queue, ONE_TO_FIVE)
    for delivery in await first.take(5):
        await delivery.acknowledge()
    await subscription.cancel()
    await broker.consume(queue, second)
    await send(broker, queue, [b"new"])
    [delivery] = await second.take(1)
    assert (delivery.body, delivery.redelivered) == (b"new", False)


async def test_an_acknowledgement_after_the_cancel_is_too_late_and_does_no_harm(
    broker: Broker, queue: Queue
) -> None:
    first, second = Inbox(), Inbox()
    subscription = await broker.consume(queue, first)
    await send(broker, queue, [b"late"])
    [held] = await first.take(1)
    await subscription.cancel()
    await held.acknowledge()
    await broker.consume(queue, second)
    [again] = await second.take(1)
    assert (again.body, again.redelivered) == (b"late", True)


async def test_acknowledging_twice_counts_once(broker: Broker, queue: Queue) -> None:
    narrow, wide = Inbox(), Inbox()
    await broker.consume(queue, narrow, prefetch=1)
    await send(broker, queue, ONE_TO_FIVE)
    [delivery] = await narrow.take(1)
    await delivery.acknowledge()
    await delivery.acknowledge()
    assert bodies(await narrow.take(1)) == [b"2"]
    await broker.consume(queue, wide)
    assert bodies(await wide.take(3)) == ONE_TO_FIVE[2:]


async def test_a_cancelled_consumer_is_handed_nothing_more(broker: Broker, queue: Queue) -> None:
    first, second = Inbox(), Inbox()
    subscription = await broker.consume(queue, first)
    await subscription.cancel()
    await subscription.cancel()
    await broker.consume(queue, second)
    await send(broker, queue, ONE_TO_FIVE)
    assert bodies(await second.take(5)) == ONE_TO_FIVE
    assert first.waiting == 0


# ---------------------------------------------------------------------- refusals


async def test_a_message_for_a_queue_that_does_not_exist_is_refused(broker: Broker) -> None:
    assert not await broker.publish(unused(), b"lost")


async def test_a_full_inbox_refuses_soon_and_takes_again_once_there_is_room(broker: Broker) -> None:
    capacity, enough = 2, 100
    queue = unused(capacity=capacity)
    await broker.declare(queue)
    taken: list[bytes] = []
    while await broker.publish(queue, b"%d" % len(taken)):
        taken.append(b"%d" % len(taken))
        assert len(taken) < enough
    assert len(taken) >= capacity
    inbox = Inbox()
    await broker.consume(queue, inbox)
    arrived = await inbox.take(len(taken))
    assert bodies(arrived) == taken  # what was refused is not there
    for delivery in arrived:
        await delivery.acknowledge()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await broker.publish(queue, b"room"):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert bodies(await inbox.take(1)) == [b"room"]


async def test_declaring_a_queue_again_keeps_its_messages(connect: Enter, queue: Queue) -> None:
    broker = await connect()
    await send(broker, queue, [b"kept"])
    await broker.declare(queue)
    inbox = Inbox()
    await broker.consume(queue, inbox)
    assert bodies(await inbox.take(1)) == [b"kept"]


async def test_listening_to_a_queue_that_does_not_exist_is_an_error(broker: Broker) -> None:
    missing = unused()
    with pytest.raises(UnknownName, match=f"there is no queue '{missing.name}'"):
        await broker.consume(missing, Inbox())


@pytest.mark.parametrize("kind", [QueueKind.CONTROL, QueueKind.PRIVATE])
async def test_in_a_full_queue_of_one_reader_the_oldest_message_gives_way(
    broker: Broker, kind: QueueKind
) -> None:
    queue = unused(kind, capacity=2)
    await broker.declare(queue)
    await send(broker, queue, ONE_TO_FIVE)
    inbox = Inbox()
    await broker.consume(queue, inbox)
    assert bodies(await inbox.take(2)) == ONE_TO_FIVE[3:]


async def test_an_inbox_names_the_party_that_sent_a_message(connect: Enter) -> None:
    queue = unused()
    reader = await connect("o.main")
    await reader.declare(queue)
    inbox = Inbox()
    await reader.consume(queue, inbox)
    for party in ("r.gpu1", "r.gpu.2", "c.alice"):
        await send(await connect(party), queue, [party.encode()])
        [delivery] = await inbox.take(1)
        assert (delivery.sender, delivery.body) == (party, party.encode())


async def test_a_private_queue_is_gone_with_its_connection(connect: Enter) -> None:
    owner, other = await connect(), await connect()
    queue = unused(QueueKind.PRIVATE)
    await owner.declare(queue)
    await owner.consume(queue, Inbox())
    await send(other, queue, [b"seen"])
    await owner.close()
    assert not await other.publish(queue, b"unseen")


async def test_a_receiver_that_raises_stops_nothing(broker: Broker, queue: Queue) -> None:
    inbox = Inbox()

    def fails_once(delivery: Delivery) -> None:
        inbox(delivery)
        if delivery.body == b"1":
            raise RuntimeError("a mistake in a receiver")

    await broker.consume(queue, fails_once)
    await send(broker, queue, ONE_TO_FIVE)
    assert bodies(await inbox.take(5)) == ONE_TO_FIVE


async def test_a_closed_party_says_and_hears_nothing(connect: Enter, queue: Queue) -> None:
    closed, listener = await connect(), await connect()
    inbox = Inbox()
    await listener.consume(queue, inbox)
    await closed.close()
    assert not await closed.publish(queue, b"from the grave")
    for attempt in (closed.declare(unused()), closed.consume(queue, Inbox())):
        with pytest.raises(BrokerError, match="was closed; open another one"):
            await attempt
    await send(listener, queue, [b"alive"])
    assert bodies(await inbox.take(1)) == [b"alive"]


async def test_closing_twice_does_nothing_more(connect: Enter, queue: Queue) -> None:
    leaver, stayer = await connect(), await connect()
    first, second = Inbox(), Inbox()
    subscription = await leaver.consume(queue, first)
    await send(stayer, queue, [b"once"])
    await first.take(1)
    await leaver.close()
    await leaver.close()
    await subscription.cancel()
    await stayer.consume(queue, second)
    await send(stayer, queue, [b"after"])
    assert bodies(await second.take(2)) == [b"once", b"after"]
