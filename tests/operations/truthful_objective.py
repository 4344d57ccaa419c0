"""Objectives that write down what they did, for `trialmq verify` to compare."""

import os
import signal
from typing import Annotated

import trialmq as tq
from tests import truth


class Truthful(tq.Config):
    """One variable is enough."""

    x: Annotated[float, tq.Range(0.0, 1.0)] = 0.5


@tq.objective(maximize="score", steps=4)
def honest(config: Truthful, trial: tq.Trial) -> dict[str, float]:
    """Every report and every result is in the truth; trial 1's first attempt is killed."""
    truth.started(trial)
    for step in range(4):
        value = config.x + step if step else float("nan")
        truth.reported(trial, step, score=value)
        trial.report(step, score=value)
        if (trial.number, trial.attempt, step) == (1, 1, 2):
            os.kill(os.getpid(), signal.SIGKILL)
    return truth.finished(trial, {"score": config.x})
