"""What clients ask of an orchestrator: one request, one answer.

A ``Request`` goes into the clients' inbox and its ``Answer`` comes to the queue of the instance
that asked; a client that hears nothing asks again with the same ``id``, and what changes something
happens once all the same. Each command names the type of its result: `result_type`.

Every command is named after what a person would say: ``CreateStudy``, ``PauseStudy``.
"""

from enum import StrEnum
from typing import Annotated, Any

import msgspec

from schema.edit_requests import ApplyEdits, ListRevisions, RestartTrial, UndoRevision
from schema.messages import DeviceHealth, Report, Steer
from schema.profile import Profile
from schema.profile_history import (
    ImportedProfile,
    ProfileEvent,
    ProfileOverview,
    QueuedTrial,
    StoredProfile,
)
from schema.results import AttemptResult, Event, Progress, StudyOverview, Summary, TrialResult
from schema.revision import Revision
from schema.study import ObjectiveDescription, StudySettings, StudySpec
from schema.values import Value

PAGE_ROWS = 500
"""A page has at most so many rows, so that no answer is too large."""

PAGE_BYTES = 1024 * 1024
"""Nor has it more than this, unless a single row has."""


class Presence(StrEnum):
    """How long ago a runner was heard of."""

    LIVE = "live"
    SUSPECT = "suspect"  # silent for longer than a few heartbeats
    GONE = "gone"  # silent for longer than a lease, or it said goodbye


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A trial that a runner holds."""

    study: str
    number: int
    attempt: int
    slot: str = ""
    started: float | None = None
    step: int | None = None


class RunnerOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A runner as the orchestrator knows it; ``silent_seconds`` since it was last heard of."""

    name: str
    host: str
    version: str
    slots: int
    offers: tuple[str, ...]
    presence: Presence
    silent_seconds: float
    steer: Steer = Steer.RUN
    draining: bool = False
    degraded: str = ""
    refused: str = ""
    devices: tuple[DeviceHealth, ...] = ()
    held: tuple[Held, ...] = ()


class TrialDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One trial with all that is known of it: a very long ``curve`` is thinned evenly, and of the
    ``events`` the last `PAGE_ROWS` are told."""

    trial: TrialResult
    attempts: tuple[AttemptResult, ...]
    curve: tuple[Report, ...]
    events: tuple[Event, ...]


class ServiceOverview(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers: its name, version, term and database.

    ``degraded`` says why nothing can be stored at the moment, and so nothing is decided; empty when
    all is well.
    """

    orchestrator: str
    version: str
    protocol: int
    term: int
    database: str
    started: float
    degraded: str = ""


# ---------------------------------------------------------------------- questions


class GetService(msgspec.Struct, frozen=True, kw_only=True, tag="get service"):
    """Who are you?"""


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


class GetTrials(msgspec.Struct, frozen=True, kw_only=True, tag="get trials"):
    """Up to `PAGE_ROWS` trials by number, from number ``first`` on."""

    study: str
    first: int = 0


class GetTrial(msgspec.Struct, frozen=True, kw_only=True, tag="get trial"):
    """One trial with its attempts, curve and events."""

    study: str
    number: int


class ListOffers(msgspec.Struct, frozen=True, kw_only=True, tag="list offers"):
    """The objectives that runners offer."""


class ListRunners(msgspec.Struct, frozen=True, kw_only=True, tag="list runners"):
    """A page of the runners that were heard of since the orchestrator started, by name: those that
    come after ``after``."""

    after: str = ""


class ListProfiles(msgspec.Struct, frozen=True, kw_only=True, tag="list profiles"):
    """The last version of each profile that is not deleted, by name."""


class GetProfile(msgspec.Struct, frozen=True, kw_only=True, tag="get profile"):
    """One version of a profile, by default its last."""

    name: str
    version: int | None = None


class GetProfileHistory(msgspec.Struct, frozen=True, kw_only=True, tag="get profile history"):
    """What happened to a profile, also to one that is deleted."""

    name: str


# ---------------------------------------------------------------------- changes


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


class StopTrial(msgspec.Struct, frozen=True, kw_only=True, tag="stop trial"):
    """End one trial; it counts as cancelled."""

    study: str
    number: int
    because: str = ""


class QueueTrial(msgspec.Struct, frozen=True, kw_only=True, tag="queue trial"):
    """Run a configuration as a trial of the study, before any that its sampler chooses.

    It is that of a ``profile``, or of a ``trial`` of the study, or the default one, with the values
    of ``set`` in their places.
    """

    study: str
    profile: str = ""
    version: int | None = None
    trial: int | None = None
    set: dict[str, Value] = {}
    because: str = ""


class SaveProfile(msgspec.Struct, frozen=True, kw_only=True, tag="save profile"):
    """Save a configuration as the next version of a profile.

    It is that of a ``trial`` of a ``study`` (``None``: its best), or without a study the profile's
    last version, with the values of ``set`` in their places.
    """

    name: str
    study: str = ""
    trial: int | None = None
    set: dict[str, Value] = {}
    because: str = ""


class ImportProfile(msgspec.Struct, frozen=True, kw_only=True, tag="import profile"):
    """Save a profile that comes from elsewhere as the next version of ``name`` (or of its own).

    It is checked by the space of ``study``, or by what is known here of its objective.
    """

    profile: Profile
    name: str = ""
    study: str = ""
    because: str = ""


class RenameProfile(msgspec.Struct, frozen=True, kw_only=True, tag="rename profile"):
    """Give a profile, with its history, a name that no other has or had."""

    name: str
    to: str


class DeleteProfile(msgspec.Struct, frozen=True, kw_only=True, tag="delete profile"):
    """List the profile no more; its versions stay in its history."""

    name: str


class SteerRunner(msgspec.Struct, frozen=True, kw_only=True, tag="steer runner"):
    """Let a runner run, drain or stop."""

    runner: str
    steer: Steer


Question = (
    GetService
    | ListStudies
    | GetStudy
    | GetProgress
    | GetSummary
    | GetTrials
    | GetTrial
    | ListRevisions
    | ListOffers
    | ListRunners
    | ListProfiles
    | GetProfile
    | GetProfileHistory
)
ProfileChange = SaveProfile | ImportProfile | RenameProfile | DeleteProfile
Change = (
    CreateStudy
    | ChangeSettings
    | StopStudy
    | DeleteStudy
    | StopTrial
    | ApplyEdits
    | UndoRevision
    | RestartTrial
    | QueueTrial
    | SteerRunner
    | ProfileChange
)
Command = Question | Change


class SettingsVersion(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of a study in force, and the number of their version, from 1."""

    version: int
    settings: StudySettings


RESULTS: dict[type, Any] = {
    GetService: ServiceOverview,
    ListStudies: tuple[StudyOverview, ...],
    GetStudy: StudyOverview,
    GetProgress: Progress,
    GetSummary: Summary,
    GetTrials: tuple[TrialResult, ...],
    GetTrial: TrialDetail,
    ListRevisions: tuple[Revision, ...],
    ListOffers: tuple[ObjectiveDescription, ...],
    ListRunners: tuple[RunnerOverview, ...],
    ListProfiles: tuple[ProfileOverview, ...],
    GetProfile: StoredProfile,
    GetProfileHistory: tuple[ProfileEvent, ...],
    CreateStudy: StudyOverview,
    ChangeSettings: SettingsVersion,
    StopStudy: StudyOverview,
    DeleteStudy: None,
    StopTrial: TrialResult,
    ApplyEdits: Revision,
    UndoRevision: Revision,
    RestartTrial: TrialResult,
    QueueTrial: QueuedTrial,
    SteerRunner: RunnerOverview,
    SaveProfile: ProfileOverview,
    ImportProfile: ImportedProfile,
    RenameProfile: ProfileOverview,
    DeleteProfile: None,
}
"""What each command is answered with."""


# ---------------------------------------------------------------------- envelopes


RequestId = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Instance = Annotated[str, msgspec.Meta(pattern="^[a-z0-9]{1,64}$")]


class Request(msgspec.Struct, frozen=True, kw_only=True, tag="request"):
    """One command of one instance of a client; ``id`` is the same when it is asked again."""

    id: RequestId
    client: str
    instance: Instance
    command: Command


class RefusalKind(StrEnum):
    """Which error of `schema.errors` an answer stands for."""

    WRONG_INPUT = "wrong input"
    UNKNOWN_NAME = "unknown name"
    CONFLICT = "conflict"
    FAILED = "failed"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a command was not carried out, in a sentence."""

    kind: RefusalKind
    sentence: str


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag="answer"):
    """What became of a request: the msgpack of its result, or a refusal."""

    id: str
    result: msgspec.Raw = msgspec.Raw(b"\xc0")
    refusal: Refusal | None = None
