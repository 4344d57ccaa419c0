"""What clients ask of studies, and change of them."""

from typing import Any

import msgspec

from schema.study import StudySettings, StudySpec


class SettingsVersion(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a study in force, and the number of their version, from 1."""

    version: int
    settings: StudySettings


class SettingsChange(msgspec.Struct, frozen=True, kw_only=True):
    """Settings that were put in force, as ``version``, by whom, when (wall clock) and why.

    An empty ``author`` is whoever started the study in this process.
    """

    version: int
    settings: StudySettings
    author: str
    at: float
    because: str = ""


class ListSettings(msgspec.Struct, frozen=True, kw_only=True, tag="list settings"):
    """A page of all settings that a study had, from version ``first`` on."""

    study: str
    first: int = 1


class ListStudies(msgspec.Struct, frozen=True, kw_only=True, tag="list studies"):
    """A page of the studies, oldest first, from the one of id ``first`` on."""

    first: int = 0


class GetStudy(msgspec.Struct, frozen=True, kw_only=True, tag="get study"):
    """One study."""

    study: str


class GetProgress(msgspec.Struct, frozen=True, kw_only=True, tag="get progress"):
    """A study at this moment."""

    study: str


class GetSummary(msgspec.Struct, frozen=True, kw_only=True, tag="get summary"):
    """What came out of a study, and what was saved since ``since`` (wall clock)."""

    study: str
    since: float = 0.0


class CreateStudy(msgspec.Struct, frozen=True, kw_only=True, tag="create study"):
    """Create the study, or go on with the one of this name under these settings."""

    spec: StudySpec


class ChangeSettings(msgspec.Struct, frozen=True, kw_only=True, tag="change settings"):
    """Replace what can change while trials run.

    ``patch`` has the settings to change, nested as in `StudySettings`; ``expected`` is the version
    it was made from, ``None`` where that does not matter.
    """

    study: str
    patch: dict[str, Any]
    expected: int | None = None
    because: str = ""


class StopStudy(msgspec.Struct, frozen=True, kw_only=True, tag="stop study"):
    """Start no more trials of the study; those that run end, by ``now`` at once."""

    study: str
    now: bool = False
    because: str = ""


class DeleteStudy(msgspec.Struct, frozen=True, kw_only=True, tag="delete study"):
    """Forget a study that is not running, with all its trials."""

    study: str
