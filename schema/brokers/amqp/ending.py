"""Ends tasks for certain, also where what they wait for swallows a cancellation."""

import asyncio
from typing import Any

AGAIN_SECONDS = 0.5
"""A cancellation that did nothing for so long was swallowed, and is repeated."""


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel the tasks; they have ended on return.

    Once is not enough: a library beneath a task may take the cancellation for that of its own
    work, as aiormq does when a channel is closed at the same moment.
    """
    while still := {task for task in tasks if not task.done()}:
        for task in still:
            task.cancel()
        await asyncio.wait(still, timeout=AGAIN_SECONDS)
