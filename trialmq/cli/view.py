"""What a person sees while a sweep runs; this file holds the view that shows nothing.

A view is entered before the objective is loaded. `watch` hands it a way to take a picture of the
study; from then on it takes one at every beat and shows it. The picture is taken in the event loop,
between two turns of the service, so it is never half of something.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from schema.results import Progress


class View:
    """Follows a sweep in silence."""

    beat_seconds = 1.0

    def __init__(self) -> None:
        self.first: Progress | None = None
        self.began = time.monotonic()
        self._picture: Callable[[], Progress] | None = None
        self._task: asyncio.Task[None] | None = None

    def watch(self, picture: Callable[[], Progress]) -> None:
        """From now on there is something to see; `first` is how the study stood at the start."""
        self._picture = picture
        self.first = picture()

    def show(self, progress: Progress | None) -> None:
        """Show the study; ``None`` while its objective is being loaded."""

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
