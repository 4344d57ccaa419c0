"""The in-process broker: a product feature, not a stand-in.

It carries bytes only, keeps to the prefetch, refuses when a queue is full, and delivers again what
was not acknowledged. It forgets everything when the process ends, which the protocol allows.

A ``MemoryHub`` holds the queues; each party connects with a ``MemoryBroker`` of its own, so that
closing one party gives its unacknowledged messages back, as a lost connection would.
"""

import asyncio
from collections import deque

from schema.broker import Broker, Delivery, Receiver, Subscription
from schema.errors import UnknownName


class MemoryDelivery(Delivery):
    """A message in the hands of a consumer."""

    __slots__ = ("_consumer", "body", "redelivered")

    def __init__(self, consumer: "MemorySubscription", body: bytes, redelivered: bool) -> None:
        self._consumer = consumer
        self.body = body
        self.redelivered = redelivered

    async def acknowledge(self) -> None:
        self._consumer.settle(self)


class MemoryQueue:
    """Messages in order, and the consumers that share them."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.waiting: deque[tuple[bytes, bool]] = deque()
        self.consumers: deque[MemorySubscription] = deque()
        self._scheduled = False

    def put(self, body: bytes) -> bool:
        """False when the queue is full."""
        if len(self.waiting) >= self.capacity:
            return False
        self.waiting.append((body, False))
        self.wake()
        return True

    def put_back(self, deliveries: list[MemoryDelivery]) -> None:
        """Unacknowledged messages stand at the head again, oldest first."""
        self.waiting.extendleft((d.body, True) for d in reversed(deliveries))
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

    def hand(self, body: bytes, redelivered: bool) -> None:
        """Give one message to the receiver."""
        delivery = MemoryDelivery(self, body, redelivered)
        self._unsettled[delivery] = None
        self._receiver(delivery)

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

    def connect(self) -> "MemoryBroker":
        """A connection of one party."""
        return MemoryBroker(self)


class MemoryBroker(Broker):
    """One party's connection to the hub."""

    def __init__(self, hub: MemoryHub) -> None:
        self._hub = hub
        self._subscriptions: list[MemorySubscription] = []
        self._closed = False

    async def declare(self, queue: str, *, capacity: int = 200_000) -> None:
        self._hub.queues.setdefault(queue, MemoryQueue(capacity))

    async def publish(self, queue: str, body: bytes) -> bool:
        known = self._hub.queues.get(queue)
        return not self._closed and known is not None and known.put(body)

    async def consume(self, queue: str, receiver: Receiver, *, prefetch: int = 256) -> Subscription:
        known = self._hub.queues.get(queue)
        if known is None:
            raise UnknownName("queue", queue, self._hub.queues)
        subscription = MemorySubscription(known, receiver, prefetch)
        known.consumers.append(subscription)
        self._subscriptions.append(subscription)
        known.wake()
        return subscription

    async def close(self) -> None:
        self._closed = True
        for subscription in self._subscriptions:
            await subscription.cancel()
        self._subscriptions.clear()
