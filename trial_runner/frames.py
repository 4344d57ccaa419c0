"""Frames on the socket between a runner and the process of a slot: length, kind, body.

A frame is a little-endian ``uint32`` length of what follows, one byte of kind, and a msgpack body.
Reports travel undecoded through the runner, so their frame is kept as cheap as possible.
"""

import asyncio
import struct
from collections.abc import Callable
from enum import IntEnum
from socket import socket

HEADER = struct.Struct("<IB")
FRAME_BYTES = 16 * 1024 * 1024
"""A longer frame is an error of the sender, not a message."""


class Kind(IntEnum):
    """What a frame holds."""

    TASK = 1  # runner → slot: run this
    READY = 2  # slot → runner: loaded, waiting for a task
    REPORTS = 3  # slot → runner: msgpack of list[Report]
    FINAL = 4  # slot → runner: how the task ended
    FORK = 5  # runner → fork server: one more process, with its descriptors
    FORKED = 6  # fork server → runner: its process id
    EXITED = 7  # fork server → runner: process id and exit status


def frame(kind: Kind, body: bytes) -> bytes:
    """``body`` as one frame."""
    return HEADER.pack(len(body) + 1, kind) + body


def read_frame(connection: socket) -> tuple[Kind, bytes] | None:
    """The next frame from a blocking socket; ``None`` when the other end is gone."""
    header = _read_exactly(connection, HEADER.size)
    if header is None:
        return None
    length, kind = HEADER.unpack(header)
    body = _read_exactly(connection, length - 1)
    return None if body is None else (Kind(kind), body)


def _read_exactly(connection: socket, size: int) -> bytes | None:
    data = connection.recv(size) if size else b""
    if len(data) == size:
        return data
    parts = bytearray(data)
    while data and len(parts) < size:
        data = connection.recv(size - len(parts))
        parts += data
    return bytes(parts) if len(parts) == size else None


class FrameProtocol(asyncio.Protocol):
    """The runner's end: calls ``receive`` for each frame and ``lost`` when the other end is gone.

    Bytes that are no frame close the connection, which ends the process behind it.
    """

    def __init__(self, receive: Callable[[Kind, bytes], None], lost: Callable[[], None]) -> None:
        self._receive = receive
        self._lost = lost
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        at, end = 0, len(data)
        while end - at >= HEADER.size:
            length, kind = HEADER.unpack_from(data, at)
            stop = at + 4 + length
            if length > FRAME_BYTES or length < 1 or kind > Kind.EXITED or kind < 1:
                self.close()
                return
            if stop > end:
                break
            self._receive(Kind(kind), data[at + HEADER.size : stop])
            at = stop
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
