"""Where the attempts of a trial keep their checkpoints, and which is the newest."""

import os
from pathlib import Path


def checkpoints_of(study: str, number: int) -> Path:
    """The folder of a trial, in which each attempt has one of its own."""
    root = Path(os.environ.get("TRIALMQ_CHECKPOINTS", ".trialmq/checkpoints"))
    return root / study / f"trial-{number}"


def attempt_folder(study: str, number: int, attempt: int) -> Path:
    """Where one attempt writes."""
    return checkpoints_of(study, number) / f"attempt-{attempt}"


def newest_checkpoint(study: str, number: int, attempt: int) -> Path | None:
    """The newest file that this or an earlier attempt left; ``None`` at first."""
    if not checkpoints_of(study, number).is_dir():
        return None
    for earlier in range(attempt, 0, -1):
        files = attempt_folder(study, number, earlier).glob("*")
        newest = max(files, key=lambda file: file.stat().st_mtime, default=None)
        if newest is not None:
            return newest
    return None


def name_of_checkpoint(study: str, number: int, attempt: int) -> str:
    """The newest as it is told: ``attempt-1/last.pt``; empty where there is none."""
    newest = newest_checkpoint(study, number, attempt)
    return "" if newest is None else f"{newest.parent.name}/{newest.name}"
