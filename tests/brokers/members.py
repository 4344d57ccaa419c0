"""The brokers that the suite runs on, and the far end of a queue.

A member gives a way to connect: each call makes one more party of the same queues, which the suite
enters and leaves. A new broker joins the suite by one more entry in ``MEMBERS``.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import pytest

from schema.broker import Broker, Delivery
from schema.brokers.address import BrokerAddress
from schema.brokers.memory import MemoryHub
from schema.brokers.rabbitmq import RabbitMQBroker
from schema.secrets import Secret
from tests.rabbitmq_node import RabbitMQNode


class Connect(Protocol):
    """One more party, under its name, not entered yet."""

    def __call__(self, party: str = "o.test") -> Broker: ...


PATIENCE_SECONDS = 10.0


def memory(_: pytest.FixtureRequest) -> Connect:
    """Parties in one process."""
    return MemoryHub().connect


def rabbitmq(request: pytest.FixtureRequest) -> Connect:
    """Parties of the RabbitMQ of the tests."""
    node: RabbitMQNode = request.getfixturevalue("rabbitmq")

    def connect(party: str = "o.test") -> Broker:
        return RabbitMQBroker(address_of(node), party)

    return connect


MEMBERS: dict[str, Callable[[pytest.FixtureRequest], Connect]] = {
    "memory": memory,
    "rabbitmq": rabbitmq,
}


def address_of(
    node: RabbitMQNode, user: str = "guest", *, password: str = "", port: int = 0, vhost: str = "/"
) -> BrokerAddress:
    """The node as ``user`` reaches it; at ``port`` where something lies in between."""
    return BrokerAddress(
        host="127.0.0.1",
        port=port or node.port,
        user=user,
        password=Secret(password or user),
        vhost=vhost,
    )


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
