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


class Fork(msgspec.Struct, frozen=True, kw_only=True):
    """A trial of a search that was edited while it ran: another one from ``step`` on.

    Up to that step (``None``: the start of an attempt) it is trial ``parent`` as the sampler chose
    it; ``patch`` is what of that configuration was changed.
    """

    parent: int
    step: int | None
    patch: tuple[Change, ...]


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """``values`` are the whole configuration, ``changes`` what differs from revision ``base``.

    ``pending`` are those that take effect with the next attempt. ``step`` is the last one that was
    reported before it took effect, at the time ``applied_at``, in ``attempt``; without a step the
    attempt began with it. ``reason`` says why it was refused. Where only a part of it took effect,
    because no attempt could begin with the rest or none came, ``dropped`` are the variables of
    that; they have kept their earlier values. Times are seconds since 1970.
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
    dropped: tuple[str, ...] = ()
    attempt: int = 0
    step: int | None = None
    applied_at: float | None = None
    reason: str = ""
