"""What is served over http: clients at ``/client``, the page everywhere else, behind one access.

/client?client=NAME    a websocket; frames as in `orchestrator.gateway.connection`
/…                     the page
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from orchestrator.gateway.access import Access
from orchestrator.gateway.connection import Answering, Bounds, Connection, Goodbye
from orchestrator.gateway.late_page import LatePage, MakePage
from schema.errors import WrongInput
from schema.identity import checked_name
from schema.secrets import Secret

logger = logging.getLogger(__name__)

MOST_CLIENTS = 64
FULL = Goodbye(1013, f"there are {MOST_CLIENTS} clients already; try again later")
ENDING = Goodbye(1012, "the service ends")
NO_PAGE = "This is a TrialMQ service; there is no page here.\n"


@asynccontextmanager
async def no_page() -> AsyncIterator[ASGIApp]:
    """The page of a service that has none."""
    yield PlainTextResponse(NO_PAGE, 404)


class Gateway:
    """Open to clients while it is entered; ``app`` is what a server serves.

    Args:
        answer: the service's, for requests that did not come over its broker
        token: that everybody needs; ``None`` for this machine alone
        page: makes the page when it is first asked for
    """

    def __init__(
        self,
        answer: Answering,
        token: Secret | None,
        *,
        page: MakePage = no_page,
        bounds: Bounds | None = None,
    ) -> None:
        self._answer = answer
        self._bounds = bounds or Bounds()
        self._clients: set[asyncio.Task[None]] = set()
        self._ending = False
        self._page = LatePage(page)
        routes = [WebSocketRoute("/client", self._serve), Mount("/", self._page)]
        self.app: ASGIApp = Access(Starlette(routes=routes), token)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Say goodbye to every client; whoever does not even hear that is left."""
        self._ending = True
        for client in self._clients:
            client.cancel()
        if self._clients:
            _, deaf = await asyncio.wait(self._clients, timeout=1)
            for client in deaf:
                client.cancel()
        await self._page.close()

    async def _serve(self, websocket: WebSocket) -> None:
        name = websocket.query_params.get("client", "")
        try:
            checked_name("client", name)
        except WrongInput as error:
            await websocket.send_denial_response(PlainTextResponse(f"{error}\n", 400))
            return
        await websocket.accept()
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            goodbye = await self._until_over(websocket, name)
            if goodbye is not None:
                if goodbye not in (FULL, ENDING):
                    logger.warning("client %s is dropped: %s", name, goodbye.reason)
                await websocket.close(goodbye.code, goodbye.reason)
        except WebSocketDisconnect:
            pass
        except asyncio.CancelledError:
            if not self._ending:
                raise
        finally:
            self._clients.discard(task)

    async def _until_over(self, websocket: WebSocket, name: str) -> Goodbye | None:
        if len(self._clients) > MOST_CLIENTS:
            return FULL
        connection = Connection(websocket, name, self._answer, self._bounds)
        try:
            return await connection.serve()
        except asyncio.CancelledError:
            if not self._ending:
                raise
            return ENDING
