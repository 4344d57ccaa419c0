"""An event loop whose clock jumps to the next timer: hours of a protocol in milliseconds."""

import asyncio
import selectors


class _Jump(selectors.DefaultSelector):
    """Waits for nothing, and moves the clock by as much as it should have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("everybody waits and no timer is set")
        self.now += max(timeout, 0.0)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """For code that only sleeps, waits for events and calls later; there is no real I/O."""

    def __init__(self) -> None:
        self._jump = _Jump()
        super().__init__(self._jump)

    def time(self) -> float:
        """Seconds since the beginning of the world."""
        return self._jump.now

    def monotonic(self) -> float:
        """The same, for code that takes a module ``time``."""
        return self._jump.now
