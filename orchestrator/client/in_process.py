"""The requests of a client to a service in the same process, for the page and the like.

They are bytes here too: what is asked is answered by the same code, whoever asks from wherever.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from orchestrator.client.transport import Receive, Transport
from schema.errors import StoreError
from schema.identity import ORCHESTRATOR, checked_name, client_party

logger = logging.getLogger(__name__)


class InProcessTransport(Transport):
    """Straight to ``answer``, which is `orchestrator.service.clients.Clients.answer`."""

    def __init__(
        self,
        answer: Callable[[bytes, str], Awaitable[bytes | None]],
        client: str,
        orchestrator: str = ORCHESTRATOR,
    ) -> None:
        self.client = checked_name("client", client)
        self.orchestrator = orchestrator
        self._answer = answer
        self._receive: Receive
        self._open: dict[bytes, asyncio.Task[None]] = {}

    @property
    def connected(self) -> bool:
        return True

    async def open(self, instance: str, receive: Receive) -> None:
        self._receive = receive

    async def send(self, body: bytes) -> bool:
        if body not in self._open:  # else it was asked again, and its answer is on its way
            self._open[body] = asyncio.create_task(self._ask(body))
        return True

    async def close(self) -> None:
        tasks = list(self._open.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def silence(self, seconds: float, taken: bool) -> str:
        return f"the service in this process did not answer within {seconds:g} s"

    async def _ask(self, body: bytes) -> None:
        try:
            answer = await self._answer(body, client_party(self.client))
        except StoreError as error:
            logger.error("a request is not answered any more: %s", error)
            return
        finally:
            del self._open[body]
        if answer is not None:
            self._receive(answer)
