"""Frames on the socket between a runner and the process of a slot: length, kind, body.

A frame is a little-endian ``uint32`` length of what follows, one byte of kind, and a msgpack body.
Reports travel undecoded through the runner, so their frame is kept as cheap as possible.
"""

import struct
from enum import IntEnum
from socket import MSG_DONTWAIT, socket

HEADER = struct.Struct("<IB")
FRAME_BYTES = 16 * 1024 * 1024
"""A longer frame is an error of the sender, not a message."""

RECEIVE_BYTES = 64 * 1024


class Kind(IntEnum):
    """What a frame holds."""

    TASK = 1  # runner → slot: run this
    READY = 2  # slot → runner: loaded, waiting for a task
    REPORTS = 3  # slot → runner: msgpack of list[Report]
    FINAL = 4  # slot → runner: how the task ended
    FORKED = 5  # fork server → runner: its process id
    EXITED = 6  # fork server → runner: process id and exit status
    REVISION = 7  # runner → slot: go on with this configuration
    REVISED = 8  # slot → runner: what became of it
    SCORES = 9  # slot → runner: a part of what is stored of validation
    AWAITS = 10  # slot → runner: say so when all that was reported is judged
    JUDGED = 11  # runner → slot: it is


def frame(kind: Kind, body: bytes) -> bytes:
    """``body`` as one frame."""
    return HEADER.pack(len(body) + 1, kind) + body


class FrameReader:
    """Frames from a blocking socket, in order, waited for or not."""

    def __init__(self, connection: socket) -> None:
        self._connection = connection
        self._data = b""

    def read(self) -> tuple[Kind, bytes] | None:
        """The next frame, however long it takes; ``None`` when the other end is gone."""
        while (received := self._taken()) is None:
            if not self._receive():
                return None
        return received

    def waiting(self) -> tuple[Kind, bytes] | None:
        """The next frame if all of it is there.

        Raises:
            ConnectionError: the other end is gone.
        """
        while (received := self._taken()) is None:
            try:
                if not self._receive(MSG_DONTWAIT):
                    raise ConnectionResetError("the runner is gone")
            except BlockingIOError:
                return None
        return received

    def _receive(self, flags: int = 0) -> bool:
        data = self._connection.recv(RECEIVE_BYTES, flags)
        self._data += data
        return bool(data)

    def _taken(self) -> tuple[Kind, bytes] | None:
        if len(self._data) < HEADER.size:
            return None
        length, kind = HEADER.unpack_from(self._data)
        end = HEADER.size + length - 1
        if len(self._data) < end:
            return None
        body, self._data = self._data[HEADER.size : end], self._data[end:]
        return Kind(kind), body
