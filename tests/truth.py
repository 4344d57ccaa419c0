"""What an objective under test really did, written so that no kill can take it back.

Each line is appended by one write and flushed to the disk before the objective goes on.
``trialmq verify --truth`` holds the database against it; ``orchestrator.reading.truth`` says how.
"""

import json
import os

import trialmq as tq

TRUTH = "TRIALMQ_TRUTH"
"""The environment names the file here; without it nothing is written."""


def started(trial: tq.Trial) -> None:
    """The first thing an objective does."""
    _append(trial, "start", process=os.getpid())


def reported(trial: tq.Trial, step: int, **metrics: float) -> None:
    """Write what is reported next, before it is: a kill in between loses the report, not the truth.

    A report that is in the truth and not in the database counts as lost only in a complete trial.
    """
    _append(trial, "metric", step=step, metrics=metrics)


def finished(trial: tq.Trial, metrics: dict[str, float]) -> dict[str, float]:
    """The last thing an objective does: ``return truth.finished(trial, metrics)``."""
    _append(trial, "finish", metrics=metrics)
    return metrics


def _append(trial: tq.Trial, event: str, **facts: object) -> None:
    path = os.environ.get(TRUTH)
    if not path:
        return
    said = {"event": event, "study": trial.study, "number": trial.number, "attempt": trial.attempt}
    line = json.dumps(said | facts) + "\n"
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line.encode())
        os.fsync(file)
    finally:
        os.close(file)
