"""What happens to a trial whose attempt failed, by kind of failure. Pure.

A failure is a kind, not a number: what the objective did wrong is final, what the machine did to it
is tried again a few times, elsewhere where that is possible.
"""

from dataclasses import dataclass

from orchestrator.engine.trials import Trial
from schema.trial import FailureKind

MAX_CRASHES = 2
"""Retries after crashes of the trial's process."""

MAX_OUT_OF_MEMORY = 1
MAX_OF_A_SESSION = 50
"""A training for real is started again so often, after faults of any kind but its own."""

MAX_LOSSES = 10
"""Retries after losses that are not the trial's fault (a runner that disappeared)."""

MAX_DEATHS = 1
"""So many runners may die while they have a trial; with another one it is the trial's fault. One
that dies with it again and again is one, so from the second loss on it is tried elsewhere."""

BACK_OFF_SECONDS = 5.0
LONGEST_BACK_OFF_SECONDS = 300.0

MACHINES_FAULTS = frozenset(
    {
        FailureKind.CRASH,
        FailureKind.HANG,
        FailureKind.OUT_OF_MEMORY,
        FailureKind.LOST,
        FailureKind.DISK,
        FailureKind.POISON,
    }
)


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again in ``seconds``, on another runner where there is one and that may help."""

    elsewhere: bool
    seconds: float = 0.0


def after_failure(trial: Trial, kind: FailureKind, *, session: bool = False) -> Retry | None:
    """Count the failure on ``trial``; the retry, or ``None`` when the trial has failed for good.

    A ``session`` has nobody to take its place, so it is tried more often, ever more slowly.
    """
    if session and kind in MACHINES_FAULTS:
        trial.crashes += 1
        again = trial.crashes <= MAX_OF_A_SESSION
        return Retry(elsewhere=False, seconds=back_off_seconds(trial.crashes)) if again else None
    match kind:
        case FailureKind.CRASH | FailureKind.HANG:
            trial.crashes += 1
            return Retry(elsewhere=True) if trial.crashes <= MAX_CRASHES else None
        case FailureKind.OUT_OF_MEMORY:
            trial.crashes += 1
            return Retry(elsewhere=True) if trial.crashes <= MAX_OUT_OF_MEMORY else None
        case FailureKind.LOST | FailureKind.DISK:
            trial.losses += 1
            if trial.losses > MAX_LOSSES:
                return None
            elsewhere = kind is FailureKind.DISK or trial.losses > 1
            return Retry(elsewhere, back_off_seconds(trial.losses))
        case _:
            return None


def back_off_seconds(losses: int) -> float:
    """How long a trial waits after so many losses: not at all after the first, then ever longer."""
    if losses < 2:
        return 0.0
    return float(min(BACK_OFF_SECONDS * 2 ** (losses - 2), LONGEST_BACK_OFF_SECONDS))


def blame(trial: Trial) -> bool:
    """The runner that has ``trial`` died, as far as is known; True when the trial is poison."""
    if trial.boot and trial.boot not in trial.deaths:
        trial.deaths += (trial.boot,)
    return len(trial.deaths) > MAX_DEATHS


def absolve(trial: Trial, boot: str) -> bool:
    """This boot was taken for dead and lives; True when ``trial`` was blamed for it."""
    blamed = boot in trial.deaths
    trial.deaths = tuple(dead for dead in trial.deaths if dead != boot)
    return blamed
