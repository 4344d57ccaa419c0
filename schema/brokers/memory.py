"""The in-process broker: a product feature, not a stand-in.

It carries bytes only, keeps to the prefetch, refuses when an inbox is full, and delivers again what
was not acknowledged. It forgets everything when the process ends, which the protocol allows.

A ``MemoryHub`` holds the queues; each party connects with a ``MemoryBroker`` of its own, so that
closing one party gives its unacknowledged messages back, as a lost connection would.
"""

import asyncio
import logging
from collections import deque

from schema.broker import Broker, Delivery, Receiver, Subscription
from schema.errors import BrokerError, UnknownName
from schema.identity import Queue, QueueKind

logger = logging.getLogger(__name__)


class MemoryDelivery(Delivery):
    """A message in the hands of a consumer."""

    __slots__ = ("_consumer", "body", "redelivered", "sender")

    def __init__(
        self, consumer: "MemorySubscription", body: bytes, sender: str, redelivered: bool
    ) -> None:
        self._consumer = consumer
        self.body = body
        self.sender = sender
        self.redelivered = redelivered

    async def acknowledge(self) -> None:
        self._consumer.settle(self)


class MemoryQueue:
    """Messages in order, and the consumers that share them."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.waiting: deque[tuple[bytes, str, bool]] = deque()
        self.consumers: deque[MemorySubscription] = deque()
        self._scheduled = False

    def put(self, body: bytes, sender: str) -> bool:
        """False when it is an inbox and full; in other queues the oldest message gives way."""
        inbox = self.queue.kind is QueueKind.INBOX
        if len(self.waiting) >= self.queue.capacity:
            if inbox:
                return False
            self.waiting.popleft()
        self.waiting.append((body, sender if inbox else "", False))
        self.wake()
        return True

    def put_back(self, deliveries: list[MemoryDelivery]) -> None:
        """Unacknowledged messages stand at the head again, oldest first."""
        self.waiting.extendleft((d.body, d.sender, True) for d in reversed(deliveries))
        self.wake()

    def wake(self) -> None:
        """Deliver soon, from the event loop, never inside the caller."""
        if not self._scheduled and self.waiting and self.consumers:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._deliver)

    def _deliver(self) -> None:
        self._scheduled = False
        idle = 0
        while self.waiting and idle < len(self.consumers):
            consumer = self.consumers[0]
            self.consumers.rotate(-1)
            if consumer.room <= 0:
                idle += 1
                continue
            idle = 0
            consumer.hand(*self.waiting.popleft())


class MemorySubscription(Subscription):
    """A consumer with at most ``prefetch`` unacknowledged messages."""

    def __init__(self, queue: MemoryQueue, receiver: Receiver, prefetch: int) -> None:
        self._queue = queue
        self._receiver = receiver
        self._prefetch = prefetch
        self._unsettled: dict[MemoryDelivery, None] = {}

    @property
    def room(self) -> int:
        """How many more messages it takes now."""
        return self._prefetch - len(self._unsettled)

    def hand(self, body: bytes, sender: str, redelivered: bool) -> None:
        """Give one message to the receiver; what that raises is logged and stops nothing."""
        delivery = MemoryDelivery(self, body, sender, redelivered)
        self._unsettled[delivery] = None
        try:
            self._receiver(delivery)
        except Exception:
            logger.exception("the receiver of %s failed", self._queue.queue.name)

    def settle(self, delivery: MemoryDelivery) -> None:
        """Forget an acknowledged message; room is free for the next."""
        if self._unsettled.pop(delivery, True) is None:
            self._queue.wake()

    async def cancel(self) -> None:
        if self in self._queue.consumers:
            self._queue.consumers.remove(self)
            unsettled = list(self._unsettled)
            self._unsettled.clear()
            self._queue.put_back(unsettled)


class MemoryHub:
    """The queues of one process."""

    def __init__(self) -> None:
        self.queues: dict[str, MemoryQueue] = {}

    def connect(self, party: str = "") -> "MemoryBroker":
        """A connection of one party."""
        return MemoryBroker(self, party)


class MemoryBroker(Broker):
    """One party's connection to the hub."""

    def __init__(self, hub: MemoryHub, party: str) -> None:
        self._hub = hub
        self._party = party
        self._subscriptions: list[MemorySubscription] = []
        self._private: list[str] = []
        self._closed = False

    @property
    def connected(self) -> bool:
        return not self._closed

    async def declare(self, queue: Queue) -> None:
        self._check_open()
        if queue.name not in self._hub.queues:
            self._hub.queues[queue.name] = MemoryQueue(queue)
            if queue.kind is QueueKind.PRIVATE:
                self._private.append(queue.name)

    async def publish(self, queue: Queue, body: bytes) -> bool:
        known = self._hub.queues.get(queue.name)
        return not self._closed and known is not None and known.put(body, self._party)

    async def consume(
        self, queue: Queue, receiver: Receiver, *, prefetch: int = 256
    ) -> Subscription:
        self._check_open()
        known = self._hub.queues.get(queue.name)
        if known is None:
            raise UnknownName("queue", queue.name, self._hub.queues)
        subscription = MemorySubscription(known, receiver, prefetch)
        known.consumers.append(subscription)
        self._subscriptions.append(subscription)
        known.wake()
        return subscription

    def _check_open(self) -> None:
        if self._closed:
            raise BrokerError("this connection was closed; open another one")

    async def close(self) -> None:
        self._closed = True
        for subscription in self._subscriptions:
            await subscription.cancel()
        self._subscriptions.clear()
        for name in self._private:
            self._hub.queues.pop(name, None)
        self._private.clear()
