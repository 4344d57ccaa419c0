"""What happens to a trial whose attempt failed, by kind of failure. Pure.

A failure is a kind, not a number: what the objective did wrong is final, what the machine did to it
is tried again a few times, elsewhere where that is possible.
"""

from dataclasses import dataclass

from orchestrator.trials import Trial
from schema.trial import FailureKind

MAX_CRASHES = 2
"""Retries after crashes of the trial's process."""

MAX_OUT_OF_MEMORY = 1
MAX_LOSSES = 10
"""Retries after losses that are not the trial's fault (a runner that disappeared)."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again, on another runner where there is one."""

    elsewhere: bool


def after_failure(trial: Trial, kind: FailureKind) -> Retry | None:
    """Count the failure on ``trial``; the retry, or ``None`` when the trial has failed for good."""
    match kind:
        case FailureKind.CRASH:
            trial.crashes += 1
            return Retry(elsewhere=True) if trial.crashes <= MAX_CRASHES else None
        case FailureKind.OUT_OF_MEMORY:
            trial.crashes += 1
            return Retry(elsewhere=True) if trial.crashes <= MAX_OUT_OF_MEMORY else None
        case FailureKind.LOST:
            trial.losses += 1
            return Retry(elsewhere=False) if trial.losses <= MAX_LOSSES else None
        case _:
            return None
