"""Batches of reports as they come from a slot, msgpack of a ``list[Report]``: merged, cut, thinned.

A batch is passed on as it is wherever possible. Where a runner's spool is nearly full only every
k-th report gets into it, and the newest one always does: what is left out never had a number in the
attempt's log, so the log has no holes. Pure.
"""

import msgspec

from schema.errors import Undecodable

_pieces = msgspec.msgpack.Decoder(list[msgspec.Raw])
_encoder = msgspec.msgpack.Encoder()


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


class Gate:
    """What reports of one attempt have to pass before they get a number in its log.

    Every k-th gets through, and the newest waits to be replaced or let in at the end. Where many
    records wait already, they gather, so that few large ones follow.
    """

    def __init__(self) -> None:
        self.batches = 0
        """So many came in since reports were last let out."""
        self._count = 0
        self._gathered: list[bytes] = []
        self._bytes = 0
        self._newest: msgspec.Raw | None = None

    def take(self, batch: bytes, every: int) -> None:
        """Let in every ``every``-th report of ``batch``; with 0 none, so that only the newest
        waits."""
        self.batches += 1
        let_in: list[msgspec.Raw] = []
        for report in _pieces.decode(batch):
            self._count += 1
            if every and self._count % every == 0:
                let_in.append(report)
                self._newest = None
            else:
                self._newest = report
        if let_in:
            self._gathered.append(_encoder.encode(let_in))
            self._bytes += len(self._gathered[-1])

    @property
    def gathered(self) -> int:
        """Bytes that were let in and wait to be let out."""
        return self._bytes

    def let_out(self, *, all_of_it: bool = False) -> bytes | None:
        """One batch with what has gathered; at the end of the attempt with the newest report."""
        gathered, self._gathered, self._bytes = self._gathered, [], 0
        if all_of_it and self._newest is not None:
            gathered.append(_encoder.encode([self._newest]))
            self._newest = None
        self.batches = 0
        return merged(gathered) if gathered else None
