"""What a person sees while a sweep runs; this file holds the view that shows nothing.

A view is entered before the objective is loaded. `watch` hands it a way to take a picture of the
study; from then on it takes one at every beat and shows it. The picture is taken in the event loop,
between two turns of the service, so it is never half of something. One of a service elsewhere may
be old: the view then says since when nothing was heard, instead of showing it as if it were now.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from schema.durations import shown_duration
from schema.results import Progress

LOADING = "loading the objective…"
LOST_SECONDS = 4.0
"""A picture that is older was not taken for want of a connection."""


class View:
    """Follows a sweep in silence."""

    beat_seconds = 1.0

    def __init__(self) -> None:
        self.first: Progress | None = None
        self.began = time.monotonic()
        self._picture: Callable[[], Progress] | None = None
        self._age: Callable[[], float] = lambda: 0.0
        self._task: asyncio.Task[None] | None = None

    def watch(
        self, picture: Callable[[], Progress], age: Callable[[], float] = lambda: 0.0
    ) -> None:
        """From now on there is something to see; `first` is how the study stood at the start.

        ``age`` says how many seconds old the picture is.
        """
        self._picture = picture
        self._age = age
        self.first = picture()

    def tell(self, line: str) -> None:
        """Something to be known all the time, as where this listens."""

    def show(self, progress: Progress | None) -> None:
        """Show the study; ``None`` while its objective is being loaded."""

    @property
    def lost_seconds(self) -> float:
        """Seconds since anything was heard of the study; 0 while the connection stands."""
        age = self._age()
        return age if age > LOST_SECONDS else 0.0

    @property
    def elapsed(self) -> float:
        """Seconds since the view was made."""
        return time.monotonic() - self.began

    async def _follow(self) -> None:
        while True:
            self.show(self._picture() if self._picture else None)
            await asyncio.sleep(self.beat_seconds)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


def lost_sentence(seconds: float) -> str:
    """What there is to say while nothing is heard of a study."""
    return f"not connected since {shown_duration(round(seconds))}, trials go on"
