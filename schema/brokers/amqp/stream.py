"""The bytes beneath a connection: TCP or TLS, opened by us so that what fails can be told apart."""

import asyncio
import ssl
from typing import Any

from schema.brokers.address import BrokerAddress
from schema.brokers.amqp import refusals


class GatheringWriter(asyncio.StreamWriter):
    """Sends once a turn of the event loop what is written frame by frame."""

    def __init__(
        self,
        transport: asyncio.Transport,
        protocol: asyncio.StreamReaderProtocol,
        reader: asyncio.StreamReader,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(transport, protocol, reader, loop)
        self._call_soon = loop.call_soon
        self._gathered: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._gathered:
            self._call_soon(self._send)
        self._gathered.append(bytes(data))

    def write_eof(self) -> None:
        self._send()
        super().write_eof()

    def close(self) -> None:
        self._send()
        super().close()

    def _send(self) -> None:
        if self._gathered:
            super().write(b"".join(self._gathered))
            self._gathered.clear()


class RememberingReader(asyncio.StreamReader):
    """Keeps what came last, in which a broker says why it ends the greeting."""

    last = b""

    def feed_data(self, data: Any) -> None:
        self.last = bytes(data)
        super().feed_data(data)


async def open_stream(
    address: BrokerAddress, seconds: float
) -> tuple[RememberingReader, asyncio.StreamWriter]:
    """Connect, with TLS where the address asks for it.

    Raises:
        BrokerError: it did not come about, or a certificate cannot be used.
    """
    context = _tls(address) if address.tls else None
    loop = asyncio.get_running_loop()
    reader = RememberingReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    try:
        async with asyncio.timeout(seconds):
            transport, _ = await loop.create_connection(
                lambda: protocol, address.host, address.port, ssl=context
            )
    except OSError as error:
        raise refusals.unreachable(address, error, seconds) from error
    return reader, GatheringWriter(transport, protocol, reader, loop)


def _tls(address: BrokerAddress) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=address.cafile or None)
        if address.certfile:
            context.load_cert_chain(address.certfile, address.keyfile)
    except OSError as error:
        raise refusals.unusable_certificate(address, error) from error
    return context
