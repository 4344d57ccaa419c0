"""What the CPU and the memory of this host do, as Linux tells it; elsewhere ``None``.

Memory is that of the control group where its limit is below the host's: in a container, the limit
is what a process dies of.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from trial_runner.nvml import Memory

ROOT = Path("/")


def cores() -> int:
    """How many cores this process may use."""
    return len(_own_cores())


def _own_cores() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return set(os.sched_getaffinity(0))
    return set(range(os.cpu_count() or 1))


class CpuTimes(NamedTuple):
    """Ticks that this process's cores have counted since the start of the host."""

    busy: int
    total: int

    @classmethod
    def read(cls, root: Path = ROOT) -> "CpuTimes | None":
        """As of now, by ``/proc/stat``."""
        try:
            lines = (root / "proc/stat").read_text("ascii").splitlines()
            own = {f"cpu{core}" for core in _own_cores()}
            ticks = [list(map(int, w[1:9])) for w in map(str.split, lines) if w and w[0] in own]
        except (OSError, ValueError):
            return None
        # user, nice, system, idle, iowait, irq, softirq, steal; guests are counted in the first two
        total = sum(map(sum, ticks))
        return cls(total - sum(sum(t[3:5]) for t in ticks), total) if ticks else None

    def utilisation_since(self, earlier: "CpuTimes") -> float | None:
        """The part of the time between two readings in which the cores worked, from 0 to 1."""
        ticks = self.total - earlier.total
        return min(1.0, max(0.0, (self.busy - earlier.busy) / ticks)) if ticks > 0 else None


def host_memory(root: Path = ROOT) -> Memory | None:
    """The memory that processes here may have and have, without what is only cache."""
    try:
        lines = (root / "proc/meminfo").read_text("ascii").splitlines()
        kibibytes = {
            name: int(rest.split()[0]) for name, _, rest in (s.partition(":") for s in lines)
        }
        total = kibibytes["MemTotal"] * 1024
        host = Memory(total, total - kibibytes["MemAvailable"] * 1024)
    except (OSError, ValueError, LookupError):
        return None
    return min([host, *_control_groups(root)], key=lambda memory: memory.total)


def _control_groups(root: Path) -> Iterator[Memory]:
    """The limit and use of each control group that this process is in, in version 2 and 1."""
    try:
        lines = (root / "proc/self/cgroup").read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            top, files = root / "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            top = root / "sys/fs/cgroup/memory"
            files = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        own = top / path.lstrip("/")
        for group in (own, *own.parents):
            if group.is_relative_to(top) and (memory := _group_memory(group, *files)):
                yield memory


def _group_memory(group: Path, limit: str, usage: str, cache: str) -> Memory | None:
    try:
        most, used = int((group / limit).read_text()), int((group / usage).read_text())
        counts = dict(map(str.split, (group / "memory.stat").read_text().splitlines()))
        return Memory(most, max(0, used - int(counts[cache])))
    except (OSError, ValueError, LookupError):
        return None  # "max", or no such group: a container sees its own as the top
