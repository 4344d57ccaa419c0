"""A small file that is there whole or not at all, whatever happens while it is written."""

import os
from contextlib import suppress
from pathlib import Path


def write_durably(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Put ``data`` at ``path``: written beside it, synced, renamed, and the folder synced.

    Args:
        sync: False is enough against the death of processes, not against that of the machine.

    Raises:
        OSError: it could not be written; what was at ``path`` still is.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        file = os.open(temporary, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(file, rest) :]
            if sync:
                os.fsync(file)
        finally:
            os.close(file)
        temporary.rename(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    if sync:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
