"""What a client can ask of studies, and change of them."""

from typing import Any

from orchestrator.client.asking import Asking
from schema.commands.studies import (
    ChangeSettings,
    CreateStudy,
    DeleteStudy,
    GetProgress,
    GetStudy,
    GetSummary,
    ListSettings,
    ListStudies,
    SettingsChange,
    SettingsVersion,
    StopStudy,
)
from schema.results import Progress, StudyOverview, Summary
from schema.study import StudySpec


class StudyCalls(Asking):
    """A part of `Client`: studies."""

    async def studies(self) -> tuple[StudyOverview, ...]:
        """Every study, oldest first."""
        found: list[StudyOverview] = []
        first = 0
        while page := await self.ask(ListStudies(first=first), tuple[StudyOverview, ...]):
            found += page
            first = page[-1].id + 1
        return tuple(found)

    async def study(self, name: str) -> StudyOverview:
        """One study."""
        return await self.ask(GetStudy(study=name), StudyOverview)

    async def progress(self, study: str, *, deadline: float | None = None) -> Progress:
        """A study at this moment."""
        return await self.ask(GetProgress(study=study), Progress, deadline=deadline)

    async def summary(self, study: str, *, since: float = 0.0) -> Summary:
        """What came out of a study, and what was saved since then (seconds since 1970)."""
        return await self.ask(GetSummary(study=study, since=since), Summary)

    async def create_study(self, spec: StudySpec) -> StudyOverview:
        """Create a study, or go on with the one of this name."""
        return await self.ask(CreateStudy(spec=spec), StudyOverview)

    async def change_settings(
        self, study: str, patch: dict[str, Any], *, expected: int | None = None, because: str = ""
    ) -> SettingsVersion:
        """Change what can change while trials run; ``patch`` is nested as `StudySettings`.

        Raises:
            Conflict: the settings are not of version ``expected`` any more.
        """
        command = ChangeSettings(study=study, patch=patch, expected=expected, because=because)
        return await self.ask(command, SettingsVersion)

    async def settings_history(self, study: str) -> tuple[SettingsChange, ...]:
        """All settings that a study had, first to last: who changed them, when and why."""
        found: list[SettingsChange] = []
        first = 1
        while page := await self.ask(
            ListSettings(study=study, first=first), tuple[SettingsChange, ...]
        ):
            found += page
            first = page[-1].version + 1
        return tuple(found)

    async def pause(self, study: str, *, because: str = "") -> SettingsVersion:
        """Start no trial of a study until it is resumed; those that run go on."""
        return await self.change_settings(study, {"paused": True}, because=because)

    async def resume(self, study: str, *, because: str = "") -> SettingsVersion:
        """Go on with a paused study."""
        return await self.change_settings(study, {"paused": False}, because=because)

    async def stop(self, study: str, *, now: bool = False, because: str = "") -> StudyOverview:
        """Start no more trials of a study; ``now`` ends those that run, too."""
        return await self.ask(StopStudy(study=study, now=now, because=because), StudyOverview)

    async def delete(self, study: str) -> None:
        """Forget a study that is not running, with all its trials."""
        await self.ask(DeleteStudy(study=study), None)
