"""A service over http, on a socket that is open: the gateway for clients, and the page for people.

Loaded when somebody connects, and the page once somebody asks for it.
"""

import asyncio
import importlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from orchestrator.client.client import Client
from orchestrator.client.in_process import InProcessTransport
from orchestrator.gateway.app import Gateway
from orchestrator.gateway.server import serve_app
from orchestrator.service.service import Service
from schema.secrets import Secret

PAGE_CLIENT = "page"
"""Who has changed something, where it was changed on the page."""

NO_PAGE = "The page needs a library that is not installed: pip install 'trialmq[page]'\n"


@asynccontextmanager
async def served(
    listener: socket.socket, service: Service, token: Secret | None
) -> AsyncIterator[None]:
    """While it is open, clients and browsers are served; closes the listener at its end."""
    gateway = Gateway(service.clients.answer, token, page=lambda: page_of(service))
    async with serve_app(gateway.app, listener), gateway:
        yield


@asynccontextmanager
async def page_of(service: Service) -> AsyncIterator[ASGIApp]:
    """The page of a service in this process."""
    try:
        await asyncio.to_thread(importlib.import_module, "webui.server")
    except ModuleNotFoundError as error:
        if error.name not in ("nicegui", "fastapi"):
            raise
        yield PlainTextResponse(NO_PAGE, 404)
        return
    from webui.server import page

    transport = InProcessTransport(service.clients.answer, PAGE_CLIENT)
    async with Client(transport) as client, page(client) as app:
        yield app
