"""Messages to bytes and back: msgpack by msgspec, bounded, and never anything but our errors."""

from typing import Generic, TypeVar

import msgspec

from schema.errors import Undecodable
from schema.messages import FromRunner, Orders, Report

MESSAGE_BYTES = 256 * 1024
"""A larger message is refused before it is decoded."""

T = TypeVar("T")


class Codec(Generic[T]):
    """Encodes and decodes one family of messages."""

    def __init__(self, kind: object) -> None:
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
        if len(body) > MESSAGE_BYTES:
            raise Undecodable(f"a message of {len(body)} bytes is above {MESSAGE_BYTES}")
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


def reports_codec() -> Codec[list[Report]]:
    """The codec of the reports inside a ``Reported`` record."""
    return Codec(list[Report])
