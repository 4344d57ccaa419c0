"""One client on a websocket: each binary frame is a `Request`, and is answered by one `Answer`.

What one client can make a service keep for it is bounded: so many requests that are not answered,
and so many bytes of answers that it has not taken, and it is not listened to until it takes some.
Whoever takes nothing at all is dropped, with the reason.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from orchestrator.gateway.pace import Pace
from schema.codec import MESSAGE_BYTES
from schema.errors import StoreError
from schema.identity import client_party

Answering = Callable[[bytes, str], Awaitable[bytes | None]]
"""The bytes of an answer for those of a request and the party that asks; ``None``: it was none."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What one client may keep busy."""

    open_requests: int = 64
    waiting_bytes: int = 16 * 1024 * 1024
    requests_a_second: float = 200.0
    requests_at_once: int = 400
    slow_seconds: float = 20.0


class Goodbye(msgspec.Struct, frozen=True):
    """Why a connection is closed, as websockets say it."""

    code: int
    reason: str


NOT_BINARY = Goodbye(1003, "a frame is binary: the msgpack of a request")
NO_REQUEST = Goodbye(1007, "a frame was no request of this client")
TOO_LARGE = Goodbye(1009, f"a request has at most {MESSAGE_BYTES} bytes")
BROKEN = Goodbye(1011, "the service cannot store anything any more")


class Connection:
    """Serves the client called ``client``, which was let in."""

    def __init__(
        self, websocket: WebSocket, client: str, answer: Answering, bounds: Bounds
    ) -> None:
        self._websocket = websocket
        self._party = client_party(client)
        self._answer = answer
        self._bounds = bounds
        self._open: dict[bytes, asyncio.Task[None]] = {}
        self._outgoing: asyncio.Queue[bytes | Goodbye] = asyncio.Queue()
        self._waiting_bytes = 0
        self._room = asyncio.Event()

    async def serve(self) -> Goodbye | None:
        """Returns when the client has left, or why it has to."""
        reading = asyncio.create_task(self._read())
        writing = asyncio.create_task(self._write())
        both = {reading, writing}
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        except WebSocketDisconnect:
            return None
        finally:
            tasks = [*both, *self._open.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> Goodbye | None:
        pace = Pace(self._bounds.requests_a_second, self._bounds.requests_at_once)
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return None
            body = message.get("bytes")
            if body is None:
                return NOT_BINARY
            if len(body) > MESSAGE_BYTES:
                return TOO_LARGE
            if body not in self._open:  # else it was asked again, and its answer is on its way
                self._open[body] = asyncio.create_task(self._take(body))
            await pace.keep()
            await self._have_room()

    async def _take(self, body: bytes) -> None:
        try:
            answer = await self._answer(body, self._party)
        except StoreError:
            self._outgoing.put_nowait(BROKEN)
            return
        if answer is None:
            self._outgoing.put_nowait(NO_REQUEST)
            return
        del self._open[body]
        self._waiting_bytes += len(answer)
        self._outgoing.put_nowait(answer)

    async def _write(self) -> Goodbye | None:
        while True:
            answer = await self._outgoing.get()
            if isinstance(answer, Goodbye):
                return answer
            try:
                async with asyncio.timeout(self._bounds.slow_seconds):
                    await self._websocket.send_bytes(answer)
            except TimeoutError:
                return self._too_slow()
            self._waiting_bytes -= len(answer)
            self._room.set()

    async def _have_room(self) -> None:
        """Returns when there are so few requests and answers that another may come."""
        while (
            len(self._open) + self._outgoing.qsize() >= self._bounds.open_requests
            or self._waiting_bytes >= self._bounds.waiting_bytes
        ):
            self._room.clear()
            await self._room.wait()

    def _too_slow(self) -> Goodbye:
        count = 1 + self._outgoing.qsize()
        seconds = self._bounds.slow_seconds
        return Goodbye(1008, f"{count} answers were not taken for {seconds:g} s")
