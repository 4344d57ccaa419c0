"""What became of a revision, in words, variable by variable. Pure."""

import time

from schema.durations import shown_duration
from schema.revision import Revision, RevisionState
from schema.values import Change, written


def change_text(change: Change) -> str:
    """``0.001 → 0.0003``."""
    old, new = (("nothing" if v is None else written(v)) for v in (change.old, change.new))
    return f"{old} → {new}"


def outcome(revision: Revision, path: str) -> tuple[str, str]:
    """What became of one variable of it, and whether that is good, a warning or bad."""
    if revision.state is RevisionState.REFUSED:
        return f"refused: {revision.reason}", "bad"
    if path in revision.pending:
        return "waits for a restart", "warning"
    if revision.applied_at is None:
        return "sent; the training has not taken it yet", "accent"
    return f"applied {where(revision)} ({taken(revision)})", "good"


def where(revision: Revision) -> str:
    """The step of the training at which it took effect."""
    if revision.step is not None:
        return f"at step {revision.step}"
    if revision.attempt > 1:
        return f"with attempt {revision.attempt}"
    return "before the first step"


def taken(revision: Revision) -> str:
    """How long it took from the click to the training: ``0.08 s``."""
    return shown_duration(max(0.0, (revision.applied_at or revision.at) - revision.at))


def clock(seconds: float) -> str:
    """A moment as people read it, on this host's clock."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
