"""The client: everything that can be asked of a running orchestrator, as typed calls.

A call makes a request with an ``id`` and says it again, with the same ``id``, every other second
until the answer is there or the deadline is over. So a lost request, a lost answer, a broker that
restarts or a standby that takes over costs seconds and changes nothing: what a request changes
happens once, because the orchestrator knows the ``id`` again.
"""

import asyncio
import logging
import uuid
from types import TracebackType
from typing import Self, TypeVar

import msgspec

from orchestrator.client.asking import DEADLINE_SECONDS
from orchestrator.client.edits import EditCalls
from orchestrator.client.events import EventCalls
from orchestrator.client.insight import InsightCalls
from orchestrator.client.profiles import ProfileCalls
from orchestrator.client.runners import RunnerCalls
from orchestrator.client.studies import StudyCalls
from orchestrator.client.transport import Transport
from orchestrator.client.trials import TrialCalls
from schema.codec import MESSAGE_BYTES, answers_codec, requests_codec
from schema.commands.service import GetService, ServiceOverview
from schema.errors import (
    Conflict,
    ProtocolError,
    TrialMQError,
    Undecodable,
    UnknownName,
    WorkFailed,
    WrongInput,
)
from schema.requests import Answer, Command, Refusal, RefusalKind, Request

logger = logging.getLogger(__name__)

REPEAT_SECONDS = 2.0
REFUSED_SECONDS = 0.25
"""A request that nobody took is tried again this soon."""

T = TypeVar("T")


class NoAnswer(WorkFailed):
    """No orchestrator answered in time; what was asked may have happened nevertheless."""


class UnknownThere(UnknownName):
    """A name that the orchestrator does not know, in the orchestrator's own sentence."""

    def __init__(self, sentence: str) -> None:
        WrongInput.__init__(self, sentence)
        self.name = ""


ERRORS: dict[RefusalKind, type[TrialMQError]] = {
    RefusalKind.WRONG_INPUT: WrongInput,
    RefusalKind.UNKNOWN_NAME: UnknownThere,
    RefusalKind.CONFLICT: Conflict,
    RefusalKind.FAILED: WorkFailed,
}


class Client(
    StudyCalls, TrialCalls, EventCalls, EditCalls, InsightCalls, ProfileCalls, RunnerCalls
):
    """One instance of a client; every call raises as `ask` does, unless it says more."""

    def __init__(
        self,
        transport: Transport,
        *,
        deadline: float = DEADLINE_SECONDS,
        repeat: float = REPEAT_SECONDS,
    ) -> None:
        self._transport = transport
        self._deadline = deadline
        self._repeat = repeat
        self._instance = uuid.uuid4().hex
        self._requests = requests_codec()
        self._answers = answers_codec()
        self._open: dict[str, asyncio.Future[Answer]] = {}

    async def __aenter__(self) -> Self:
        await self._transport.open(self._instance, self._receive)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._transport.close()

    @property
    def connected(self) -> bool:
        """True while the connection stands; it is made again by itself."""
        return self._transport.connected

    # ------------------------------------------------------------------ questions

    async def service(self) -> ServiceOverview:
        """Who answers."""
        return await self.ask(GetService(), ServiceOverview)

    # ------------------------------------------------------------------ asking

    async def ask(
        self, command: Command, kind: type[T] | None, *, deadline: float | None = None
    ) -> T:
        """The answer to ``command``, which is of ``kind``; ``deadline`` in seconds from now.

        Cancelled or too late, what was asked may still happen; asking anew is another request.

        Raises:
            WrongInput: it was refused, in the orchestrator's sentence; `UnknownThere`, `Conflict`
                where that is why.
            WorkFailed: it could not be done; `NoAnswer` where none came.
        """
        seconds = self._deadline if deadline is None else deadline
        request = Request(
            id=uuid.uuid4().hex,
            client=self._transport.client,
            instance=self._instance,
            command=command,
        )
        body = self._requests.encode(request)
        if len(body) > MESSAGE_BYTES:
            raise WrongInput(f"a request of {len(body)} bytes; at most {MESSAGE_BYTES} can be sent")
        answered = asyncio.get_running_loop().create_future()
        self._open[request.id] = answered
        taken = False
        try:
            async with asyncio.timeout(seconds):
                while not answered.done():
                    sent = await self._transport.send(body)
                    taken = taken or sent
                    pause = self._repeat if sent else REFUSED_SECONDS
                    await asyncio.wait({answered}, timeout=pause)
        except TimeoutError:
            raise NoAnswer(self._transport.silence(seconds, taken)) from None
        finally:
            del self._open[request.id]
        return _result(answered.result(), kind)

    def _receive(self, body: bytes) -> None:
        try:
            answer = self._answers.decode(body)
        except Undecodable as error:
            logger.warning("an answer was put aside: %s", error)
            return
        waiting = self._open.get(answer.id)  # none for the repetition of an answer that is here
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)


def _result(answer: Answer, kind: type[T] | None) -> T:
    refusal = answer.refusal
    if refusal is not None:
        raise _error(refusal)
    try:
        return msgspec.msgpack.decode(answer.result, type=kind)
    except msgspec.MsgspecError as error:
        raise ProtocolError(f"the answer is of another version: {error}") from error


def _error(refusal: Refusal) -> TrialMQError:
    return ERRORS[refusal.kind](refusal.sentence)
