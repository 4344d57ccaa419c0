"""The brokers that the suite runs on, and the far end of a queue.

A member is a context that gives a way to connect: each call is the connection of one more party to
the same queues. A new broker joins the suite by one more entry in ``MEMBERS``.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from schema.broker import Broker, Delivery
from schema.brokers.memory import MemoryHub


class Connect(Protocol):
    """Connects one more party, under its name."""

    def __call__(self, party: str = "o.test") -> Awaitable[Broker]: ...


PATIENCE_SECONDS = 10.0


@asynccontextmanager
async def memory() -> AsyncIterator[Connect]:
    """Parties in one process."""
    hub = MemoryHub()

    async def connect(party: str = "o.test") -> Broker:
        return hub.connect(party)

    yield connect


MEMBERS: dict[str, Callable[[], AbstractAsyncContextManager[Connect]]] = {"memory": memory}


class Inbox:
    """A receiver that keeps what it is handed until the test takes it."""

    def __init__(self) -> None:
        self._arrived: asyncio.Queue[Delivery] = asyncio.Queue()

    def __call__(self, delivery: Delivery) -> None:
        self._arrived.put_nowait(delivery)

    async def take(self, count: int) -> list[Delivery]:
        """The next ``count`` deliveries, as soon as they have arrived."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return [await self._arrived.get() for _ in range(count)]

    @property
    def waiting(self) -> int:
        """How many arrived and were not taken."""
        return self._arrived.qsize()


def bodies(deliveries: list[Delivery]) -> list[bytes]:
    """What the messages say."""
    return [delivery.body for delivery in deliveries]
