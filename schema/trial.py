"""The life of a trial: its states and legal transitions, what is wanted of it, how it failed.

A trial is one configuration being evaluated; an attempt is one execution of it. The orchestrator
writes what is *desired*; what a runner *observed* at the end always wins (a trial that completed
although it should have been pruned is complete).
"""

from enum import IntEnum, StrEnum


class TrialState(StrEnum):
    """Where a trial is in its life."""

    WAITING = "waiting"  # it has a configuration and no runner
    LEASED = "leased"  # handed to a runner that has not started it yet
    RUNNING = "running"  # a slot trains it
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
    CANCELLED = "cancelled"  # stopped by a person, not to be run again

    @property
    def ended(self) -> bool:
        """True for the four states that no event leaves."""
        return self in ENDED


ENDED = frozenset({TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED, TrialState.CANCELLED})

TRANSITIONS: dict[TrialState, frozenset[TrialState]] = {
    TrialState.WAITING: frozenset(
        {TrialState.LEASED, TrialState.RUNNING, TrialState.CANCELLED, TrialState.FAILED}
    ),
    TrialState.LEASED: frozenset({TrialState.RUNNING, TrialState.WAITING}) | ENDED,
    TrialState.RUNNING: frozenset({TrialState.WAITING}) | ENDED,
    TrialState.COMPLETE: frozenset(),
    TrialState.PRUNED: frozenset(),
    TrialState.FAILED: frozenset(),
    TrialState.CANCELLED: frozenset(),
}


class Desired(IntEnum):
    """What the orchestrator wants of a leased trial; it only ever grows within an attempt."""

    RUN = 0
    PRUNE = 1
    STOP = 2


class Outcome(StrEnum):
    """How one attempt ended, as its runner saw it."""

    COMPLETE = "complete"
    PRUNED = "pruned"
    STOPPED = "stopped"  # on the orchestrator's wish
    RELEASED = "released"  # given back by a runner that stops; the trial waits again
    FAILED = "failed"


class FailureKind(StrEnum):
    """Why an attempt failed; each kind has its own retry policy."""

    EXCEPTION = "exception"  # the objective raised
    BAD_RESULT = "bad result"  # wrong type, a metric missing
    NOT_A_NUMBER = "not a number"  # the objective's value is NaN
    OUT_OF_MEMORY = "out of memory"  # of the device or of the host
    TIMEOUT = "timeout"  # longer than the trial's time limit
    CRASH = "crash"  # the process died (segmentation fault, kill)
    LOST = "lost"  # the runner disappeared
    REFUSED = "refused"  # the runner does not offer the objective, or not this configuration
    HANG = "hang"  # nothing was reported for longer than the study allows
    DISK = "disk"  # no space was left on the runner's disk
    POISON = "poison"  # two runners died while they held it
