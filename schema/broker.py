"""The channel between processes: named queues whose messages stay until they are acknowledged.

A broker is a fast hint, never the truth: what must not be lost lies in the orchestrator's database
or in a runner's spool, and is sent again until its receiver says that it is stored. So a member may
lose, repeat or reorder messages, and everything above still holds. One conformance suite
(``tests/brokers``) runs on every member.

Each party connects under its name (``schema.identity``: ``r.gpu1``, ``c.alice``, ``o.main``).
Queues come from ``schema.identity`` too, so that each is declared alike by everyone.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Self

from schema.identity import Queue


class Delivery(ABC):
    """One message as it was handed to a consumer.

    ``sender`` is the party that put it into an inbox, as far as the broker can vouch for it; empty
    for other queues.
    """

    body: bytes
    redelivered: bool
    sender: str

    @abstractmethod
    async def acknowledge(self) -> None:
        """The message is dealt with and will not come again.

        Never raises: when the channel is gone the message simply comes again.
        """


Receiver = Callable[[Delivery], None]
"""Called once for each delivery on the event loop; it must not block and cannot be cancelled."""


class Subscription(ABC):
    """A consumer on a queue."""

    @abstractmethod
    async def cancel(self) -> None:
        """No further delivery comes; what was not acknowledged goes back to its queue, in order.

        Calling it twice does nothing.
        """


class Broker(ABC):
    """One party's connection: connects on entering; closes, within bounded time, on leaving."""

    @property
    @abstractmethod
    def connected(self) -> bool:
        """True while messages can pass; a member reconnects by itself."""

    @abstractmethod
    async def declare(self, queue: Queue) -> None:
        """The queue exists on return; declaring it again changes nothing.

        Waits for the connection where there is none at the moment.

        Raises:
            BrokerError: this was closed, or it is refused.
        """

    @abstractmethod
    async def publish(self, queue: Queue, body: bytes) -> bool:
        """Send ``body`` to ``queue``.

        True: the broker has it. False: unknown or refused (no such queue, full, not connected);
        the caller keeps what it must not lose and sends it again later. Never raises for the state
        of the channel. Publishes that are begun one after another, awaited or not, arrive in that
        order. An inbox takes its capacity, refuses soon after, and takes again soon after there is
        room; what it refused it does not deliver.
        """

    @abstractmethod
    async def consume(
        self, queue: Queue, receiver: Receiver, *, prefetch: int = 256
    ) -> Subscription:
        """Hand the messages of ``queue`` to ``receiver``, first in first out.

        At most ``prefetch`` of them are unacknowledged at a time. Several consumers of one queue
        share its messages. After a lost connection the consumer is there again.

        Raises:
            UnknownName: when the queue was not declared.
            BrokerError: this was closed, or it is refused.
        """

    @abstractmethod
    async def close(self) -> None:
        """The channel is closed on return; unacknowledged messages are queued again. Idempotent."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
