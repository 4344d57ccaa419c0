"""The page as an ASGI application, on any client: in the orchestrator's process or in its own.

NiceGUI holds its pages in the process, so there is one page a process. Whoever serves the
application needs no lifespan for it: it has begun when `page` hands it out, and ends with it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.middleware.gzip import GZipMiddleware
from nicegui import ui
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestrator.client.client import Client
from webui.frame import Frame
from webui.live.service import LiveService
from webui.routes import add_routes

RECONNECT_SECONDS = 30.0
"""A tab that lost its connection is remembered for so long."""


@asynccontextmanager
async def page(client: Client) -> AsyncIterator[ASGIApp]:
    """The page of the service that ``client`` asks, ready to be served or mounted at ``/``."""
    async with LiveService(client) as live, page_of(live) as app:
        yield app


@asynccontextmanager
async def page_of(live: LiveService) -> AsyncIterator[ASGIApp]:
    """The page of a service that is followed already."""
    app = create_app(live)
    async with app.router.lifespan_context(app):
        yield _begun(app)


def create_app(live: LiveService) -> FastAPI:
    """The application; its lifespan has to run."""
    app = FastAPI(title="TrialMQ", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=4)
    add_routes(app, live)
    ui.run_with(
        app,
        root=Frame.root(live),
        title="TrialMQ",
        dark=None,
        language="en-US",
        binding_refresh_interval=None,
        reconnect_timeout=RECONNECT_SECONDS,
        gzip_middleware_factory=None,
        show_welcome_message=False,
    )
    return app


def _begun(app: ASGIApp) -> ASGIApp:
    """The application for a server that would begin and end it, too: told that this is done."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    return answer
