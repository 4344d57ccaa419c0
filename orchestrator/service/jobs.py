"""What a service does at the same time: its jobs, and the first of their errors."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Jobs:
    """Tasks that end with their service; one that fails breaks it."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._crash: asyncio.Future[None]
        self._over = False

    def begin(self) -> None:
        """In the event loop that they will run in."""
        self._crash = asyncio.get_running_loop().create_future()

    def start(self, job: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run ``job`` beside the others; after their end it is cancelled before it begins."""
        task = asyncio.create_task(job)
        if self._over:
            task.cancel()
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) and not self._crash.done():
            self._crash.set_exception(error)

    async def broken(self) -> None:
        """Never returns; raises the first error of a job."""
        await asyncio.shield(self._crash)

    async def wait(self, waiting: asyncio.Task[None]) -> None:
        """Returns when ``waiting`` is done, or raises the first error of a job."""
        await asyncio.wait({waiting, self._crash}, return_when=asyncio.FIRST_COMPLETED)
        if self._crash.done():
            self._crash.result()

    async def end(self) -> None:
        """Cancel them all, and wait until they are gone."""
        self._over = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._crash.done():
            self._crash.exception()
