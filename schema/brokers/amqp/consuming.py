"""What one party declares and hears: a connection that is read also while an alarm is on.

A subscription has a channel of its own. Its prefetch is then its own too, and closing the channel
is what gives unacknowledged messages back. When the channel ends for any reason (connection lost,
queue deleted, broker restarted) the subscription waits for the connection and starts anew.
"""

import asyncio
import logging
from collections import deque

from schema.broker import Delivery, Receiver, Subscription
from schema.brokers.address import BrokerAddress
from schema.brokers.amqp import refusals, topology
from schema.brokers.amqp.acknowledgements import Acknowledgements
from schema.brokers.amqp.connection import AmqpChannel, AmqpConnection, Unanswered
from schema.brokers.amqp.ending import end
from schema.brokers.amqp.link import Link
from schema.brokers.amqp.message import AmqpMessage
from schema.brokers.amqp.timing import Timing
from schema.errors import BrokerError, UnknownName
from schema.identity import Queue

logger = logging.getLogger(__name__)

MOST_DECLARING = 16
"""So many queues are declared at once; with a thousand runners no answer would come in time."""

GATHER_SECONDS = 0.01
"""An acknowledgement waits this long for others to go with, unless they fill half a prefetch."""


class ConsumingLink(Link):
    """Declares and consumes for one party."""

    def __init__(self, address: BrokerAddress, party: str, timing: Timing) -> None:
        super().__init__(address, f"trialmq {party} consuming", timing)
        self._connection: AmqpConnection | None = None
        self._declared: dict[str, Queue] = {}
        self._declaring = asyncio.Semaphore(MOST_DECLARING)
        self._closed = False

    def close(self) -> None:
        """There will be no connection any more; who waits for one is told."""
        self._closed = True
        self.usable.set()

    async def serve(self, connection: AmqpConnection) -> None:
        """Declare again what was declared, then watch that the broker still answers."""
        for queue in self._declared.values():
            await self._declare(connection, queue)
        self._connection = connection
        try:
            self.opened()
            while not connection.lost.is_set():
                try:
                    async with asyncio.timeout(self.timing.heartbeat):
                        await connection.lost.wait()
                except TimeoutError:
                    await (await connection.channel()).close()
        finally:
            self._connection = None

    async def connection(self) -> AmqpConnection:
        """The connection, once there is one.

        Raises:
            BrokerError: there will be none.
        """
        while self._connection is None or self._connection.lost.is_set():
            if self._closed:
                raise refusals.closed(self.address)
            self.usable.clear()
            await self.usable.wait()
        return self._connection

    async def declare(self, queue: Queue) -> None:
        """As `schema.broker.Broker.declare`.

        Raises:
            BrokerError: it may not be declared, or exists with other properties.
        """
        while True:
            connection = await self.connection()
            try:
                await self._declare(connection, queue)
            except ConnectionError as error:
                self.tell(str(error))
                await asyncio.sleep(self.timing.shortest_pause)
            else:
                self._declared[queue.name] = queue
                return

    async def restore(self, queue: Queue) -> None:
        """Declare a queue again that this party had declared; others are left to their owner."""
        if queue.name in self._declared:
            await self.declare(queue)

    async def make_anew(self, queue: Queue) -> None:
        """Delete and declare a queue of this party that the broker has, and that answers nobody.

        So is a quorum queue for ever whose broker was killed within a second of its making: it is
        known, but has lost its log and elects no leader.
        """
        if queue.name not in self._declared:
            return
        logger.warning("the queue %s answers nobody and is made anew", queue.name)
        channel = await (await self.connection()).channel()
        try:
            await channel.delete(queue)
        finally:
            await channel.close()
        await self.declare(queue)

    async def _declare(self, connection: AmqpConnection, queue: Queue) -> None:
        async with self._declaring:
            channel = await connection.channel()  # an error closes it
            try:
                await channel.declare(queue)
            finally:
                await channel.close()


class RabbitMQDelivery(Delivery):
    """A message in the hands of a consumer."""

    __slots__ = ("_consumer", "_tag", "body", "redelivered", "sender")

    def __init__(self, consumer: "Consumer", message: AmqpMessage, sender: str) -> None:
        self._consumer = consumer
        self._tag = message.tag
        self.body = message.body
        self.redelivered = message.redelivered
        self.sender = sender

    async def acknowledge(self) -> None:
        self._consumer.settle(self._tag)


class Consumer:
    """One channel's worth of a subscription."""

    def __init__(
        self, channel: AmqpChannel, queue: Queue, receiver: Receiver, prefetch: int
    ) -> None:
        self._channel = channel
        self._queue = queue
        self._receiver = receiver
        self._prefetch = prefetch
        self._acknowledgements = Acknowledgements()
        self._waiting = 0
        self._settled = asyncio.Event()
        self._unsent: deque[tuple[int, bool]] = deque()
        self._ended = False  # by the broker
        self._over = False

    async def run(self, started: asyncio.Event) -> None:
        """Consume until the channel or the queue is gone.

        Raises:
            UnknownName, BrokerError, ConnectionError: it could not start.
        """
        self._channel.when_closed(self._end)
        try:
            await self._channel.consume(self._queue, self._hand, self._end, self._prefetch)
            started.set()
            while not self._ended:
                await self._settled.wait()
                await self._flush()
        finally:
            self._over = True
            await self._leave()

    def settle(self, tag: int) -> None:
        """Acknowledge soon; together with what else is done by then."""
        if self._over or not self._acknowledgements.done(tag):
            return
        self._waiting += 1
        if self._waiting >= self._prefetch // 2:
            self._settled.set()
        elif self._waiting == 1:
            asyncio.get_running_loop().call_later(GATHER_SECONDS, self._settled.set)

    def _hand(self, message: AmqpMessage) -> None:
        if self._over:
            return
        self._acknowledgements.delivered(message.tag)
        if not message.sound:
            logger.warning("%s: a message was changed on its way, and dropped", self._queue.name)
            self.settle(message.tag)
            return
        sender = topology.sender(self._queue, message.exchange, message.key)
        try:
            self._receiver(RabbitMQDelivery(self, message, sender))
        except Exception:
            logger.exception("the receiver of %s failed", self._queue.name)

    def _end(self) -> None:
        self._ended = True
        self._settled.set()

    async def _flush(self) -> None:
        self._settled.clear()
        self._waiting = 0
        self._unsent.extend(self._acknowledgements.take())
        try:
            while self._unsent:
                tag, multiple = self._unsent[0]
                await self._channel.acknowledge(tag, multiple=multiple)
                self._unsent.popleft()
        except ConnectionError:
            self._end()  # what was not acknowledged in time comes again

    async def _leave(self) -> None:
        await self._flush()
        await self._channel.close()


class RabbitMQSubscription(Subscription):
    """A consumer that comes back; `keep` runs until it is cancelled."""

    def __init__(
        self, link: ConsumingLink, queue: Queue, receiver: Receiver, prefetch: int
    ) -> None:
        self._link = link
        self._queue = queue
        self._receiver = receiver
        self._prefetch = prefetch
        self._started = asyncio.Event()
        self._task = asyncio.create_task(self._keep(), name=f"consume {queue.name}")

    async def start(self) -> None:
        """Consuming on return.

        Raises:
            UnknownName, BrokerError: as it first turned out.
        """
        waiting = asyncio.ensure_future(self._started.wait())
        try:
            await asyncio.wait({waiting, self._task}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self._task.cancelled():
            raise refusals.closed(self._link.address)
        if self._task.done():
            self._task.result()

    async def cancel(self) -> None:
        await end(self._task)

    async def _keep(self) -> None:
        while True:
            try:
                connection = await self._link.connection()
                channel = await connection.channel()
                consumer = Consumer(channel, self._queue, self._receiver, self._prefetch)
                try:
                    await consumer.run(self._started)
                except Unanswered:
                    await self._link.make_anew(self._queue)
                if not connection.lost.is_set():
                    await self._link.restore(self._queue)
            except (UnknownName, BrokerError) as error:
                if not self._started.is_set():
                    raise
                self._link.tell(f"{error}; it was consumed before")
                await asyncio.sleep(self._link.timing.shortest_pause)
            except ConnectionError:
                await asyncio.sleep(self._link.timing.shortest_pause)
