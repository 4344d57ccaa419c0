"""The runner's end of a slot's socket, on its event loop: bytes in, frames out."""

import asyncio
from collections.abc import Callable

from schema.errors import ProtocolError
from trial_runner.frames import FRAME_BYTES, HEADER, Kind, frame

LAST_KIND = max(Kind)


class FrameProtocol(asyncio.Protocol):
    """The runner's end: calls ``receive`` for each frame and ``lost`` when the other end is gone.

    Bytes that are no frame close the connection, which ends the process behind it; ``refuse`` is
    told before what was wrong with them. It may be what ``receive`` raises as `ProtocolError`.
    """

    def __init__(
        self,
        receive: Callable[[Kind, bytes], None],
        lost: Callable[[], None],
        refuse: Callable[[str], None] = lambda problem: None,
    ) -> None:
        self._receive = receive
        self._lost = lost
        self._refuse = refuse
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        try:
            while end - at >= HEADER.size:
                length, kind = HEADER.unpack_from(data, at)
                stop = at + 4 + length
                if length > FRAME_BYTES or length < 1 or kind > LAST_KIND or kind < 1:
                    raise ProtocolError(f"no frame begins with {data[at : at + 8]!r}")
                if stop > end:
                    break
                self._receive(Kind(kind), data[at + HEADER.size : stop])
                at = stop
        except ProtocolError as error:
            self._rest = b""
            self.close()
            self._refuse(str(error))
        else:
            self._rest = data[at:]

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._lost()

    def send(self, kind: Kind, body: bytes) -> None:
        """Queue one frame; does nothing when the other end is gone."""
        if self._transport is not None:
            self._transport.write(frame(kind, body))

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()
