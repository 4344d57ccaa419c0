"""What an objective prints: kept in a file whose end is of interest and whose size is bounded.

Python's own output is counted as it is written; what libraries and other processes write past
Python, the runner cuts while it looks on.
"""

import fcntl
import io
import os
import sys
import tempfile
from typing import IO, cast

FILE_BYTES = 3 * 1024 * 1024
"""The file is cut to its end when it is longer than this."""

COUNT_BYTES = 256 * 1024
"""How much is written before the length is looked at."""

LOOK_SECONDS = 0.2
CUT = b"\xe2\x80\xa6 (cut)\n"


def output_file() -> IO[bytes]:
    """Where a process prints to; it appends, because the file is emptied between two tasks."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the slot
    fcntl.fcntl(file, fcntl.F_SETFL, os.O_APPEND)
    return file


def trim(output: int, keep: int) -> None:
    """Of a file that has become too long keep the last ``keep`` bytes."""
    size = os.fstat(output).st_size
    if size > FILE_BYTES:
        end = os.pread(output, keep, size - keep)
        os.ftruncate(output, 0)
        os.write(output, CUT + end)


def take(output: int, limit: int) -> str:
    """The last ``limit`` bytes of the file, which is empty afterwards."""
    size = os.fstat(output).st_size
    if not size:
        return ""
    length = min(size, limit)
    text = os.pread(output, length, size - length).decode("utf-8", "replace")
    if len(encoded := text.encode()) > limit:  # what was no text takes more room than before
        text = encoded[-limit:].decode("utf-8", "ignore")
    os.ftruncate(output, 0)
    return text if size == length else f"… ({size - length} bytes before this)\n{text}"


class CappedOutput(io.RawIOBase):
    """Standard output of a slot's process: the file behind ``output``, cut when it is too long."""

    def __init__(self, output: int, keep: int) -> None:
        self._output = output
        self._keep = keep
        self._since = 0

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._output

    def write(self, data: "bytes | memoryview") -> int:  # type: ignore[override]
        """Write all of it, or of more than a file may hold the end."""
        length = len(data)
        rest = memoryview(data)[-self._keep :] if length > COUNT_BYTES else data
        self._since += len(rest)
        while rest:
            rest = rest[os.write(self._output, rest) :]
        if self._since > COUNT_BYTES:
            self._since = 0
            trim(self._output, self._keep)
        return length


def print_to(output: int, keep: int) -> None:
    """Everything that this process prints goes to the file, whoever prints it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout, sys.stderr = (
        io.TextIOWrapper(
            io.BufferedWriter(cast(io.RawIOBase, CappedOutput(descriptor, keep))),
            encoding="utf-8",
            errors="backslashreplace",
            line_buffering=True,
        )
        for descriptor in (1, 2)
    )
