"""Ctrl-C and SIGTERM: the first one is a wish to end well, the second one ends the process."""

import asyncio
import os
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def interruption() -> Iterator[asyncio.Event]:
    """An event that the first Ctrl-C or SIGTERM sets; the second one ends the process at once."""
    loop = asyncio.get_running_loop()
    event = asyncio.Event()

    def on_signal() -> None:
        if event.is_set():
            os._exit(130)  # the slots die with this process; the database is intact at any moment
        event.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    try:
        yield event
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def uninterrupted(job: Coroutine[Any, Any, object]) -> bool:
    """Let ``job`` run to its end: True; False when the first Ctrl-C or SIGTERM cancelled it.

    What the job raises is raised.
    """
    with interruption() as interrupted:
        working = asyncio.create_task(job)
        waiting = asyncio.create_task(interrupted.wait())
        try:
            await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
            return working.done()
        finally:
            working.cancel()
            waiting.cancel()
            await asyncio.gather(working, waiting, return_exceptions=True)
