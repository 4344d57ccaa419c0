"""The log of all studies as far as it was read, shared by all tabs that look at it."""

from collections import deque

from orchestrator.client.client import Client
from schema.commands.feed import LogEntry

MOST = 50_000
"""What is older is read again when somebody wants it."""


class LiveLog:
    """Entries by time; `newer` and `older` read on at either end."""

    def __init__(self) -> None:
        self.entries: deque[LogEntry] = deque(maxlen=MOST)
        """The oldest that is known first."""
        self.version = 0
        """Grows whenever there are more."""
        self.complete = False
        """Whether nothing older is left to be read."""

    async def newer(self, client: Client) -> None:
        """Read what was added since."""
        if not self.entries:
            await self.older(client)
            return
        while page := await client.log(after=self.entries[-1].event.id):
            last = self.entries[-1].event.id
            self.entries.extend(entry for entry in page if entry.event.id > last)
            self.version += 1

    async def older(self, client: Client) -> None:
        """Read a page of what was before."""
        if self.complete or len(self.entries) == MOST:
            return
        first = self.entries[0].event.id if self.entries else None
        page = await client.log(before=first)
        known = self.entries[0].event.id if self.entries else None
        self.entries.extendleft(e for e in page if known is None or e.event.id < known)
        self.complete = not page
        self.version += 1
