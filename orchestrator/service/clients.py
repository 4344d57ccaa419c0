"""Where clients are heard: a request comes in, its answer goes to the queue of who asked.

A question is answered beside the turns of the service. A change is one of them, and its answer is
stored with it, so that a request which is asked again is answered again and happens once.
"""

import logging
from collections.abc import Awaitable, Callable
from traceback import format_exception_only

import msgspec

from orchestrator.engine.trials import Moment
from orchestrator.service.questions import Questions
from schema.broker import Broker, Delivery
from schema.codec import ANSWER_BYTES, MESSAGE_BYTES, answers_codec, requests_codec
from schema.errors import Conflict, StoreError, TrialMQError, Undecodable, UnknownName, WrongInput
from schema.identity import ORCHESTRATOR, checked_name, client_party, client_queue
from schema.requests import (
    Answer,
    Change,
    Instance,
    Question,
    Refusal,
    RefusalKind,
    Request,
    RequestId,
)

logger = logging.getLogger(__name__)


class _Envelope(msgspec.Struct, frozen=True, kw_only=True, tag="request"):
    """What can be read of a request whose command is of another version."""

    id: RequestId
    client: str
    instance: Instance


class Clients:
    """Answers the clients of one orchestrator; ``change`` carries out what is no question."""

    def __init__(
        self,
        broker: Broker,
        questions: Questions,
        change: Callable[[Request, Change], Awaitable[bytes]],
        put_aside: Callable[[str, str, bytes], None],
        now: Callable[[], Moment],
        *,
        orchestrator: str = ORCHESTRATOR,
    ) -> None:
        self._broker = broker
        self._questions = questions
        self._change = change
        self._put_aside = put_aside
        self._now = now
        self._orchestrator = orchestrator
        self._requests = requests_codec()
        self._envelope = msgspec.msgpack.Decoder(_Envelope)

    async def serve(self, delivery: Delivery) -> None:
        """Answer one request, whatever it is.

        Raises:
            StoreError: the service has to end, because nothing can be stored any more.
        """
        body, answer = delivery.body, b""
        try:
            request: Request | _Envelope = self._requests.decode(body)
        except Undecodable as error:
            envelope = self._envelope_of(body)
            if envelope is None:
                await self._refuse_to_read(delivery, str(error))
                return
            request = envelope
            why = f"the orchestrator does not understand this command: {error}"
            answer = refused(request.id, WrongInput(why))
        if why := _not_believed(request.client, delivery.sender):
            await self._refuse_to_read(delivery, why)
            return
        if isinstance(request, Request):
            answer = await self._answer(request, delivery)
        queue = client_queue(request.client, request.instance, self._orchestrator)
        await self._broker.publish(queue, answer)
        await delivery.acknowledge()

    async def _refuse_to_read(self, delivery: Delivery, why: str) -> None:
        self._put_aside(delivery.sender or "a client", why, delivery.body)
        await delivery.acknowledge()

    def _envelope_of(self, body: bytes) -> _Envelope | None:
        if len(body) > MESSAGE_BYTES:
            return None
        try:
            return self._envelope.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None

    async def _answer(self, request: Request, delivery: Delivery) -> bytes:
        command = request.command
        try:
            if not isinstance(command, Question):
                return await self._changed(request, command, delivery)
            return answered(request.id, await self._questions.answer(command, self._now()))
        except TrialMQError as error:
            if isinstance(error, StoreError) and not isinstance(command, Question):
                raise
            return refused(request.id, error)
        except Exception:
            logger.exception("it failed to answer: %r", command)
            return refused(request.id, TrialMQError("the orchestrator failed; see its log"))

    async def _changed(self, request: Request, change: Change, delivery: Delivery) -> bytes:
        try:
            return await self._change(request, change)
        except TrialMQError:
            raise
        except Exception as error:
            self._put_aside(delivery.sender or "a client", failure(error), delivery.body)
            raise


def failure(error: Exception) -> str:
    """Why a message was put aside whose handling failed."""
    return f"handling it failed: {format_exception_only(error)[-1].strip()}"


_answers = answers_codec()


def answered(request: str, result: object) -> bytes:
    """The answer that the request of this id was carried out, with this result."""
    raw = msgspec.Raw(msgspec.msgpack.encode(result))
    body = _answers.encode(Answer(id=request, result=raw))
    if len(body) <= ANSWER_BYTES:
        return body
    most = f"an answer has at most {ANSWER_BYTES}; ask for less"
    return refused(request, WrongInput(f"the answer would be of {len(body)} bytes, and {most}"))


def refused(request: str, error: TrialMQError) -> bytes:
    """The answer that the request of this id was not carried out, in the error's sentence."""
    match error:
        case UnknownName():
            kind = RefusalKind.UNKNOWN_NAME
        case Conflict():
            kind = RefusalKind.CONFLICT
        case WrongInput() if not isinstance(error, StoreError):
            kind = RefusalKind.WRONG_INPUT
        case _:
            kind = RefusalKind.FAILED
    return _answers.encode(Answer(id=request, refusal=Refusal(kind=kind, sentence=str(error))))


def _not_believed(client: str, sender: str) -> str:
    """Why a request is not taken for one of the client that it names."""
    try:
        checked_name("client", client)
    except WrongInput as error:
        return str(error)
    if sender and sender != client_party(client):
        return f"it says that it comes from {client!r}, and {sender} sent it"
    return ""
