"""The rows of one study for the table of trials: made once for all tabs, and kept as JSON.

A row is made anew when its trial, its drafts or the progress of a running trial moved; `changes`
says which rows then read differently, so that a tab's whole state is the version that it has.
"""

import asyncio
from collections.abc import Iterable
from typing import Protocol

import msgspec

from schema.results import Progress, RunningTrial, TrialResult
from schema.space import Space
from webui.grid.rows import row_of
from webui.live.changes import Changes, Clock
from webui.live.drafts import Drafts

AT_ONCE = 500
"""So many rows are made before others have their turn."""


class Shown(Protocol):
    """What of a `LiveStudy` its table shows."""

    rows: dict[int, TrialResult]
    drafts: Drafts

    @property
    def space(self) -> Space:
        """Its variables."""

    @property
    def progress(self) -> Progress:
        """How far it is."""

    @property
    def version(self) -> int:
        """Grows with every change."""

    def patches_since(self, version: int) -> list[int]:
        """The trials that changed after ``version``."""


class Table:
    """The rows of a study that is ready."""

    def __init__(self, study: Shown) -> None:
        self.changes: Changes[int] = Changes(Clock())
        """The rows that read differently."""
        self.metrics: tuple[str, ...] = ()
        """The names of all metrics that trials have, in the order in which they came up."""
        self._study = study
        self._rows: dict[int, bytes] = {}
        self._seen = 0
        self._waiting: set[int] = set()
        self._running: dict[int, RunningTrial] = {}
        self._best: frozenset[int] = frozenset()

    def refresh(self) -> int:
        """Make the rows that have to be; returns the version that they are of now."""
        self._make(self._look())
        return self.changes.version

    def since(self, version: int) -> bytes:
        """The rows that changed after `version`, as a JSON list."""
        changed = (self._rows.get(number) for number in self.changes.since(version))
        return msgspec.json.encode([msgspec.Raw(row) for row in changed if row is not None])

    async def everything(self) -> bytes:
        """All rows and their version as JSON."""
        while waiting := self._look():
            self._make(waiting[:AT_ONCE])
            await asyncio.sleep(0)
        rows = [msgspec.Raw(row) for _, row in sorted(self._rows.items())]
        return msgspec.json.encode({"version": self.changes.version, "rows": rows})

    def _look(self) -> list[int]:
        """The rows that are to be made: those that moved since, and those that still wait."""
        study = self._study
        seen, self._seen = self._seen, study.version
        stale = self._waiting
        stale |= set(study.patches_since(seen))
        running = {trial.number: trial for trial in study.progress.running}
        if running != self._running:
            stale |= running.keys() | self._running.keys()
            self._running = running
        best = frozenset([study.progress.best[0]] if study.progress.best else [])
        if best != self._best:
            stale |= best | self._best
            self._best = best
        for number in stale - study.rows.keys():
            self._rows.pop(number, None)
        self._waiting = stale & study.rows.keys()
        return sorted(self._waiting)

    def _make(self, numbers: Iterable[int]) -> None:
        study = self._study
        for number in numbers:
            trial, running = study.rows[number], self._running.get(number)
            drafts = study.drafts.of(number)
            row = row_of(trial, study.space, drafts, running, self._best)
            self._waiting.discard(number)
            self._note_metrics(trial.metrics, running.metrics if running else None)
            encoded = msgspec.json.encode(row)
            if self._rows.get(number) != encoded:
                self._rows[number] = encoded
                self.changes.touch(number)

    def _note_metrics(self, *named: dict[str, float] | None) -> None:
        for metrics in named:
            if metrics and not metrics.keys() <= set(self.metrics):
                self.metrics = tuple(dict.fromkeys([*self.metrics, *metrics]))
