"""The page as an ASGI application that is made only when somebody first asks for it.

What it is made of takes a second to load, which a search that nobody looks at should not pay.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from starlette.types import ASGIApp, Receive, Scope, Send

MakePage = Callable[[], AbstractAsyncContextManager[ASGIApp]]


class LatePage:
    """An application that ``make`` makes at the first request, and that lives until `close`.

    One that could not be made is tried again at the next request.
    """

    def __init__(self, make: MakePage) -> None:
        self._make = make
        self._ending = asyncio.Event()
        self._made: asyncio.Future[ASGIApp] | None = None
        self._living: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._made is None or (self._made.done() and self._made.exception()):
            self._made = asyncio.get_running_loop().create_future()
            self._living = asyncio.create_task(self._live(self._made))
        app = await asyncio.shield(self._made)
        await app(scope, receive, send)

    async def close(self) -> None:
        """End its life, where it has begun."""
        self._ending.set()
        if self._living is not None:
            await self._living

    async def _live(self, made: asyncio.Future[ASGIApp]) -> None:
        try:
            async with self._make() as app:
                made.set_result(app)
                await self._ending.wait()
        except Exception as error:
            if made.done():
                raise
            made.set_exception(error)
