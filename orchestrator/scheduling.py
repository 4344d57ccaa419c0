"""Which runner gets the next trial, and how many new ones are needed. Pure.

A runner holds as many trials as it has slots. Where trials are very short a few more wait on the
runner, so that a slot is never idle for a round trip; where they are long none does, because a
sampler that is asked late knows more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.leases import Leases
from orchestrator.study_engine import StudyEngine
from orchestrator.trials import Trial

LOOKAHEAD_SECONDS = 0.02
"""How much work may wait on a runner."""

LOOKAHEAD_TRIALS = 32
VERY_SHORT_SECONDS = 0.002


@dataclass(slots=True)
class Runner:
    """A runner as the orchestrator knows it; ``seen`` is monotonic seconds.

    ``boot`` names its spool: another one means that all it held before is gone.
    """

    name: str
    boot: str
    slots: int
    offers: frozenset[str]
    seen: float


@dataclass(frozen=True, slots=True)
class Grant:
    """Hand ``trial`` to ``runner``."""

    engine: StudyEngine
    trial: Trial
    runner: str


def lookahead(engine: StudyEngine) -> int:
    """How many trials may wait on a runner, by how long trials of this study take."""
    seconds = engine.typical_seconds
    if seconds is None:
        return 0
    return min(LOOKAHEAD_TRIALS, int(LOOKAHEAD_SECONDS / max(seconds, 1e-6)))


def very_short(engine: StudyEngine) -> bool:
    """True where a trial takes about as long as it takes to store it."""
    seconds = engine.typical_seconds
    return seconds is not None and seconds < VERY_SHORT_SECONDS


def plan(
    runners: Sequence[Runner], engines: Iterable[StudyEngine], leases: Leases
) -> tuple[list[Grant], dict[int, int]]:
    """The grants to make now, and for each study how many more trials could be run.

    Runners take turns, the least loaded first, and so do the studies of each.
    """
    grants: list[Grant] = []
    demand: dict[int, int] = {}
    held = {runner.name: len(leases.held.get(runner.name, ())) for runner in runners}
    for engine in engines:
        able = [r for r in runners if engine.spec.objective.entry in r.offers]
        ahead = lookahead(engine)
        room = {r.name: r.slots + ahead - held[r.name] for r in able}
        demand[engine.id] = 0
        while open_to := [r for r in able if room[r.name] > 0]:
            runner = min(open_to, key=lambda r: held[r.name] - r.slots)
            trial = engine.next_waiting(avoiding=runner.name if len(able) > 1 else None)
            if trial is None:
                demand[engine.id] += room.pop(runner.name)
                able.remove(runner)
                continue
            grants.append(Grant(engine, trial, runner.name))
            held[runner.name] += 1
            room[runner.name] -= 1
    return grants, demand
