"""Processes as Linux knows them: which one it is, what it started, and how to end all of that."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from trial_runner.spool_format import ProcessMark

PROC = Path("/proc")


def mark_of(process: int) -> ProcessMark | None:
    """How to recognise a living process, even after a restart of its host; ``None`` for no such."""
    fields = _status(process)
    if fields is None:
        return None
    with suppress(OSError):
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return ProcessMark(process, f"{boot}/{fields[19]}")
    return None


def end_with_all(process: int) -> None:
    """Kill the process group, and whatever else is left in the session that ``process`` led."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)
    for other in _in_session(process):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(other, signal.SIGKILL)


def end_if_it_is(mark: ProcessMark) -> bool:
    """Kill what an earlier start of the runner left behind; False if the process is not there."""
    if mark_of(mark.id) != mark:
        return False
    end_with_all(mark.id)
    return True


def killed_for_memory() -> int | None:
    """How many processes the kernel has killed because memory ran out, on the host or in a group;
    ``None`` where that is not told."""
    with suppress(OSError, ValueError):
        for line in (PROC / "vmstat").read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == "oom_kill":
                return int(count)
    return None


def _in_session(leader: int) -> Iterator[int]:
    with suppress(OSError):
        for entry in os.scandir(PROC):
            if entry.name.isdecimal():
                fields = _status(int(entry.name))
                if fields is not None and fields[3] == str(leader) and fields[0] not in "ZX":
                    yield int(entry.name)


def _status(process: int) -> list[str] | None:
    """The fields of ``/proc/PID/stat`` behind the name: state, parent, group, session, …"""
    try:
        return (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
