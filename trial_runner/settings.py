"""The settings of a runner, built once and passed down."""

from pathlib import Path

import msgspec

from schema.identity import ORCHESTRATOR


class RunnerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a runner behaves; seconds throughout.

    ``isolate`` gives every trial a fresh process instead of a warm one. ``stop_grace_seconds`` is
    how long a trial may take to end itself before its process is killed, ``memory_grace_seconds``
    how long it waits for memory of its GPU before it is given back; a process that was killed gives
    its memory back within a second or two.

    ``state_dir`` is where the spool survives the process, and ``spool_bytes`` how much it may hold
    there; without a folder it lives in memory, and a restarted runner is a new one.
    """

    orchestrator: str = ORCHESTRATOR
    state_dir: Path | None = None
    spool_bytes: int = 256 * 1024 * 1024

    isolate: bool = False
    heartbeat_seconds: float = 5.0
    stop_grace_seconds: float = 3.0
    memory_grace_seconds: float = 10.0
    output_bytes: int = 64 * 1024
