"""How long the trials of a study take: on average, to tell people, and lately, to plan by. Pure."""

import statistics
from collections import deque

from orchestrator.engine.trials import Trial

RECENT = 15


class Durations:
    """The durations of trials that ran and ended, in seconds."""

    def __init__(self) -> None:
        self._total = 0.0
        self._count = 0
        self._recent: deque[float] = deque(maxlen=RECENT)

    def add(self, trial: Trial) -> None:
        """One more has ended; one that never ran says nothing."""
        if trial.started is not None:
            self._total += trial.seconds
            self._count += 1
            self._recent.append(trial.seconds)

    @property
    def mean(self) -> float | None:
        """Of all; ``None`` before the first."""
        return self._total / self._count if self._count else None

    @property
    def recent(self) -> float | None:
        """The median of the last `RECENT`, which a slow first one does not spoil."""
        return statistics.median(self._recent) if self._recent else None
