"""Configurations that a person wants tried, first come, first served, before the sampler's. Pure.

Each is stored as it is queued, and forgotten with the transaction that makes it a trial; so none
is lost or run twice, however the orchestrator ends.
"""

from collections import deque
from itertools import islice

from orchestrator.engine.suggestions import Queued
from orchestrator.engine.trials import Changes, Moment, Trial
from schema.events import EventKind
from schema.values import Value


class TrialQueue:
    """The queue of one study."""

    def __init__(self) -> None:
        self._waiting: deque[Queued] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def append(self, queued: Queued) -> None:
        """Behind all others."""
        self._waiting.append(queued)

    def next(self, count: int) -> list[dict[str, Value] | None]:
        """The configurations of the next ``count`` trials; ``None`` where the sampler chooses."""
        first: list[dict[str, Value] | None] = [q.values for q in islice(self._waiting, count)]
        return first + [None] * (count - len(first))

    def become(self, trial: Trial, moment: Moment, changes: Changes) -> None:
        """The first one is ``trial`` now."""
        queued = self._waiting.popleft()
        if queued.id is not None:
            changes.dequeued.append((queued.id,))
            changes.event(moment.wall, trial, EventKind.QUEUED, queued.text)
