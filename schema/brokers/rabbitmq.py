"""RabbitMQ as the broker: from 3.10, on the queues that `amqp.topology` describes.

```
 publish ─────────► PublishingLink ──► exchange or queue        one connection
 declare, consume ► ConsumingLink  ──► queue ──► receiver       another one
```

Two connections, because under a memory or disk alarm RabbitMQ reads nothing from one that
publishes: acknowledgements and declarations must not wait behind that.
"""

import asyncio
from typing import Self

from schema.broker import Broker, Receiver, Subscription
from schema.brokers.address import BrokerAddress
from schema.brokers.amqp.consuming import ConsumingLink, RabbitMQSubscription
from schema.brokers.amqp.ending import end
from schema.brokers.amqp.publishing import PublishingLink
from schema.brokers.amqp.timing import Timing
from schema.identity import Queue


class RabbitMQBroker(Broker):
    """One party at a RabbitMQ broker.

    Entering connects. Where that is not possible it raises `schema.errors.BrokerError` after at
    most ten seconds; with ``patient`` it logs the sentence and keeps trying.
    """

    def __init__(
        self,
        address: BrokerAddress,
        party: str,
        *,
        patient: bool = False,
        timing: Timing | None = None,
    ) -> None:
        self._address = address
        self._party = party
        self._patient = patient
        self._timing = timing or Timing()
        self._closed = False
        self._links: list[asyncio.Task[None]] = []
        self._subscriptions: list[RabbitMQSubscription] = []

    async def __aenter__(self) -> Self:
        self._up = PublishingLink(self._address, self._party, self._timing)
        self._down = ConsumingLink(self._address, self._party, self._timing)
        links = (self._up, self._down)
        self._links = [asyncio.create_task(link.keep(patient=self._patient)) for link in links]
        try:
            await asyncio.gather(*(link.first for link in links))
        except BaseException:
            await self.close()
            raise
        return self

    @property
    def connected(self) -> bool:
        return not self._closed and self._up.usable.is_set() and self._down.usable.is_set()

    async def declare(self, queue: Queue) -> None:
        await self._down.declare(queue)

    async def publish(self, queue: Queue, body: bytes) -> bool:
        return not self._closed and await self._up.publish(queue, body)

    async def consume(
        self, queue: Queue, receiver: Receiver, *, prefetch: int = 256
    ) -> Subscription:
        subscription = RabbitMQSubscription(self._down, queue, receiver, prefetch)
        self._subscriptions.append(subscription)
        try:
            await subscription.start()
        except BaseException:
            self._subscriptions.remove(subscription)
            await subscription.cancel()
            raise
        return subscription

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        await asyncio.gather(*(subscription.cancel() for subscription in self._subscriptions))
        await end(*self._links)
        self._down.close()
