"""One AMQP connection and its channels: the only file that knows aio_pika and aiormq.

aio_pika makes the connection and the channels; messages go through the aiormq channel beneath, as
aio_pika's own objects around each message cost a third of the throughput. Its robust connection is
not used: the watchdog and the recovery are one path here (`link.Link`).

What the library raises leaves this file in few words:

* `ConnectionError`: the channel is gone, or as `Unanswered` there was no word in time; another one
  may do it
* `UnknownName`: there is no such queue
* `BrokerError`: refused, until a person changes something
"""

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import aio_pika
import pamqp.frame
from aio_pika.abc import ConnectionParameter
from aiormq import exceptions, spec
from aiormq.abc import DeliveredMessage
from aiormq.channel import Channel
from aiormq.connection import TransportFactory
from yarl import URL

from schema.brokers.address import BrokerAddress
from schema.brokers.amqp import refusals, topology
from schema.brokers.amqp.message import AmqpMessage, message_id
from schema.brokers.amqp.stream import RememberingReader, open_stream
from schema.brokers.amqp.timing import Timing
from schema.errors import UnknownName
from schema.identity import EXCHANGE, Queue, QueueKind

logging.getLogger("aiormq").setLevel(logging.CRITICAL)
"""It logs a traceback for each connection that is lost, which `link.Link` tells in a sentence."""

Deliver = Callable[[AmqpMessage], None]

MOST_UNSENT_BYTES = 32 << 20
MOST_CHANNELS = 2047
"""What RabbitMQ allows on a connection unless told otherwise."""

DELETE_SECONDS = 10.0
"""RabbitMQ takes five to give up on a quorum queue that has no leader."""

PERSISTENT, TRANSIENT = 2, 1
_GONE = (exceptions.AMQPError, exceptions.ChannelInvalidStateError, OSError, RuntimeError)
_ENDS = (*_GONE, asyncio.CancelledError)


class Unanswered(ConnectionError):
    """There was no answer in time."""


class _OpenedStream(TransportFactory):
    """Hands aiormq a stream that is open already, and can end it without a goodbye."""

    def __init__(self, reader: RememberingReader, writer: asyncio.StreamWriter) -> None:
        self._streams = reader, writer

    async def create(
        self, url: URL, **kwargs: Any
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return self._streams

    def goodbye(self) -> spec.Connection.Close | None:
        """The broker's reason for closing the connection, if it came last; aiormq forgets it."""
        with suppress(Exception):
            frame = pamqp.frame.unmarshal(self._streams[0].last)[2]
            return frame if isinstance(frame, spec.Connection.Close) else None
        return None

    @property
    def unsent_bytes(self) -> int:
        return self._streams[1].transport.get_write_buffer_size()

    def abort(self) -> None:
        self._streams[1].transport.abort()


class _Connection(aio_pika.Connection):
    PARAMETERS = (
        *aio_pika.Connection.PARAMETERS,
        ConnectionParameter(name="transport_factory", parser=lambda given: given, is_kwarg=True),
    )


class AmqpConnection:
    """One connection of one user; made by `open`."""

    def __init__(
        self,
        connection: aio_pika.Connection,
        stream: _OpenedStream,
        address: BrokerAddress,
        timing: Timing,
    ) -> None:
        assert connection.transport is not None, "it is open"
        self._connection = connection
        self._wire = connection.transport.connection
        self._stream = stream
        self.address = address
        self.timing = timing
        self.lost = asyncio.Event()
        # aiormq gives the number of a channel that the broker closed to the next one before it has
        # answered the broker, which then ends the connection. So each has a number of its own.
        self._numbers: Iterator[int] = itertools.cycle(range(1, MOST_CHANNELS + 1))
        self._wire.closing.add_done_callback(lambda _: self.lost.set())

    @classmethod
    async def open(cls, address: BrokerAddress, name: str, timing: Timing) -> "AmqpConnection":
        """Connect as ``name`` (shown in the broker's list of connections).

        Raises:
            BrokerError: it did not come about, with the sentence that says why.
        """
        stream = _OpenedStream(*await open_stream(address, timing.connect))
        connection = _Connection(
            _url(address, timing),
            client_properties={"connection_name": name},
            transport_factory=stream,
        )
        # The deadline ends the stream: cancelling would first wait for a silent peer's goodbye.
        loop = asyncio.get_running_loop()
        deadline = loop.call_later(timing.connect, stream.abort)
        try:
            await connection.connect()
        except exceptions.ProbableAuthenticationError as error:
            raise refusals.wrong_password(address) from error
        except Exception as error:  # aiormq lets a StopAsyncIteration out, too
            if goodbye := stream.goodbye():
                raise refusals.ended_greeting(
                    address, goodbye.reply_code or 0, goodbye.reply_text or ""
                ) from error
            late = deadline.when() <= loop.time()
            cause = TimeoutError() if late else error
            raise refusals.unreachable(address, cause, timing.connect) from error
        except BaseException:
            stream.abort()
            raise
        finally:
            deadline.cancel()
            if connection.transport is None:
                await connection.close()  # or it would try to when it is collected
        opened = cls(connection, stream, address, timing)
        if refusal := refusals.too_old(address, *opened.server):
            await opened.close()
            raise refusal
        return opened

    @property
    def server(self) -> tuple[str, str]:
        """The broker's product and version, as it says itself."""
        properties = self._wire.server_properties or {}
        return str(properties.get("product")), str(properties.get("version"))

    def blocked(self) -> bool:
        """Whether the broker does not read what is published here: as a rule an alarm is on."""
        if self._stream.unsent_bytes > MOST_UNSENT_BYTES:
            return True
        ready = self._wire.ready()
        try:
            ready.send(None)  # ends at once, or begins to wait for the end of the alarm
        except StopIteration:
            return False
        ready.close()
        return True

    async def channel(self) -> "AmqpChannel":
        """One more channel.

        Raises:
            ConnectionError: the connection is lost, or does not answer.
        """
        with _loss_told(f"broker {self.address}: no channel could be opened"):
            async with asyncio.timeout(self.timing.answer):
                channel = self._connection.channel(
                    self._free_number(), publisher_confirms=True, on_return_raises=True
                )
                await channel.initialize()
                wire = await channel.get_underlay_channel()
                assert isinstance(wire, Channel), "aiormq has no other"
                return AmqpChannel(self, channel, wire)

    def _free_number(self) -> int:
        for number in itertools.islice(self._numbers, MOST_CHANNELS):
            if number not in self._wire.channels:
                return number
        raise ConnectionError("all channels are in use")

    async def close(self) -> None:
        """Closed on return, within bounded time also when the broker reads nothing."""
        goodbye = asyncio.ensure_future(self._goodbye())
        try:
            await asyncio.wait({goodbye}, timeout=self.timing.close)
        finally:
            self._stream.abort()  # what still waits for an answer ends now
            await asyncio.wait({goodbye}, timeout=1)

    async def _goodbye(self) -> None:
        with suppress(*_GONE, asyncio.CancelledError):
            await self._connection.close()
        await self._connection.close()  # if that failed; or it would try when it is collected

    def drop(self) -> None:
        """End it at once, without a goodbye: it is open but dead."""
        self._stream.abort()


class AmqpChannel:
    """One channel: the unit that a broker closes upon an error, and of a consumer's prefetch."""

    def __init__(
        self,
        connection: AmqpConnection,
        channel: aio_pika.abc.AbstractChannel,
        wire: Channel,
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._wire = wire

    def when_closed(self, call: Callable[[], None]) -> None:
        """Call ``call`` once the channel is closed, by whomever."""
        self._wire.closing.add_done_callback(lambda _: call())

    async def declare(self, queue: Queue) -> None:
        """The queue exists, and what leads to it.

        Raises:
            ConnectionError, BrokerError: see above.
        """
        seconds = self._connection.timing.answer
        with self._translated("configure", queue):
            async with asyncio.timeout(seconds):
                await self._channel.declare_queue(
                    queue.name,
                    durable=queue.kind is not QueueKind.PRIVATE,
                    exclusive=queue.kind is QueueKind.PRIVATE,
                    arguments=dict(topology.arguments(queue)),
                )
                if queue.kind is QueueKind.INBOX:
                    await self._channel.declare_exchange(EXCHANGE, "topic", durable=True)
        if queue.kind is QueueKind.INBOX:
            with self._translated("write and read", queue):
                async with asyncio.timeout(seconds):
                    await self._wire.queue_bind(queue.name, EXCHANGE, topology.binding(queue))

    async def delete(self, queue: Queue) -> None:
        """The queue is gone, with what waits in it.

        Raises:
            ConnectionError, BrokerError: see above.
        """
        with self._translated("configure", queue):
            async with asyncio.timeout(max(DELETE_SECONDS, self._connection.timing.answer)):
                await self._channel.queue_delete(queue.name)

    async def waiting(self, queue: Queue) -> int:
        """How many messages wait in the queue; nobody needs a permission to ask.

        Raises:
            UnknownName, ConnectionError: see above.
        """
        with self._translated("read", queue):
            async with asyncio.timeout(self._connection.timing.answer):
                found = await self._channel.declare_queue(queue.name, passive=True)
                return found.declaration_result.message_count or 0

    async def publish(self, queue: Queue, party: str, body: bytes, number: int) -> bool | None:
        """True: confirmed. False: refused, as full or unroutable. None: no word in time.

        ``number`` differs for every attempt on one channel; returns are matched by it.

        Raises:
            ConnectionError, BrokerError: see above.
        """
        exchange, key = topology.route(queue, party)
        properties = spec.Basic.Properties(
            delivery_mode=PERSISTENT if queue.kind is QueueKind.INBOX else TRANSIENT,
            message_id=message_id(number, body),
        )
        with _loss_told("the channel was lost before the confirm"):
            try:
                await self._wire.basic_publish(
                    body,
                    exchange=exchange,
                    routing_key=key,
                    mandatory=True,
                    properties=properties,
                    timeout=self._connection.timing.answer,
                    wait=False,  # for the socket; it would hold up all that publish after this
                )
            except exceptions.DeliveryError:
                return False
            except TimeoutError:
                return None
            except exceptions.ChannelAccessRefused as error:
                address = self._connection.address
                raise refusals.forbidden(address, "write", queue, key, str(error)) from error
        return True

    async def consume(
        self, queue: Queue, deliver: Deliver, ended: Callable[[], None], prefetch: int
    ) -> None:
        """Call ``deliver`` for each message; ``ended`` once when the broker ends it by itself.

        Raises:
            UnknownName, ConnectionError, BrokerError: see above.
        """

        async def hand(message: DeliveredMessage) -> None:
            deliver(_taken_off(message))

        self._wire.on_consumer_cancel_callbacks.add(lambda _: ended())
        with self._translated("read", queue):
            async with asyncio.timeout(self._connection.timing.answer):
                # asks nothing but whether it exists, for which no permission is needed
                await self._channel.declare_queue(queue.name, passive=True)
                await self._wire.basic_qos(prefetch_count=prefetch)
                await self._wire.basic_consume(queue.name, hand)

    async def acknowledge(self, tag: int, *, multiple: bool) -> None:
        """One message is done, or with ``multiple`` all up to it.

        Raises:
            ConnectionError: the channel is gone.
        """
        with _loss_told("the channel was lost before the acknowledgement"):
            await self._wire.basic_ack(tag, multiple=multiple, wait=False)

    async def close(self) -> None:
        """Closed on return; what it holds unacknowledged goes back. Never raises."""
        try:
            with _loss_told("the channel was lost before it was closed"):
                async with asyncio.timeout(self._connection.timing.close):
                    await self._channel.close()
        except ConnectionError:
            if not self._wire.is_closed:
                self._connection.drop()  # a broker that does not even answer this is dead

    @contextmanager
    def _translated(self, permission: str, queue: Queue) -> Iterator[None]:
        address = self._connection.address
        with _loss_told(f"broker {address}: no answer about the queue {queue.name!r}"):
            try:
                yield
            except exceptions.ChannelNotFoundEntity as error:
                raise UnknownName("queue", queue.name) from error
            except exceptions.ChannelAccessRefused as error:
                raise refusals.forbidden(address, permission, queue, "", str(error)) from error
            except exceptions.ChannelPreconditionFailed as error:
                raise refusals.declared_otherwise(address, queue, str(error)) from error


@contextmanager
def _loss_told(sentence: str) -> Iterator[None]:
    """A channel that is gone leaves as `ConnectionError`, our own cancellation as itself.

    aiormq ends what waits on a lost channel with a `CancelledError` that nobody asked for, or with
    an `Exception` that is nothing more; a task that let it pass would end in silence.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        yield
    except (Exception, asyncio.CancelledError) as error:
        ours = isinstance(error, asyncio.CancelledError) and task and task.cancelling() > before
        if ours or not (isinstance(error, _ENDS) or type(error) is Exception):
            raise
        kind = Unanswered if isinstance(error, TimeoutError) else ConnectionError
        raise kind(sentence) from error


def _taken_off(message: DeliveredMessage) -> AmqpMessage:
    return AmqpMessage(
        tag=message.delivery_tag or 0,
        body=message.body,
        redelivered=bool(message.redelivered),
        exchange=message.exchange or "",
        key=message.routing_key or "",
        id=message.header.properties.message_id or "",
    )


def _url(address: BrokerAddress, timing: Timing) -> URL:
    return URL.build(
        scheme="amqp",  # TLS is spoken by the stream
        host=address.host,
        port=address.port,
        user=address.user,
        password=address.password.reveal(),
        path="/" if address.vhost == "/" else f"/{address.vhost}",
        query={"heartbeat": str(timing.heartbeat)},
    )
