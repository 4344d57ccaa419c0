"""Edits of a trial as text: who changed what, when and why, and what became of it. Pure."""

import time
from collections.abc import Sequence

from schema.durations import shown_duration
from schema.revision import Fork, Revision, RevisionState
from schema.values import Change, written


def outcome_lines(revision: Revision, of: Sequence[Change] | None = None) -> Sequence[str]:
    """``training.rate 0.001 → 0.0003 applied at step 412, after 0.08 s``, a line a variable; all
    of them, or those ``of`` which it is asked."""
    asked = revision.changes if of is None else of
    return [f"{change_line(change)} {_outcome(revision, change)}" for change in asked]


def history_lines(revision: Revision) -> Sequence[str]:
    """One revision of the history: who, when, why, and what became of each variable."""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(revision.at))
    why = f": {revision.because}" if revision.because else ""
    return [
        f"revision {revision.number}  {at}  {revision.author}{why}",
        *(f"    {line}" for line in outcome_lines(revision)),
    ]


def fork_line(fork: Fork) -> str:
    """``a fork of trial 3 at step 412: training.learning_rate 0.001 → 0.0003``."""
    where = "the start of an attempt" if fork.step is None else f"step {fork.step}"
    changed = ", ".join(map(change_line, fork.patch)) or "all of it was taken back"
    return f"a fork of trial {fork.parent} at {where}: {changed}"


def change_line(change: Change) -> str:
    """``training.learning_rate 0.001 → 0.0003``."""
    old, new = (("none" if v is None else written(v)) for v in (change.old, change.new))
    return f"{change.path} {old} → {new}"


def _outcome(revision: Revision, change: Change) -> str:
    number = f"revision {revision.number}"
    effect = revision.effect(change.path)
    if effect.state is RevisionState.REFUSED:
        return f"refused ({number}): {revision.reason}"
    if effect.state is RevisionState.PENDING:
        return f"waits for a restart ({number})"
    if effect.at is None:
        return f"sent ({number}); the training has not taken it yet"
    seconds = shown_duration(max(0.0, effect.at - revision.at))
    where = f"at step {effect.step}"
    if effect.step is None:
        where = f"in attempt {effect.attempt}, before its first report"
    return f"applied {where}, after {seconds}"
