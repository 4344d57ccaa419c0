"""How long each study was served, and which were for as long as they may be. Pure.

``limits.seconds`` counts from the moment at which a study was opened or continued, while it is
served, is not paused and has something to do. A service that starts anew counts anew.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.engine.study_engine import StudyEngine
from schema.study import Limits


def out_of_time(limits: Limits) -> str:
    """Why a study is closed that was served for as long as it may be."""
    return f"the time limit of {limits.seconds or 0:g} s is reached"


@dataclass(slots=True)
class _Meter:
    seconds: float = 0.0
    since: float | None = None  # counted up to here, monotonic; None while it does not count


class ServedTimes:
    """The meters of the studies; ``due`` is the monotonic time at which the next is over."""

    def __init__(self) -> None:
        self.due = math.inf
        self._meters: dict[int, _Meter] = {}

    def begin(self, study: int, seconds: float = 0.0) -> None:
        """Count from here on, from so many ``seconds``."""
        self._meters[study] = _Meter(seconds)

    def forget(self, study: int) -> None:
        """The study is not served any more."""
        self._meters.pop(study, None)

    def close_those_over(self, engines: Iterable[StudyEngine], now: float) -> None:
        """Count what went by since the last call, and close the studies whose time is over."""
        self.due = math.inf
        for engine in engines:
            meter = self._meters.setdefault(engine.id, _Meter())
            if meter.since is not None:
                meter.seconds += now - meter.since
            meter.since = None
            settings = engine.spec.settings
            if settings.paused or engine.closed_because or engine.done:
                continue
            meter.since = now
            limit = settings.limits.seconds
            if limit is None:
                continue
            if meter.seconds >= limit:
                engine.close(out_of_time(settings.limits))
            else:
                self.due = min(self.due, now + limit - meter.seconds)
