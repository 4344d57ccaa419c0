"""A service whose gateway listens, can be restarted, and is asked over a real socket."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from orchestrator.client.gateway_address import GatewayAddress
from orchestrator.gateway.app import Gateway
from orchestrator.gateway.connection import Answering, Bounds
from orchestrator.gateway.listening import Listen, bind
from orchestrator.gateway.server import serve_app
from orchestrator.service.service import Service
from schema.secrets import Secret
from tests.client.conftest import hub, runner, service

__all__ = ["hub", "runner", "service"]

TOKEN = Secret("the-token-of-the-tests")


class Doorway:
    """A gateway at one port, open or closed."""

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.token: Secret | None = TOKEN
        self.bounds = Bounds()
        self.port = 0
        self._open = AsyncExitStack()

    @property
    def address(self) -> GatewayAddress:
        """With the right token."""
        return GatewayAddress(url=self.url, token=self.token)

    @property
    def url(self) -> str:
        """Without it."""
        return f"ws://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Serve, at the same port as before."""
        listener = bind(Listen(port=self.port))
        self.port = listener.getsockname()[1]
        gateway = Gateway(lambda *asked: self.answer(*asked), self.token, bounds=self.bounds)
        await self._open.enter_async_context(serve_app(gateway.app, listener))
        await self._open.enter_async_context(gateway)

    async def close(self) -> None:
        """Nobody is served."""
        await self._open.aclose()


@pytest.fixture
async def doorway(service: Service) -> AsyncIterator[Doorway]:
    """Open, to the service."""
    doorway = Doorway(service.clients.answer)
    await doorway.open()
    yield doorway
    await doorway.close()
