"""How an attempt ended, written by the process that trained it: it outlives the runner's death.

The runner reads it only when it was started anew and finds a lease that has no end. Beside the end
there are the scores of validation, and the batches of reports that were sent last, because some may
have been on their way.
"""

from collections import deque
from contextlib import suppress
from pathlib import Path

import msgspec

from schema.messages import Final, Scored
from trial_runner.durable_file import write_durably

TAIL_BYTES = 1024 * 1024
"""More than a socket holds that nobody reads any more."""

SYNC_ABOVE_SECONDS = 1.0
"""A shorter training is sooner run again, after a power failure, than its result synced."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The end, how many batches of reports the attempt sent, the last of them, and its scores."""

    final: Final
    batches: int
    tail: list[msgspec.Raw]
    scores: list[Scored] = []

    def batches_after(self, known: int) -> list[bytes]:
        """Those that a runner which has ``known`` batches misses, as far as they are kept."""
        missing = min(self.batches - known, len(self.tail))
        start = len(self.tail) - max(0, missing)
        return [bytes(batch) for batch in self.tail[start:]]


class Tail:
    """The batches of the running attempt that were sent last, and its scores."""

    def __init__(self) -> None:
        self.count = 0
        self.scores: list[Scored] = []
        self._batches: deque[bytes] = deque()
        self._bytes = 0

    def clear(self) -> None:
        """An attempt starts."""
        self.count = self._bytes = 0
        self._batches.clear()
        self.scores = []

    def append(self, batch: bytes) -> None:
        """One more is sent."""
        self.count += 1
        self._batches.append(batch)
        self._bytes += len(batch)
        while self._bytes > TAIL_BYTES:
            self._bytes -= len(self._batches.popleft())

    def result(self, final: Final) -> Result:
        """What is to be written at the end of the attempt."""
        batches = [msgspec.Raw(batch) for batch in self._batches]
        return Result(final=final, batches=self.count, tail=batches, scores=self.scores)


def results_folder(folder: Path) -> Path:
    """Where results lie in the folder of a runner."""
    return folder / "results"


def result_path(results: str | Path, trial: int, attempt: int) -> str:
    """Where the result of an attempt lies until the spool has it."""
    return f"{results}/{trial}-{attempt}.msgpack"


def write_result(path: str, result: Result) -> None:
    """Put it there.

    Raises:
        OSError: it could not be written.
    """
    sync = result.final.seconds >= SYNC_ABOVE_SECONDS
    write_durably(Path(path), msgspec.msgpack.encode(result), sync=sync)


def read_result(path: str) -> Result | None:
    """The result, if there is one that can be read."""
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.msgpack.decode(Path(path).read_bytes(), type=Result)
    return None
