"""The one place from which turns are stored, and what happens when the disk is full or fails.

A resident service waits for the disk: it stores the same turn again and again, and meanwhile takes,
grants and acknowledges nothing. One that runs a single sweep ends with the disk's error.
"""

import asyncio
import logging
import time

from orchestrator.engine.trials import Changes
from orchestrator.store.database import DiskTrouble
from orchestrator.store.store import Store
from schema.failpoints import reach

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
FRESH_SECONDS = 1.0
"""How long after a commit one may be sure that no other orchestrator took over."""


class Ledger:
    """Stores turns; ``degraded`` says why that is not possible now, empty when it is."""

    def __init__(self, store: Store, *, patient: bool) -> None:
        self.degraded = ""
        self._store = store
        self._patient = patient
        self._committed = float("-inf")

    @property
    def fresh(self) -> bool:
        """Was something stored in this term just now?"""
        return time.monotonic() - self._committed < FRESH_SECONDS

    async def commit(self, changes: Changes) -> None:
        """Store a turn, at once or, with patience, when the disk is well again.

        Raises:
            Deposed: another orchestrator took over.
            StoreError: it cannot be stored.
        """
        pause = FIRST_PAUSE_SECONDS
        while changes:
            try:
                await self._store.commit(changes)
            except DiskTrouble as error:
                if not self._patient:
                    raise
                if not self.degraded:
                    logger.error("nothing is decided until this is well again: %s", error)
                self.degraded = str(error)
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
                continue
            self.degraded = ""
            self._committed = time.monotonic()
            reach("service.after_commit")
            return
