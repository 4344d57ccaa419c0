"""A revision: one numbered, complete configuration of a trial, and what became of it.

Revision 0 is what the trial was created with. A person's edit makes the next one, on the base of
the newest that was not refused. What is `Live` takes effect in the running training; the rest waits
for a restart.
"""

from enum import StrEnum

import msgspec

from schema.values import Change, Value


class RevisionState(StrEnum):
    """How far a revision has come."""

    SENT = "sent"  # to the training, or to the next attempt where none runs
    APPLIED = "applied"  # it is, or was, in force
    REFUSED = "refused"  # by the training, or it ended before
    PENDING = "pending restart"  # nothing of it is live


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """``values`` are the whole configuration, ``changes`` what differs from revision ``base``.

    ``pending`` are those that take effect with the next attempt. ``step`` is the last one that was
    reported before it took effect, at the time ``applied_at``, in ``attempt``; without a step the
    attempt began with it. ``reason`` says why it was refused. Times are seconds since 1970.
    """

    number: int
    base: int
    values: dict[str, Value]
    changes: tuple[Change, ...]
    author: str
    at: float
    because: str = ""
    state: RevisionState = RevisionState.SENT
    pending: tuple[str, ...] = ()
    attempt: int = 0
    step: int | None = None
    applied_at: float | None = None
    reason: str = ""
