"""``wss://``: a certificate is checked as everywhere."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from orchestrator.client.client import Client
from orchestrator.client.gateway_address import gateway_address
from orchestrator.client.websocket import WebSocketTransport
from schema.errors import GatewayError
from tests.certificates import Certificates, Signed
from tests.gateway.conftest import TOKEN, Doorway


@asynccontextmanager
async def tls_front(doorway: Doorway, signed: Signed) -> AsyncIterator[int]:
    """What stands before a service that others reach; its port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(signed.certificate, signed.key)

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
        sink.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", doorway.port)
        pumps = pump(reader, inner_writer), pump(inner_reader, writer)
        await asyncio.gather(*pumps, return_exceptions=True)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_certificate_is_checked(doorway: Doorway, tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)

    async def ask(signed: Signed, query: str = "") -> None:
        async with tls_front(doorway, signed) as port:
            url = f"wss://localhost:{port}{query}"
            address = gateway_address(url, {}, token=TOKEN.reveal())
            async with Client(WebSocketTransport(address, "alice")) as client:
                await client.service()

    ours = f"?cafile={certificates.authority}"
    await ask(certificates.server, ours)
    with pytest.raises(GatewayError, match="certificate is not trusted"):
        await ask(certificates.server)
    with pytest.raises(GatewayError, match="certificate is not trusted: certificate has expired"):
        await ask(certificates.expired, ours)
    with pytest.raises(GatewayError, match="holds no certificates"):
        await ask(certificates.server, "?cafile=none.pem")
