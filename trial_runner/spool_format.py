"""What a spool's log is made of: frames of length, CRC-32 and one msgpack entry. Pure.

A log is read up to the first frame that is not whole, which is where a crash tore it or a disk
flipped a bit; nothing behind that place is believed. Entries can be read twice without harm, so a
part that may have been written is simply written again.
"""

import struct
from collections.abc import Iterator
from zlib import crc32

import msgspec

from schema.messages import Assignment, Record

HEADER = struct.Struct("<II")  # bytes of the body, its CRC-32


class ProcessMark(msgspec.Struct, frozen=True, array_like=True):
    """A process that can be recognised: its id, and when it began, in words of its kernel."""

    id: int
    born: str


class LeaseState(msgspec.Struct, frozen=True, array_like=True):
    """A lease without its records, of which those from ``applied + 1`` to ``seq`` are wanted."""

    assignment: Assignment
    applied: int
    seq: int
    batches: int
    process: ProcessMark | None


class Snapshot(msgspec.Struct, frozen=True, array_like=True, tag="snapshot"):
    """The first entry of each segment: all that earlier ones say, but for records."""

    term: int
    highest: list[tuple[int, int]]
    leases: list[LeaseState]


class Term(msgspec.Struct, frozen=True, array_like=True, tag="term"):
    """The highest generation of the orchestrator that was seen."""

    term: int


class Accepted(msgspec.Struct, frozen=True, array_like=True, tag="accepted"):
    """A lease begins."""

    assignment: Assignment


class Began(msgspec.Struct, frozen=True, array_like=True, tag="began"):
    """Which process trains it."""

    trial: int
    attempt: int
    process: ProcessMark


class Appended(msgspec.Struct, frozen=True, array_like=True, tag="appended"):
    """A record; ``batches`` of reports that the slot had sent are in it and those before it."""

    record: Record
    batches: int


class Committed(msgspec.Struct, frozen=True, array_like=True, tag="committed"):
    """The orchestrator has stored the records up to this one."""

    trial: int
    attempt: int
    applied: int


class Dropped(msgspec.Struct, frozen=True, array_like=True, tag="dropped"):
    """The lease is over: all is stored, or it was lost."""

    trial: int
    attempt: int


Entry = Snapshot | Term | Accepted | Began | Appended | Committed | Dropped

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Entry] = msgspec.msgpack.Decoder(Entry)


def packed(entry: Entry) -> bytes:
    """``entry`` as one frame."""
    body = _encoder.encode(entry)
    return HEADER.pack(len(body), crc32(body)) + body


def unpacked(data: bytes) -> Iterator[Entry]:
    """The entries of ``data`` up to the first that is not whole."""
    at, end = 0, len(data)
    while end - at >= HEADER.size:
        length, check = HEADER.unpack_from(data, at)
        at += HEADER.size
        body = data[at : at + length]
        if len(body) < length or crc32(body) != check:
            return
        try:
            entry = _decoder.decode(body)
        except msgspec.MsgspecError:
            return
        yield entry
        at += length
