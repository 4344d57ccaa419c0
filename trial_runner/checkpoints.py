"""Where the attempts of a trial keep their checkpoints, and which is the newest."""

import os
from pathlib import Path

from schema.messages import Assignment


def checkpoints_of(trial: Assignment) -> Path:
    """The folder of a trial, in which each attempt has one of its own."""
    root = Path(os.environ.get("TRIALMQ_CHECKPOINTS", ".trialmq/checkpoints"))
    return root / trial.study / f"trial-{trial.number}-{round(trial.created * 1000):x}"


def attempt_folder(trial: Assignment) -> Path:
    """Where this attempt writes."""
    return checkpoints_of(trial) / f"attempt-{trial.attempt}"


def newest_checkpoint(trial: Assignment) -> Path | None:
    """The newest file that this or an earlier attempt left; ``None`` at first."""
    folder = checkpoints_of(trial)
    if not folder.is_dir():
        return None
    for attempt in range(trial.attempt, 0, -1):
        files = (folder / f"attempt-{attempt}").glob("*")
        newest = max(files, key=lambda file: file.stat().st_mtime, default=None)
        if newest is not None:
            return newest
    return None


def name_of_checkpoint(trial: Assignment) -> str:
    """The newest as it is told: ``attempt-1/last.pt``; empty where there is none."""
    newest = newest_checkpoint(trial)
    return "" if newest is None else f"{newest.parent.name}/{newest.name}"
