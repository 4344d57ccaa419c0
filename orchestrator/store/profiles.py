"""The profiles of one database as they are read, by whoever has it open.

A database that an older TrialMQ wrote, and that was only opened for reading, has none.
"""

import sqlite3
from collections.abc import Sequence

import msgspec

from orchestrator.store.database import Database
from orchestrator.store.queries import named_queries
from orchestrator.store.rows import Row
from schema.errors import UnknownName
from schema.profile import Profile
from schema.profile_history import ProfileEvent, ProfileOverview, ProfileStep, StoredProfile
from schema.space import Space
from schema.values import difference

_space_decoder = msgspec.json.Decoder(Space)
_profile_decoder = msgspec.msgpack.Decoder(Profile)


def profile_query(name: str) -> str:
    """The statement that stands under this name in ``profiles.sql``."""
    return named_queries("profiles.sql")[name]


def profile_row(stored: StoredProfile) -> Row:
    """The parameters of ``insert_profile``."""
    profile = stored.profile
    return (
        profile.name,
        profile.version,
        profile.objective,
        msgspec.json.encode(stored.space).decode(),
        msgspec.msgpack.encode(profile),
        stored.author,
        stored.saved,
    )


class StoredProfiles:
    """Reads them; every method raises `StoreError` where the database cannot be read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[StoredProfile]:
        """The last version of each profile that is not deleted, by name."""
        return [_stored(row) for row in await self._rows("profiles")]

    async def overviews(self) -> list[ProfileOverview]:
        """The same without their values."""
        return [stored.overview() for stored in await self.all()]

    async def versions(self, name: str) -> list[StoredProfile]:
        """All that was ever saved under this name, first to last."""
        return [_stored(row) for row in await self._rows("versions_of_profile", name)]

    async def profile(self, name: str, version: int | None = None) -> StoredProfile:
        """One version of a profile, by default the last; a version outlives a deletion.

        Raises:
            UnknownName: there is no such profile, or no such version of it.
        """
        versions = await self.versions(name)
        if version is not None and versions:
            found = [stored for stored in versions if stored.profile.version == version]
            if not found:
                raise UnknownName(f"version of profile {name!r}:", str(version))
            return found[0]
        known = {stored.profile.name: stored for stored in await self.all()}
        if name not in known:
            raise UnknownName("profile", name, known)
        return known[name]

    async def history(self, name: str) -> list[ProfileEvent]:
        """What happened to a profile, first to last, also to one that is deleted.

        Raises:
            UnknownName: there never was one of this name.
        """
        versions = await self.versions(name)
        if not versions:
            raise UnknownName("profile", name, [known.name for known in await self.overviews()])
        steps = [
            ProfileEvent(at=at, author=author, step=ProfileStep(kind), version=version, text=text)
            for at, author, kind, version, text in await self._rows("steps_of_profile", name)
        ]
        return sorted([*_savings(versions), *steps], key=_by_version)

    async def _rows(self, query: str, *parameters: object) -> list[Row]:
        def work(db: sqlite3.Connection) -> list[Row]:
            if not db.execute(profile_query("has_profiles")).fetchone()[0]:
                return []
            return db.execute(profile_query(query), parameters).fetchall()

        return await self._database.run(work)


def _savings(versions: Sequence[StoredProfile]) -> list[ProfileEvent]:
    events = []
    before: StoredProfile | None = None
    for stored in versions:
        old, new = before, stored.profile
        changes = () if old is None else tuple(difference(old.profile.values, new.values))
        events.append(
            ProfileEvent(
                at=stored.saved,
                author=stored.author,
                step=ProfileStep.SAVED,
                version=new.version,
                text=new.provenance.because,
                provenance=new.provenance,
                changes=changes,
            )
        )
        before = stored
    return events


def _by_version(event: ProfileEvent) -> tuple[int, bool]:
    """A clock may be set back, a version is not; what else happened to it came later."""
    return event.version, event.step is not ProfileStep.SAVED


def _stored(row: Row) -> StoredProfile:
    name, version, space, document, author, at = row
    profile = _profile_decoder.decode(document)
    return StoredProfile(
        profile=msgspec.structs.replace(profile, name=name, version=version),
        space=_space_decoder.decode(space),
        saved=at,
        author=author,
    )
