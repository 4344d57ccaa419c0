"""How the requests of a client reach an orchestrator, and its answers the client: over a broker.

A ``Transport`` carries bytes one way and the other and promises nothing else; that a lost request
or answer does no harm is the matter of `orchestrator.client.client`, whatever carries them.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable

from schema.broker import Broker, Delivery, Subscription
from schema.identity import client_queue, clients_inbox

Receive = Callable[[bytes], None]


class Transport(ABC):
    """Carries the requests of one instance of a client to one orchestrator."""

    client: str
    """Who asks, as the orchestrator can trust it."""

    orchestrator: str
    """Who is asked."""

    @property
    @abstractmethod
    def connected(self) -> bool:
        """True while messages can pass; a transport connects again by itself."""

    @abstractmethod
    async def open(self, instance: str, receive: Receive) -> None:
        """From now on ``receive`` is called with each answer to ``instance``, in the event loop.

        Raises:
            WrongInput: it cannot be.
        """

    @abstractmethod
    async def send(self, body: bytes) -> bool:
        """True when the request is on its way; False when nobody took it. Never raises for that.

        Raises:
            GatewayError: the service refuses this client, and will go on doing so.
        """

    @abstractmethod
    async def close(self) -> None:
        """No further answer comes. The connection beneath is left to whoever made it."""

    @abstractmethod
    def silence(self, seconds: float, taken: bool) -> str:
        """Why there may have been no answer for so long, to a request that somebody took or not."""


class BrokerTransport(Transport):
    """Over a broker: requests into the clients' inbox, answers from a queue of the instance's own.

    The broker has to be connected as ``client_party(client)``.
    """

    def __init__(self, broker: Broker, client: str, orchestrator: str) -> None:
        self.client = client
        self.orchestrator = orchestrator
        self._broker = broker
        self._inbox = clients_inbox(orchestrator)
        self._receive: Receive
        self._subscription: Subscription | None = None
        self._acknowledging: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> bool:
        return self._broker.connected

    async def open(self, instance: str, receive: Receive) -> None:
        self._receive = receive
        queue = client_queue(self.client, instance, self.orchestrator)
        await self._broker.declare(queue)
        self._subscription = await self._broker.consume(queue, self._take)

    async def send(self, body: bytes) -> bool:
        return await self._broker.publish(self._inbox, body)

    async def close(self) -> None:
        if self._subscription is not None:
            await self._subscription.cancel()
        await asyncio.gather(*self._acknowledging)

    def silence(self, seconds: float, taken: bool) -> str:
        if not self.connected:
            return f"not connected to the broker for the last {seconds:g} s; is it running?"
        name = self.orchestrator
        if not taken:
            return (
                f"no orchestrator {name!r} has ever been on this broker, or its inbox is full: "
                f"is `trialmq serve` running on this broker, and is its name {name!r}?"
            )
        return (
            f"no orchestrator answered within {seconds:g} s: is `trialmq serve` running on this "
            f"broker, and is its name {name!r}?"
        )

    def _take(self, delivery: Delivery) -> None:
        self._receive(delivery.body)
        task = asyncio.create_task(delivery.acknowledge())
        self._acknowledging.add(task)
        task.add_done_callback(self._acknowledging.discard)
