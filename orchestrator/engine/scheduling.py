"""Which runner gets the next trial of which study, and how many new ones are needed. Pure.

A runner holds as many trials as it has slots. Where trials are very short a few more wait on the
runner, so that a slot is never idle for a round trip; where they are long none does, because a
sampler that is asked late knows more.

Studies share the slots by their weights: the next free one goes to the study that has the fewest in
use for its weight, and of equals to the one that has not been given any for longest. A study whose
next trial is not made yet keeps its place, as *demand*.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.engine.leases import HELD, Leases
from orchestrator.engine.study_engine import StudyEngine
from orchestrator.engine.trials import Trial
from orchestrator.service.runners import Runner

LOOKAHEAD_SECONDS = 0.02
"""How much work may wait on a runner."""

LOOKAHEAD_TRIALS = 32
VERY_SHORT_SECONDS = 0.002


@dataclass(frozen=True, slots=True)
class Grant:
    """Hand ``trial`` to ``runner``."""

    engine: StudyEngine
    trial: Trial
    runner: str


def lookahead(engine: StudyEngine) -> int:
    """How many trials may wait on a runner, by how long trials of this study take."""
    seconds = engine.durations.recent
    if seconds is None:
        return 0
    return min(LOOKAHEAD_TRIALS, int(LOOKAHEAD_SECONDS / max(seconds, 1e-6)))


def very_short(engine: StudyEngine) -> bool:
    """True where a trial takes about as long as it takes to store it."""
    seconds = engine.durations.recent
    return seconds is not None and seconds < VERY_SHORT_SECONDS


def plan(
    runners: Sequence[Runner], engines: Iterable[StudyEngine], leases: Leases, now: float
) -> tuple[list[Grant], dict[int, int]]:
    """The grants to make now, and for each study how many more trials could be run.

    Of the runners that may take more the least loaded comes first; ``now`` is monotonic seconds.
    """
    load = {runner.name: len(leases.held.get(runner.name, ())) - runner.slots for runner in runners}
    shares = [_Share(engine, runners, now) for engine in engines]
    grants: list[Grant] = []
    hungry = list(shares)
    while hungry:
        share = min(hungry, key=_Share.served)
        if not share.wants_more(load):
            hungry.remove(share)
        elif (grant := share.take(load)) is not None:
            grants.append(grant)
    return grants, {share.engine.id: share.demand for share in shares}


class _Share:
    """What one study has of the runners, and what it may still have."""

    def __init__(self, engine: StudyEngine, runners: Sequence[Runner], now: float) -> None:
        self.engine = engine
        self.demand = 0
        settings = engine.spec.settings
        self._now = now
        self._ahead = lookahead(engine)
        self._weight = settings.weight
        self._used = sum(engine.counts[state] for state in HELD)
        self._most = math.inf if settings.parallelism is None else settings.parallelism
        self._new = engine.creatable
        self._able: list[str] = []
        if not settings.paused and not engine.closed_because:
            self._able = [runner.name for runner in runners if runner.able(engine.spec)]
        self._several = len(self._able) > 1

    def served(self) -> tuple[float, float]:
        """How much of its share it has, and since when."""
        return (self._used + 1) / self._weight, self.engine.granted

    def wants_more(self, load: dict[str, int]) -> bool:
        """Is there a runner with room for it, and something to run or to be made?"""
        if self._used >= self._most or not (self.engine.waiting or self._new > 0):
            return False
        self._able = [name for name in self._able if load[name] < self._ahead]
        return bool(self._able)

    def take(self, load: dict[str, int]) -> Grant | None:
        """Take the place of one trial: of one that waits, or else of one that is to be made."""
        name = min(self._able, key=load.__getitem__)
        trial = self.engine.next_waiting(name if self._several else None, self._now)
        if trial is None and self._new <= 0:
            self._able.remove(name)  # nothing that waits may go there now
            return None
        self._used += 1
        load[name] += 1
        if trial is None:
            self._new -= 1
            self.demand += 1
            return None
        return Grant(self.engine, trial, name)
