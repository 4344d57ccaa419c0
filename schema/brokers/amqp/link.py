"""A connection that comes back: connect, serve until it is lost, pause, connect again.

Whatever ends a connection (a reset, a restarted broker, a watchdog that found it dead) takes this
one way, so recovery is what starting is.
"""

import asyncio
import logging
import random
from abc import ABC, abstractmethod

from schema.brokers.address import BrokerAddress
from schema.brokers.amqp.connection import AmqpConnection
from schema.brokers.amqp.timing import Timing

logger = logging.getLogger(__name__)


class Link(ABC):
    """Keeps one connection; a subclass says what it is for."""

    def __init__(self, address: BrokerAddress, name: str, timing: Timing) -> None:
        self.address = address
        self._name = name
        self._said = ""
        self.timing = timing
        self.usable = asyncio.Event()
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @abstractmethod
    async def serve(self, connection: AmqpConnection) -> None:
        """Use the connection until it is lost; calls `opened` once it is fit for use.

        Raises:
            ConnectionError, BrokerError: it is not, or no longer.
        """

    async def keep(self, *, patient: bool) -> None:
        """Until cancelled.

        Unless ``patient``, the first connection is tried once; ``first`` tells how that went.
        """
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            began = loop.time()
            try:
                await self._connect_and_serve()
                self.tell(f"broker {self.address}: the connection was lost; connecting again")
            except Exception as error:  # whatever it is: a link that ended would be silent for ever
                if not (patient or self.first.done()):
                    self.first.set_exception(error)
                    return
                self.tell(f"{error or repr(error)}; trying again")
            failures = 0 if loop.time() - began > self.timing.stable else failures + 1
            await asyncio.sleep(self._pause(failures))

    async def _connect_and_serve(self) -> None:
        connection = await AmqpConnection.open(self.address, self._name, self.timing)
        self._said = ""
        try:
            await self.serve(connection)
        finally:
            self.usable.clear()
            await connection.close()

    def opened(self) -> None:
        """The connection is fit for use."""
        self.usable.set()
        if not self.first.done():
            self.first.set_result(None)

    def tell(self, sentence: str) -> None:
        """Log what is wrong, once until it changes."""
        if sentence != self._said:
            logger.warning("%s", sentence)
            self._said = sentence

    def _pause(self, failures: int) -> float:
        """Seconds before the next attempt: at first none, then growing, and apart from others'."""
        shortest, longest = self.timing.shortest_pause, self.timing.longest_pause
        return random.uniform(shortest, min(longest, shortest * 2**failures)) if failures else 0.0
