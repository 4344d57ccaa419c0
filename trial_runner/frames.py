"""Frames on the socket between a runner and the process of a slot: length, kind, body.

A frame is a little-endian ``uint32`` length of what follows, one byte of kind, and a msgpack body.
Reports travel undecoded through the runner, so their frame is kept as cheap as possible.
"""

import struct
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
    FORKED = 5  # fork server → runner: its process id
    EXITED = 6  # fork server → runner: process id and exit status


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
