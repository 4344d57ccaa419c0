"""How fast one peer is listened to: a steady rate, and as much again at once after a pause."""

import asyncio
import time


class Pace:
    """Lets ``rate`` pass a second, and up to ``burst`` at once."""

    def __init__(self, rate: float, burst: int) -> None:
        self._seconds = 1 / rate
        self._ahead = burst / rate
        self._next = time.monotonic()

    async def keep(self) -> None:
        """Returns when the next one may pass."""
        now = time.monotonic()
        self._next = max(self._next, now - self._ahead) + self._seconds
        if self._next > now:
            await asyncio.sleep(self._next - now)
