"""A client that is nothing but its messages: it asks, under an id of the test's choice."""

import asyncio
import itertools
from typing import Any

import msgspec

from schema.broker import Broker, Delivery
from schema.codec import answers_codec, requests_codec
from schema.identity import client_queue, clients_inbox
from schema.requests import RESULTS, Answer, Command, Refusal, Request

PATIENCE_SECONDS = 10.0


class Asking:
    """One instance of the client ``alice``."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._ids = itertools.count(1)
        self._answers: asyncio.Queue[Delivery] = asyncio.Queue()

    async def listen(self) -> None:
        """From now on answers arrive."""
        await self._broker.declare(clients_inbox())
        await self._broker.declare(client_queue("alice", "one"))
        await self._broker.consume(client_queue("alice", "one"), self._answers.put_nowait)

    async def ask(self, command: Command, *, request: str | None = None) -> Any:
        """The result of ``command``.

        Raises:
            Refused: it was not carried out.
        """
        answer = await self.answer(command, request=request)
        if answer.refusal is not None:
            raise Refused(answer.refusal)
        return msgspec.msgpack.decode(answer.result, type=RESULTS[type(command)])

    async def answer(self, command: Command, *, request: str | None = None) -> Answer:
        """What comes back."""
        wanted = request or f"request-{next(self._ids)}"
        asked = Request(id=wanted, client="alice", instance="one", command=command)
        return await self.send(requests_codec().encode(asked))

    async def send(self, body: bytes) -> Answer:
        """Send any bytes, and wait for the next answer."""
        assert await self._broker.publish(clients_inbox(), body)
        async with asyncio.timeout(PATIENCE_SECONDS):
            delivery = await self._answers.get()
        await delivery.acknowledge()
        return answers_codec().decode(delivery.body)


class Refused(Exception):
    """The orchestrator refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.sentence)
        self.kind = refusal.kind
