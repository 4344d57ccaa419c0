"""What clients ask of the configuration of one trial: edits, undoing, a restart, the history.

They are commands like all in `schema.requests`. The one trial of a session is number 0.
"""

import msgspec

from schema.values import Value


class ListRevisions(msgspec.Struct, frozen=True, kw_only=True, tag="list revisions"):
    """Up to 500 edits of a trial by number, from number ``first`` on."""

    study: str
    number: int
    first: int = 1


class ApplyEdits(msgspec.Struct, frozen=True, kw_only=True, tag="apply edits"):
    """Change values of a trial, while it runs where they are live: all take effect, or none.

    ``expected`` is the number of the revision that was looked at, ``None`` where that does not
    matter. Answered as soon as it is stored; what becomes of it, `ListRevisions` says.
    """

    study: str
    number: int
    edits: dict[str, Value]
    expected: int | None = None
    because: str = ""


class UndoRevision(msgspec.Struct, frozen=True, kw_only=True, tag="undo revision"):
    """Take back what a revision changed, as a new one."""

    study: str
    number: int
    revision: int
    expected: int | None = None
    because: str = ""


class RestartTrial(msgspec.Struct, frozen=True, kw_only=True, tag="restart trial"):
    """End the running attempt; the next begins with the newest revision, from a checkpoint."""

    study: str
    number: int
    because: str = ""
