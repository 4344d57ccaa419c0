"""A revision: one numbered, complete configuration of a trial, and what became of it.

Revision 0 is what the trial was created with. A person's edit makes the next one, on the base of
the newest that was not refused. What is `Live` takes effect in the running training; the rest waits
for a restart.
"""

from enum import StrEnum
from typing import NamedTuple

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


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """These variables of a revision waited for this attempt, which began with them at this time."""

    paths: tuple[str, ...]
    attempt: int
    at: float


class Effect(NamedTuple):
    """What became of one variable of a revision; ``step`` and ``at`` as those of the revision."""

    state: RevisionState
    attempt: int
    step: int | None
    at: float | None


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """``values`` are the whole configuration, ``changes`` what differs from revision ``base``.

    ``pending`` are those that take effect with the next attempt. ``step`` is the last one that was
    reported before it took effect, at the time ``applied_at``, in ``attempt``; without a step the
    attempt began with it. What of it waited longer than that is in ``begun``. ``reason`` says why
    it was refused. Where only a part of it took effect, because no attempt could begin with the
    rest, none came, or it was changed again before, ``dropped`` are the variables of that. Times
    are seconds since 1970.
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
    begun: Begun | None = None
    reason: str = ""

    def effect(self, path: str) -> Effect:
        """What became of the variable at ``path``."""
        if path in self.pending:
            return Effect(RevisionState.PENDING, 0, None, None)
        if self.begun is not None and path in self.begun.paths:
            return Effect(RevisionState.APPLIED, self.begun.attempt, None, self.begun.at)
        state = RevisionState.REFUSED if path in self.dropped else self.state
        return Effect(state, self.attempt, self.step, self.applied_at)
