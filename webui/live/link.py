"""Whether answers come: what keeps a page from showing as live what is not."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 5.0
"""A question that waits longer for its answer is a lost connection."""


class Link:
    """The questions of one loop that asks again and again, and their answers."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.because = ""
        """Why the last question had no answer; empty when it had one."""
        self._now = now
        self._asked: float | None = None
        self._answered: float | None = None

    def asking(self) -> None:
        """A question goes out."""
        if self._asked is None:
            self._asked = self._now()

    def answered(self) -> None:
        """Its answer is here."""
        self.because, self._asked, self._answered = "", None, self._now()

    def failed(self, because: str) -> None:
        """No answer came."""
        self.because = because

    @property
    def up(self) -> bool:
        """True while what was heard last still holds."""
        if self.because or self._answered is None:
            return False
        return self._asked is None or self._now() - self._asked < PATIENCE_SECONDS

    @property
    def asked(self) -> bool:
        """Whether a question has been waiting too long, was refused or was answered."""
        waiting = self._asked is not None and self._now() - self._asked >= PATIENCE_SECONDS
        return waiting or bool(self.because) or self._answered is not None

    @property
    def silent_seconds(self) -> float:
        """How long ago the last answer came; 0 where there was none yet."""
        return 0.0 if self._answered is None else self._now() - self._answered
