"""The channel between processes: named queues whose messages stay until they are acknowledged.

A broker is a fast hint, never the truth: what must not be lost lies in the orchestrator's database
or in a runner's spool, and is sent again until its receiver says that it is stored. So a member may
lose, repeat or reorder messages, and everything above still holds. One conformance suite
(``tests/brokers``) runs on every member.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Delivery(ABC):
    """One message as it was handed to a consumer."""

    body: bytes
    redelivered: bool

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
    """Connects on entering and closes, within bounded time, on leaving."""

    @abstractmethod
    async def declare(self, queue: str, *, capacity: int = 200_000) -> None:
        """The queue exists on return; declaring it again changes nothing.

        ``capacity`` is the number of waiting messages above which a publish is refused.
        """

    @abstractmethod
    async def publish(self, queue: str, body: bytes) -> bool:
        """Send ``body`` to ``queue``.

        True: the broker has it. False: unknown or refused (no such queue, full, not connected);
        the caller keeps what it must not lose and sends it again later. Never raises for the state
        of the channel.
        """

    @abstractmethod
    async def consume(self, queue: str, receiver: Receiver, *, prefetch: int = 256) -> Subscription:
        """Hand the messages of ``queue`` to ``receiver``, first in first out.

        At most ``prefetch`` of them are unacknowledged at a time. Several consumers of one queue
        share its messages.

        Raises:
            UnknownName: when the queue was not declared.
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
