"""Cuts records into messages that no broker refuses for their size. Pure."""

from collections.abc import Iterable, Iterator

import msgspec

from schema.messages import RECORDS_BYTES, Record, Reported

MARGIN_BYTES = 512
"""What a record takes beside its body, and a message beside its records, at most."""

LARGEST_BATCH = RECORDS_BYTES - MARGIN_BYTES

_encoder = msgspec.msgpack.Encoder()


def packets(records: Iterable[Record]) -> Iterator[list[Record]]:
    """The records in order, in groups of at most `RECORDS_BYTES`, or of one."""
    group: list[Record] = []
    room = RECORDS_BYTES
    for record in records:
        size = _size(record)
        if group and size > room:
            yield group
            group, room = [], RECORDS_BYTES
        group.append(record)
        room -= size
    if group:
        yield group


def _size(record: Record) -> int:
    """An upper bound of its bytes in a message."""
    body = record.body
    if isinstance(body, Reported):
        return 64 + memoryview(body.reports).nbytes
    return 64 + len(_encoder.encode(body))
