"""Requests and their answers: one request of a client, one answer of an orchestrator.

A ``Request`` goes into the clients' inbox and its ``Answer`` comes to the queue of the instance
that asked; a client that hears nothing asks again with the same ``id``, and what changes something
happens once all the same. The commands themselves are in `schema.commands`, by subject.
"""

from enum import StrEnum
from typing import Annotated, Any

import msgspec

from schema.commands.edits import ApplyEdits, ListRevisions, RestartTrial, UndoRevision
from schema.commands.feed import Changes, CurvePart, GetChanges, GetCurves, GetLog, LogEntry
from schema.commands.insight import (
    GetImportance,
    GetPruners,
    GetReplay,
    GetScores,
    Importance,
    Pruners,
    Replay,
    ScoresPage,
)
from schema.commands.profiles import (
    DeleteProfile,
    GetProfile,
    GetProfileHistory,
    ImportProfile,
    ListProfiles,
    RenameProfile,
    SaveProfile,
)
from schema.commands.results import AnnotateTrial, HideTrial, LearnFromFork, RescoreTrial
from schema.commands.runners import ListOffers, ListRunners, RunnerOverview, SteerRunner
from schema.commands.service import GetService, ServiceOverview
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
from schema.commands.trials import (
    AttemptSpan,
    GetAttempts,
    GetTrial,
    GetTrials,
    QueueTrial,
    StopTrial,
    TrialDetail,
)
from schema.profile_history import (
    ImportedProfile,
    ProfileEvent,
    ProfileOverview,
    QueuedTrial,
    StoredProfile,
)
from schema.results import Progress, StudyOverview, Summary, TrialResult
from schema.revision import Revision
from schema.study import ObjectiveDescription

Question = (
    GetService
    | ListStudies
    | ListSettings
    | GetStudy
    | GetProgress
    | GetSummary
    | GetTrials
    | GetAttempts
    | GetTrial
    | GetChanges
    | GetCurves
    | GetLog
    | GetScores
    | GetImportance
    | GetPruners
    | GetReplay
    | ListRevisions
    | ListOffers
    | ListRunners
    | ListProfiles
    | GetProfile
    | GetProfileHistory
)
ResultEdit = RescoreTrial | HideTrial | AnnotateTrial | LearnFromFork
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
    | ResultEdit
    | ProfileChange
)
Command = Question | Change


RESULTS: dict[type, Any] = {
    GetService: ServiceOverview,
    ListStudies: tuple[StudyOverview, ...],
    ListSettings: tuple[SettingsChange, ...],
    GetStudy: StudyOverview,
    GetProgress: Progress,
    GetSummary: Summary,
    GetTrials: tuple[TrialResult, ...],
    GetAttempts: tuple[AttemptSpan, ...],
    GetTrial: TrialDetail,
    GetChanges: Changes,
    GetCurves: tuple[CurvePart, ...],
    GetLog: tuple[LogEntry, ...],
    GetScores: ScoresPage,
    GetImportance: Importance,
    GetPruners: Pruners,
    GetReplay: Replay,
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
    RescoreTrial: TrialResult,
    HideTrial: TrialResult,
    AnnotateTrial: TrialResult,
    LearnFromFork: TrialResult,
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
