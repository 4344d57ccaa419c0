"""What is known of a study beyond its rows and curves: when and where its trials ran, which
variables matter, and where the pruner's line is.

It is asked for while a page that shows it is open: the attempts of those trials that changed, and
the rest every few seconds while trials complete.
"""

import time

from orchestrator.client.client import Client
from schema.commands.insight import Importance, PrunerLine
from schema.commands.trials import ATTEMPTS_OF, AttemptSpan
from schema.errors import TrialMQError
from webui.live.study import LiveStudy

EVERY_SECONDS = 5.0
"""Importance and the pruner's line are asked for at most so often."""


class Insight:
    """What one page knows of one study; `refresh` brings it up to date."""

    def __init__(self, client: Client, study: LiveStudy) -> None:
        self.attempts: dict[int, tuple[AttemptSpan, ...]] = {}
        """By the number of the trial."""
        self.importance: Importance | None = None
        self.line: PrunerLine | None = None
        self.version = 0
        self._client = client
        self._study = study
        self._seen = 0
        self._wanted: set[int] = set()
        self._asked_for: object = None
        self._asked_at = 0.0

    async def refresh(self) -> None:
        """Ask for what changed; without an answer everything stays as it was."""
        study = self._study
        self._wanted.update(study.patches_since(self._seen))
        self._seen = study.version
        try:
            await self._ask_attempts()
            await self._ask_rest()
        except TrialMQError:
            return  # the next round asks again

    async def _ask_attempts(self) -> None:
        rows = self._study.rows
        self._wanted = {n for n in self._wanted if n in rows and rows[n].attempt}
        while asked := sorted(self._wanted)[:ATTEMPTS_OF]:
            spans = await self._client.attempts(self._study.name, asked)
            for number in asked:
                self.attempts[number] = tuple(span for span in spans if span.number == number)
            self._wanted.difference_update(asked)
            self.version += 1

    async def _ask_rest(self) -> None:
        study, now = self._study, time.monotonic()
        progress = study.progress
        state = (progress.complete, progress.done, study.settings.version)
        if state == self._asked_for or now - self._asked_at < EVERY_SECONDS:
            return
        self._asked_at = now
        found = await self._client.importance(study.name)
        pruners = await self._client.pruners(study.name)
        self._asked_for = state
        if (found, pruners.line) != (self.importance, self.line):
            self.importance, self.line = found, pruners.line
            self.version += 1
