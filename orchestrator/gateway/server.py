"""uvicorn in an event loop that is ours: it serves any ASGI application on sockets that are open.

The signals stay with whoever owns the process, and an error is an exception, not an exit.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

logger = logging.getLogger(__name__)

WEBSOCKET_BYTES = 1024 * 1024
"""The largest frame of anybody: the page's library sends up to a million bytes."""

MOST_CONNECTIONS = 512
GOODBYE_SECONDS = 3
PING_SECONDS = 30.0


class _Server(uvicorn.Server):
    """Leaves the signals alone, and says when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.serving.set()


@asynccontextmanager
async def serve_app(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """While it is open, ``app`` is served on ``listener``, which it closes at its end."""
    config = uvicorn.Config(
        _telling(app),
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        ws_max_size=WEBSOCKET_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=GOODBYE_SECONDS,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    serving = asyncio.create_task(server.serving.wait())
    try:
        await asyncio.wait({running, serving}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        yield
    finally:
        serving.cancel()
        server.should_exit = True
        await asyncio.gather(running, serving, return_exceptions=True)


def _telling(app: ASGIApp) -> ASGIApp:
    """``app``, whose errors are logged by us; the log of uvicorn also holds what are none."""

    async def telling(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except Exception:
            logger.exception("serving %s failed", scope.get("path", "the application"))
            raise

    return telling
