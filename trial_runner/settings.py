"""The settings of a runner, built once and passed down."""

import msgspec


class RunnerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a runner behaves; seconds throughout.

    ``isolate`` gives every trial a fresh process instead of a warm one. ``stop_grace_seconds`` is
    how long a trial may take to end itself before its process is killed.
    """

    isolate: bool = False
    heartbeat_seconds: float = 5.0
    stop_grace_seconds: float = 3.0
    output_bytes: int = 64 * 1024
