"""What one party sends: a connection of its own, because a broker under an alarm stops reading it.

Publishes are pipelined: as many wait for their confirm at once as there are callers.
"""

import asyncio
import itertools
import logging

from schema.brokers.address import BrokerAddress
from schema.brokers.amqp.connection import AmqpChannel, AmqpConnection
from schema.brokers.amqp.link import Link
from schema.brokers.amqp.timing import Timing
from schema.errors import BrokerError
from schema.identity import Queue

logger = logging.getLogger(__name__)


class PublishingLink(Link):
    """Publishes for one party."""

    def __init__(self, address: BrokerAddress, party: str, timing: Timing) -> None:
        super().__init__(address, f"trialmq {party} publishing", timing)
        self._party = party
        self._connection: AmqpConnection | None = None
        self._channel: AmqpChannel | None = None
        self._numbers = itertools.count()
        self._confirmed_at = 0.0

    async def serve(self, connection: AmqpConnection) -> None:
        """Keep a channel open: a refused publish (no exchange, no permission) closes it."""
        self._connection = connection
        try:
            while not connection.lost.is_set():
                closed = asyncio.Event()
                self._channel = await connection.channel()
                self._channel.when_closed(closed.set)
                self.opened()
                await closed.wait()
                self._channel = None
                self.usable.clear()
        finally:
            self._connection = self._channel = None

    async def publish(self, queue: Queue, body: bytes) -> bool:
        """As `schema.broker.Broker.publish`."""
        connection, channel = self._connection, self._channel
        if connection is None or channel is None or connection.blocked():
            return False
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            taken = await channel.publish(queue, self._party, body, next(self._numbers))
        except ConnectionError:
            return False
        except BrokerError as error:
            self.tell(str(error))
            return False
        if taken is None:
            self._drop_if_dead(connection, began)
            return False
        self._confirmed_at = clock()
        return taken

    def _drop_if_dead(self, connection: AmqpConnection, since: float) -> None:
        """The watchdog: nothing was confirmed for a whole deadline, and no alarm tells why."""
        if self._confirmed_at < since and not connection.blocked():
            logger.warning("the broker confirms nothing; connecting again")
            connection.drop()
