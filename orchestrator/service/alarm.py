"""Wakes the service at a moment, where waiting for its next tick would be too late."""

import asyncio
import math
from collections.abc import Callable


class Alarm:
    """Calls ``wake`` at the earliest of the moments that were asked for, or a little before."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._due = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def at(self, due: float, now: float) -> None:
        """Ring at ``due``; both are monotonic seconds, and ``math.inf`` is never."""
        if due < self._due:
            self.cancel()
            self._due = due
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(0.0, due - now), self._ring)

    def cancel(self) -> None:
        """Do not ring."""
        self._due = math.inf
        if self._timer is not None:
            self._timer.cancel()

    def _ring(self) -> None:
        self._due = math.inf
        self._wake()
