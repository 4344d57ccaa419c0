"""Where clients are heard: a request comes in, and its answer goes back to who asked.

Over the broker that is the queue of the client's instance; whatever else carries requests (the
gateway) hands in the bytes and has those of the answer.
A question is answered beside the turns of the service. A change is one of them, and its answer is
stored with it, so that a request which is asked again is answered again and happens once.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from traceback import format_exception_only

import msgspec

from orchestrator.engine.trials import Moment
from orchestrator.service.jobs import Jobs
from orchestrator.service.questions import Questions
from schema.broker import Broker, Delivery
from schema.codec import ANSWER_BYTES, MESSAGE_BYTES, answers_codec, requests_codec
from schema.commands.feed import GetChanges
from schema.errors import Conflict, StoreError, TrialMQError, Undecodable, UnknownName, WrongInput
from schema.identity import checked_name, client_party, client_queue
from schema.requests import (
    Answer,
    Change,
    Command,
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


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of an answer, and for whom they are."""

    client: str
    instance: Instance
    body: bytes


class Clients:
    """Answers the clients of one orchestrator; ``change`` carries out what is no question.

    Each request is one of ``jobs``, which breaks when nothing can be stored any more.
    """

    def __init__(
        self,
        broker: Broker,
        questions: Questions,
        change: Callable[[Request, Change], Awaitable[bytes]],
        put_aside: Callable[[str, str, bytes], None],
        now: Callable[[], Moment],
        jobs: Jobs,
        orchestrator: str,
    ) -> None:
        self._broker = broker
        self._questions = questions
        self._change = change
        self._put_aside = put_aside
        self._now = now
        self._jobs = jobs
        self._orchestrator = orchestrator
        self._requests = requests_codec()
        self._envelope = msgspec.msgpack.Decoder(_Envelope)
        self._waiting: dict[tuple[str, str, str], asyncio.Task[bytes]] = {}

    def receive(self, delivery: Delivery) -> None:
        """Answer one request of the broker in time, whatever it is."""
        self._jobs.start(self._serve(delivery))

    async def answer(self, body: bytes, sender: str) -> bytes | None:
        """The answer to a request that came by another way than the broker; ``None``: it was none.

        Cancelling the wait for it leaves the request alone: what was begun is carried out.

        Raises:
            StoreError: nothing can be stored any more; the service is broken.
        """
        reply = await asyncio.shield(self._jobs.start(self._reply(body, sender)))
        return None if reply is None else reply.body

    async def _serve(self, delivery: Delivery) -> None:
        read = self._read(delivery.body, delivery.sender)
        waits = isinstance(read, Request) and _waits(read.command)
        if waits:  # it takes no place in the inbox meanwhile; lost with us, it is asked again
            await delivery.acknowledge()
        reply = await self._replied(read, delivery.body, delivery.sender)
        if reply is not None:
            queue = client_queue(reply.client, reply.instance, self._orchestrator)
            await self._broker.publish(queue, reply.body)
        if not waits:
            await delivery.acknowledge()

    async def _reply(self, body: bytes, sender: str) -> Reply | None:
        """The answer to one request, whatever it is; ``None`` for what was put aside as none.

        ``sender`` is the party that it came from, as far as somebody vouches for it.

        Raises:
            StoreError: the service has to end, because nothing can be stored any more.
        """
        return await self._replied(self._read(body, sender), body, sender)

    def _read(self, body: bytes, sender: str) -> Request | Reply | None:
        """The request, or why it is refused; ``None`` for what was put aside."""
        answer = b""
        try:
            request: Request | _Envelope = self._requests.decode(body)
        except Undecodable as error:
            envelope = self._envelope_of(body)
            if envelope is None:
                self._put_aside(sender or "a client", str(error), body)
                return None
            request = envelope
            why = f"the orchestrator does not understand this command: {error}"
            answer = refused(request.id, WrongInput(why))
        if why := _not_believed(request.client, sender):
            self._put_aside(sender or "a client", why, body)
            return None
        if isinstance(request, Request):
            return request
        return Reply(client=request.client, instance=request.instance, body=answer)

    async def _replied(
        self, read: Request | Reply | None, body: bytes, sender: str
    ) -> Reply | None:
        if not isinstance(read, Request):
            return read
        if _waits(read.command):
            answer = await self._answer_waiting(read, body, sender)
        else:
            answer = await self._answer(read, body, sender)
        return Reply(client=read.client, instance=read.instance, body=answer)

    async def _answer_waiting(self, request: Request, body: bytes, sender: str) -> bytes:
        """A question that is asked again while it waits does not wait twice."""
        asked = request.client, request.instance, request.id
        if asked not in self._waiting:
            waiting = self._jobs.start(self._answer(request, body, sender))
            waiting.add_done_callback(lambda _: self._waiting.pop(asked))
            self._waiting[asked] = waiting
        return await asyncio.shield(self._waiting[asked])

    def _envelope_of(self, body: bytes) -> _Envelope | None:
        if len(body) > MESSAGE_BYTES:
            return None
        try:
            return self._envelope.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None

    async def _answer(self, request: Request, body: bytes, sender: str) -> bytes:
        command = request.command
        try:
            if not isinstance(command, Question):
                return await self._changed(request, command, body, sender)
            return answered(request.id, await self._questions.answer(command, self._now()))
        except TrialMQError as error:
            if isinstance(error, StoreError) and not isinstance(command, Question):
                raise
            return refused(request.id, error)
        except Exception:
            logger.exception("it failed to answer: %r", command)
            return refused(request.id, TrialMQError("the orchestrator failed; see its log"))

    async def _changed(self, request: Request, change: Change, body: bytes, sender: str) -> bytes:
        try:
            return await self._change(request, change)
        except TrialMQError:
            raise
        except Exception as error:
            self._put_aside(sender or "a client", failure(error), body)
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


def _waits(command: Command) -> bool:
    return isinstance(command, GetChanges) and command.wait > 0


def _not_believed(client: str, sender: str) -> str:
    """Why a request is not taken for one of the client that it names."""
    try:
        checked_name("client", client)
    except WrongInput as error:
        return str(error)
    if sender and sender != client_party(client):
        return f"it says that it comes from {client!r}, and {sender} sent it"
    return ""
