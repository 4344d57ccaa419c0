"""What is kept of profiles: every version with the space it fits, and what happened to its name.

Nothing that was saved changes afterwards: a rename and a deletion are steps of a history, and a
version can be looked at, exported and queued whatever happened since.
"""

from enum import StrEnum

import msgspec

from schema.profile import Profile, Provenance
from schema.space import Space
from schema.values import Change, Value


class ProfileOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a profile without its values; ``saved`` is wall-clock seconds."""

    name: str
    version: int
    objective: str
    provenance: Provenance
    saved: float
    author: str


class StoredProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a profile, and the space that its values are complete and allowed in."""

    profile: Profile
    space: Space
    saved: float
    author: str

    def overview(self) -> ProfileOverview:
        """All but its values."""
        return ProfileOverview(
            name=self.profile.name,
            version=self.profile.version,
            objective=self.profile.objective,
            provenance=self.profile.provenance,
            saved=self.saved,
            author=self.author,
        )


class ProfileStep(StrEnum):
    """What can happen to a profile."""

    SAVED = "saved"
    RENAMED = "renamed"
    DELETED = "deleted"


class ProfileEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a profile's history, after which ``version`` was its last.

    ``text`` says why or, of a renaming, from what to what; ``provenance`` and the ``changes`` to
    the version before are those of a version that was saved.
    """

    at: float
    author: str
    step: ProfileStep
    version: int
    text: str = ""
    provenance: Provenance | None = None
    changes: tuple[Change, ...] = ()


class ImportedProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A profile that came from a file, and all that could not be taken over as it stood there."""

    saved: ProfileOverview
    notes: tuple[str, ...] = ()


class QueuedTrial(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration that waits to become a trial.

    ``place`` counts from 1, the next one; ``notes`` are what of its profile was not taken over as
    it was saved; ``held_up`` says why the study starts no more trials, empty while it does.
    """

    study: str
    place: int
    values: dict[str, Value]
    notes: tuple[str, ...] = ()
    held_up: str = ""
