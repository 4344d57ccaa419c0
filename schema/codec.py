"""Messages to bytes and back: msgpack by msgspec, bounded, and never anything but our errors."""

from typing import Generic, TypeVar

import msgspec

from schema.errors import Undecodable
from schema.messages import FromRunner, Orders, Report
from schema.requests import Answer, Request

MESSAGE_BYTES = 256 * 1024
"""A larger message is refused before it is decoded."""

ANSWER_BYTES = 8 * 1024 * 1024
"""The same for what an orchestrator answers to a client, which only that one reads."""

T = TypeVar("T")


class Codec(Generic[T]):
    """Encodes and decodes one family of messages, of at most ``limit`` bytes each."""

    def __init__(self, kind: object, *, limit: int = MESSAGE_BYTES) -> None:
        self._limit = limit
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(kind)

    def encode(self, message: T) -> bytes:
        """The message as msgpack."""
        return self._encoder.encode(message)

    def decode(self, body: bytes) -> T:
        """The message in ``body``.

        Raises:
            Undecodable: for anything that is not one of this family's messages.
        """
        if len(body) > self._limit:
            raise Undecodable(f"a message of {len(body)} bytes is above {self._limit}")
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise Undecodable(f"not a message: {error}") from error


def runner_codec() -> Codec[FromRunner]:
    """The codec of what runners send."""
    return Codec(FromRunner)


def orders_codec() -> Codec[Orders]:
    """The codec of what runners are sent."""
    return Codec(Orders)


def requests_codec() -> Codec[Request]:
    """The codec of what clients ask."""
    return Codec(Request)


def answers_codec() -> Codec[Answer]:
    """The codec of what clients are answered."""
    return Codec(Answer, limit=ANSWER_BYTES)


def reports_codec() -> Codec[list[Report]]:
    """The codec of the reports inside a ``Reported`` record."""
    return Codec(list[Report])
