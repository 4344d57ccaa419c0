"""The files of a spool: numbered segments, of which only the last is written to.

Each segment begins with a snapshot, so the ones before it are needed only for the records they
hold, and go when those are committed. What a write left behind that failed is cut off again; where
even that fails the next write begins a new segment. All methods block: a thread calls them.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from schema.failpoints import reach

BALLAST_BYTES = 1024 * 1024
"""Kept free for the ends of trials, should the disk be full."""


class SpoolLog:
    """The segments in ``folder``; one process at a time."""

    def __init__(self, folder: Path, segment_bytes: int) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._ballast = folder / "ballast"
        self._directory = os.open(folder, os.O_RDONLY)
        self._file: int | None = None
        self._synced = self._written = 0
        self._sizes = {int(path.stem): path.stat().st_size for path in sorted(folder.glob("*.log"))}
        self.current = max(self._sizes, default=0)
        """The number of the last segment."""
        self.size = sum(self._sizes.values())
        """Bytes of all segments."""
        self.reserve = self._ballast.exists()
        """True while the ballast is there."""

    @property
    def wants_segment(self) -> bool:
        """True when the next write should begin a segment."""
        return self._file is None or self._written >= self._segment_bytes

    def read(self) -> Iterator[tuple[int, bytes]]:
        """Each segment, with its number."""
        for number in self._sizes:
            yield number, self._path(number).read_bytes()

    def write(self, snapshot: bytes, data: bytes, sync: bool) -> None:
        """Append ``data``; behind ``snapshot``, in a new segment, where there is one.

        Args:
            sync: return only when it survives a power failure; so it does behind a snapshot, where
                ``data`` is to repeat what was not synced before.

        Raises:
            OSError: nothing of it counts as written, nor anything since the last ``sync``.
        """
        try:
            if snapshot:
                self._begin()
                data, sync = snapshot + data, True
            assert self._file is not None
            rest = memoryview(data)
            while rest:
                reach("spool.write")
                done = os.pwrite(self._file, rest, self._written)
                self._written += done
                rest = rest[done:]
            if sync:
                os.fdatasync(self._file)
                self._synced = self._written
                if snapshot:
                    os.fsync(self._directory)
        except OSError:
            self._cut()
            raise
        finally:
            self._count()

    def drop_before(self, number: int) -> None:
        """The segments before ``number`` are not needed any more."""
        for old in [old for old in self._sizes if old < number]:
            with suppress(FileNotFoundError):
                self._path(old).unlink()
            del self._sizes[old]
        self._count()

    def make_reserve(self) -> None:
        """Take the ballast from the disk, if there is room for it."""
        temporary = self._ballast.with_suffix(".new")
        try:
            with temporary.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
            temporary.rename(self._ballast)
            self.reserve = True
        except OSError:
            temporary.unlink(missing_ok=True)

    def release_reserve(self) -> bool:
        """Give the ballast to those who need it now; False where it is gone already."""
        there, self.reserve = self.reserve, False
        self._ballast.unlink(missing_ok=True)
        return there

    def close(self) -> None:
        """Close the files; what was not synced is in the hands of the kernel."""
        self._abandon()
        os.close(self._directory)

    def _begin(self) -> None:
        number = max(self._sizes, default=0) + 1
        flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC
        file = os.open(self._path(number), flags, 0o600)
        self._abandon()
        self._file, self._synced, self._written = file, 0, 0
        self._sizes[number] = 0
        self.current = number

    def _cut(self) -> None:
        """After a failure: only what was synced is there, and the next write tries again."""
        if self._file is None:
            return
        try:
            os.ftruncate(self._file, self._synced)
        except OSError:
            self._abandon()
            return
        self._written = self._synced
        if not self._written:  # a segment without its snapshot is none
            with suppress(OSError):
                self._path(self.current).unlink()
            del self._sizes[self.current]
            self._abandon()

    def _count(self) -> None:
        """For those who look on from another thread."""
        if self._file is not None:
            self._sizes[self.current] = self._written
        self.current = max(self._sizes, default=0)
        self.size = sum(self._sizes.values())

    def _abandon(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08d}.log"


def full(error: OSError) -> bool:
    """True when ``error`` says that there is no room."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
