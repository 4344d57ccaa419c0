"""Control trials run to their end whatever the pruner says, and so tell what pruning loses. Pure.

Which trials are control trials follows from the study and the trial's number; what the pruner said
of them is in the event log. At the end it is held against how they ended: the regret. A control
trial that completes is evidence for the pruner like any other complete trial.
"""

from collections.abc import Container, Iterable, Sequence
from zlib import crc32

from schema.events import EventKind
from schema.results import Event, Regret, TrialResult
from schema.study import StudySpec

TOPS = (1, 3, 10)
"""How many of the best one asks about."""


def is_control(spec: StudySpec, number: int) -> bool:
    """True for the share of trials that the study keeps as control trials.

    A larger share keeps those of a smaller one. The draw is a checksum of the study's name, its
    seed and the trial's number, so that it is the same after a restart and for every sampler.
    """
    draw = crc32(f"control {spec.name} {spec.seed} {number}".encode())
    return draw < spec.settings.pruner.control_fraction * 2**32


def regret_of(
    complete: Sequence[TrialResult], ranked: Sequence[TrialResult], events: Iterable[Event]
) -> Regret | None:
    """The regret of a study, ``None`` without any complete control trial.

    ``complete`` are its complete trials, ``ranked`` the feasible ones of them, best first.
    """
    control: set[int] = set()
    said: dict[int, float] = {}  # when the pruner would first have ended the counted attempt
    for event in events:
        if event.trial is None:
            continue
        if event.kind == EventKind.LEASED:
            control.discard(event.trial)
            said.pop(event.trial, None)
        elif event.kind == EventKind.CONTROL:
            control.add(event.trial)
        elif event.kind == EventKind.WOULD_PRUNE:
            said.setdefault(event.trial, event.at)
    trials = [trial for trial in complete if trial.number in control]
    if not trials:
        return None
    return Regret(
        trials=len(trials),
        would_prune=sum(trial.number in said for trial in trials),
        lost=lost_of_best([t.number for t in ranked if t.number in control], said),
        seconds=sum(trial.seconds for trial in trials),
        saved=sum(
            min(max((t.ended or 0.0) - said[t.number], 0.0), t.seconds)
            for t in trials
            if t.number in said
        ),
    )


def lost_of_best(ranked: Sequence[int], pruned: Container[int]) -> dict[int, int]:
    """How many of the best 1, 3 and 10 are ``pruned``, as far as more are ``ranked``."""
    return {
        top: sum(number in pruned for number in ranked[:top]) for top in TOPS if top < len(ranked)
    }
