"""Which things changed since a tab last looked, so that a tab's whole state is one number.

Nothing is pushed and nothing is queued: whoever looks says up to which version it knows, and is
told the keys that changed since. Several `Changes` on one `Clock` share their versions.
"""

from collections.abc import Hashable, Iterator
from itertools import count
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Clock:
    """Hands out versions: 1, 2, 3 …"""

    def __init__(self) -> None:
        self._ticks: Iterator[int] = count(1)

    def tick(self) -> int:
        """A version that is higher than every one before."""
        return next(self._ticks)


class Changes(Generic[K]):
    """The version at which each key last changed."""

    def __init__(self, clock: Clock) -> None:
        self.version = 0
        self._clock = clock
        self._at: dict[K, int] = {}  # in the order in which they changed

    def touch(self, key: K) -> None:
        """It changed now."""
        self.version = self._clock.tick()
        self._at.pop(key, None)
        self._at[key] = self.version

    def since(self, version: int) -> list[K]:
        """The keys that changed after ``version``, the latest first."""
        changed = []
        for key in reversed(self._at):
            if self._at[key] <= version:
                break
            changed.append(key)
        return changed
