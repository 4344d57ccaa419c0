"""What a client can do with profiles."""

from collections.abc import Mapping

from orchestrator.client.asking import NOTHING, Asking
from schema.commands.profiles import (
    DeleteProfile,
    GetProfile,
    GetProfileHistory,
    ImportProfile,
    ListProfiles,
    RenameProfile,
    SaveProfile,
)
from schema.profile import Profile
from schema.profile_history import (
    ImportedProfile,
    ProfileEvent,
    ProfileOverview,
    StoredProfile,
)
from schema.values import Value


class ProfileCalls(Asking):
    """A part of `Client`: profiles."""

    async def profiles(self) -> tuple[ProfileOverview, ...]:
        """The last version of each profile, by name."""
        return await self.ask(ListProfiles(), tuple[ProfileOverview, ...])

    async def profile(self, name: str, version: int | None = None) -> StoredProfile:
        """One version of a profile, by default its last."""
        return await self.ask(GetProfile(name=name, version=version), StoredProfile)

    async def profile_history(self, name: str) -> tuple[ProfileEvent, ...]:
        """What happened to a profile, first to last, also to one that is deleted."""
        return await self.ask(GetProfileHistory(name=name), tuple[ProfileEvent, ...])

    async def save_profile(
        self,
        name: str,
        *,
        study: str = "",
        trial: int | None = None,
        set: Mapping[str, Value] = NOTHING,
        because: str = "",
    ) -> ProfileOverview:
        """Save a trial (of a study its best one) as the next version of a profile, or without a
        study its last version, with the values of ``set`` in their places."""
        command = SaveProfile(name=name, study=study, trial=trial, set=dict(set), because=because)
        return await self.ask(command, ProfileOverview)

    async def import_profile(
        self, profile: Profile, *, name: str = "", study: str = "", because: str = ""
    ) -> ImportedProfile:
        """Save a profile that comes from elsewhere as the next version of its name."""
        command = ImportProfile(profile=profile, name=name, study=study, because=because)
        return await self.ask(command, ImportedProfile)

    async def rename_profile(self, name: str, to: str) -> ProfileOverview:
        """Give a profile, with its history, a name that no other has or had."""
        return await self.ask(RenameProfile(name=name, to=to), ProfileOverview)

    async def delete_profile(self, name: str) -> None:
        """List a profile no more; its versions stay in its history."""
        await self.ask(DeleteProfile(name=name), None)
