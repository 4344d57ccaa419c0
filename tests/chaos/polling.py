"""A client that asks every 20 ms, to find out for how long an orchestrator did not answer."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from orchestrator.client.client import Client

PAUSE_SECONDS = 0.02


class Polling:
    """What it found: how many answers came, and the longest time without one, in seconds."""

    def __init__(self) -> None:
        self.answers = 0
        self.longest = 0.0

    async def ask(self, client: Client) -> None:
        """Until cancelled."""
        while True:
            asked = time.monotonic()
            await client.service()
            self.answers += 1
            self.longest = max(self.longest, time.monotonic() - asked)
            await asyncio.sleep(PAUSE_SECONDS)


@asynccontextmanager
async def polled(client: Client) -> AsyncIterator[Polling]:
    """Asks while inside.

    Raises:
        NoAnswer: none came within the deadline of the client.
    """
    polling = Polling()
    task = asyncio.create_task(polling.ask(client))
    try:
        yield polling
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
