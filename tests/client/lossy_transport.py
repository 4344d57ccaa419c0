"""A transport that loses what a test tells it to lose, on the way out or back."""

import asyncio

from orchestrator.client.transport import Receive, Transport


class LossyTransport(Transport):
    """Passes everything on to another transport, but for the next so many of each direction, and
    nothing while it is not ``up``."""

    def __init__(self, inner: Transport) -> None:
        self.client = inner.client
        self.orchestrator = inner.orchestrator
        self.lose_requests = 0
        self.lose_answers = 0
        self.requests = 0
        self.answers = 0
        self.up = True
        self.answered = asyncio.Event()
        self.lost = asyncio.Event()
        self._inner = inner
        self._receive: Receive

    @property
    def connected(self) -> bool:
        return self.up and self._inner.connected

    async def open(self, instance: str, receive: Receive) -> None:
        self._receive = receive
        await self._inner.open(instance, self._take)

    async def send(self, body: bytes) -> bool:
        self.requests += 1
        if not self.up:
            return False
        if self.lose_requests:
            self.lose_requests -= 1
            return True
        return await self._inner.send(body)

    async def close(self) -> None:
        await self._inner.close()

    def silence(self, seconds: float, taken: bool) -> str:
        return self._inner.silence(seconds, taken)

    def _take(self, body: bytes) -> None:
        self.answers += 1
        self.answered.set()
        if not self.up:
            return
        if self.lose_answers:
            self.lose_answers -= 1
            self.lost.set()
        else:
            self._receive(body)
