"""What became of a revision, in words, variable by variable. Pure."""

import time

from schema.durations import shown_duration
from schema.figures import shown_value
from schema.revision import Effect, Revision, RevisionState
from schema.values import Change, written


def change_text(change: Change) -> str:
    """``0.003265 → 4e-4``; with all digits where both would look the same."""
    for text in (shown_value, written):
        old, new = (("nothing" if v is None else text(v)) for v in (change.old, change.new))
        if old != new:
            break
    return f"{old} → {new}"


def outcome(revision: Revision, path: str) -> tuple[str, str]:
    """What became of one variable of it, and whether that is good, a warning or bad."""
    effect = revision.effect(path)
    if effect.state is RevisionState.REFUSED:
        return f"refused: {revision.reason}", "bad"
    if effect.state is RevisionState.PENDING:
        return "waits for a restart", "warning"
    if effect.at is None:
        return "sent; the training has not taken it yet", "accent"
    taken = shown_duration(max(0.0, effect.at - revision.at))
    return f"applied {_where(effect)}, after {taken}", "good"


def _where(effect: Effect) -> str:
    """The step of the training at which it took effect."""
    if effect.step is not None:
        return f"at step {effect.step}"
    if effect.attempt > 1:
        return f"with attempt {effect.attempt}"
    return "before the first step"


def clock(seconds: float) -> str:
    """A moment as people read it, on this host's clock."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
