"""Batches of reports as they come from a slot, msgpack of a ``list[Report]``: merged, cut, thinned.

A batch is passed on as it is wherever possible. Where a runner's spool is nearly full only every
k-th report gets into it, and the newest one always does: what is left out never had a number in the
attempt's log, so the log has no holes. Pure.
"""

import msgspec

from schema.errors import Undecodable
from schema.messages import Report

_whole = msgspec.msgpack.Decoder(list[Report])
_pieces = msgspec.msgpack.Decoder(list[msgspec.Raw])
_encoder = msgspec.msgpack.Encoder()


def checked(batch: bytes) -> bytes:
    """``batch`` itself: what an orchestrator could not read would be sent to it for ever.

    Raises:
        Undecodable: it is no list of reports.
    """
    try:
        _whole.decode(batch)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Undecodable(f"not a batch of reports: {error}") from error
    return batch


def merged(batches: list[bytes]) -> bytes:
    """One batch with the reports of all."""
    if len(batches) == 1:
        return batches[0]
    return _encoder.encode([report for batch in batches for report in _pieces.decode(batch)])


def cut(batch: bytes, limit: int) -> list[bytes]:
    """Batches of at most ``limit`` bytes, in order.

    Raises:
        Undecodable: a single report is longer than that.
    """
    if len(batch) <= limit:
        return [batch]
    parts: list[list[msgspec.Raw]] = [[]]
    room = limit - 5  # the header of a list
    for report in _pieces.decode(batch):
        size = len(bytes(report))
        if size > limit - 5:
            raise Undecodable(f"one report takes {size} bytes, and at most {limit - 5} can be sent")
        if size > room:
            parts.append([])
            room = limit - 5
        parts[-1].append(report)
        room -= size
    return [_encoder.encode(part) for part in parts]


class Thinning:
    """Lets every k-th report of one attempt through; the newest waits to be replaced or let in."""

    def __init__(self) -> None:
        self._count = 0
        self._newest: msgspec.Raw | None = None

    def thin(self, batch: bytes, every: int) -> bytes | None:
        """What is let through of ``batch`` if only every ``every``-th report is."""
        if every == 1 and self._newest is None:
            return batch
        kept: list[msgspec.Raw] = []
        if every == 1:
            kept += [] if self._newest is None else [self._newest]
            kept += _pieces.decode(batch)
            self._newest = None
            return _encoder.encode(kept)
        for report in _pieces.decode(batch):
            self._count += 1
            let_in = self._count % every == 0
            if let_in:
                kept.append(report)
            self._newest = None if let_in else report
        return _encoder.encode(kept) if kept else None

    def newest(self) -> bytes | None:
        """The newest report, unless it was let through: wanted when the attempt ends."""
        newest, self._newest = self._newest, None
        return None if newest is None else _encoder.encode([newest])
