"""The folders that must keep what they are given: their file system, free space and speed."""

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from schema.errors import WrongInput
from trial_runner.byte_size import format_bytes
from trialmq.doctor.findings import Finding, doubtful, good, wrong

LITTLE_BYTES = 2 * 2**30
NOTHING_BYTES = 100 * 2**20
SLOW_SECONDS = 0.02
FLUSHES = 5
MOUNTS = Path("/proc/self/mountinfo")
NETWORK = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "gpfs",
        "beegfs",
        "9p",
        "ncpfs",
        "fuse.sshfs",
        "fuse.glusterfs",
        "fuse.ceph",
        "fuse.s3fs",
        "fuse.rclone",
        "fuse.gcsfuse",
    ]
)
"""File systems on which a lock may be held by two hosts at once, or a flush may mean little."""


def look_at_folder(what: str, folder: Path) -> list[Finding]:
    """What there is to know of the folder of ``what`` (the database, the runner's state)."""
    place = nearest(folder)
    if not os.access(place, os.W_OK):
        raise WrongInput(f"{place} cannot be written; give this user a folder of its own")
    return [_file_system(what, place), _space(what, place), _speed(what, place)]


def nearest(folder: Path) -> Path:
    """``folder``, or the one above it that exists."""
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if place.is_dir())


def file_system(folder: Path, mounts: Path = MOUNTS) -> str:
    """The kind of file system that ``folder`` is on; empty where nobody can tell."""
    real = folder.resolve()
    best, kind = -1, ""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    for line in lines:
        left, _, right = line.partition(" - ")
        point = left.split()[4].replace("\\040", " ")
        if real.is_relative_to(point) and len(point) >= best:  # a later mount covers an earlier
            best, kind = len(point), right.split()[0]
    return kind


def _file_system(what: str, folder: Path) -> Finding:
    kind, subject = file_system(folder), f"disk: {what}"
    if kind in NETWORK:
        return wrong(
            subject,
            f"{folder} is on {kind}, where locks and flushes cannot be relied on",
            "use a folder on a local disk",
        )
    if kind in ("tmpfs", "ramfs"):
        return doubtful(
            subject,
            f"{folder} is in memory ({kind}) and gone with a restart",
            "use a folder on a local disk for what has to last",
        )
    return good(subject, f"{folder} is on {kind or 'an unknown file system'}")


def _space(what: str, folder: Path) -> Finding:
    free, subject = shutil.disk_usage(folder).free, f"space: {what}"
    found = f"{format_bytes(free)} free in {folder}"
    if free < NOTHING_BYTES:
        return wrong(subject, found, "free some space before anything is started")
    if free < LITTLE_BYTES:
        return doubtful(subject, found, "free some space soon")
    return good(subject, found)


def _speed(what: str, folder: Path) -> Finding:
    """How long a flush takes, as every commit and every end of a trial waits for one."""
    took = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(FLUSHES):
            file.write(b"\0" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    seconds = statistics.median(took)
    subject, found = f"speed: {what}", f"a flush to the disk takes {seconds * 1000:.2g} ms"
    if seconds > SLOW_SECONDS:
        return doubtful(subject, found, "every commit waits that long; a faster disk would help")
    return good(subject, found)
