"""How the reading commands get at studies: in a database here, or of a service elsewhere.

A ``Reading`` is the one interface to both, opened for one short visit; so each command is written
once and does not know where its study is.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from schema.commands.insight import Importance
from schema.commands.trials import TrialDetail
from schema.errors import UnknownName, WorkFailed, WrongInput
from schema.messages import Report
from schema.profile_history import ProfileEvent, ProfileOverview, StoredProfile
from schema.results import AttemptResult, Event, StudyOverview, TrialResult
from schema.revision import Revision
from schema.scores import Scores, decode_scores
from schema.study import StudySpec
from trialmq.cli.options import Place
from trialmq.cli.profile_names import ProfileName
from trialmq.cli.reaching import reached

if TYPE_CHECKING:
    from orchestrator.client.client import Client
    from orchestrator.reading.results import Results

T = TypeVar("T")


class Reading(Protocol):
    """Studies that can be looked at; ``where`` names their place in a sentence."""

    where: str

    async def studies(self) -> Sequence[StudyOverview]:
        """Every study, oldest first."""

    async def study(self, name: str) -> StudyOverview:
        """The study of this name; raises `UnknownName`."""

    async def trials(self, study: StudyOverview) -> list[TrialResult]:
        """The trials of a study by number."""

    async def trial(self, study: StudyOverview, number: int) -> TrialDetail:
        """One trial with all that is known of it; raises `UnknownName`."""

    async def revisions(self, study: StudyOverview, trial: TrialResult) -> list[Revision]:
        """Every edit of a trial, first to last."""

    async def scores(self, study: StudyOverview, number: int) -> Scores:
        """What a trial stored of its validation; raises `WrongInput` where it did not."""

    async def importance(self, study: StudyOverview) -> Importance:
        """How much each variable has to do with being among the best."""

    async def profiles(self) -> Sequence[ProfileOverview]:
        """The last version of each profile, by name."""

    async def profile(self, name: str, version: int | None) -> StoredProfile:
        """One version of a profile, by default its last; raises `UnknownName`."""

    async def profile_history(self, name: str) -> Sequence[ProfileEvent]:
        """What happened to a profile, first to last; raises `UnknownName`."""


class StoredStudies:
    """The studies of a database."""

    def __init__(self, results: "Results", database: Path) -> None:
        self.where = str(database)
        self._results = results
        self.studies = results.studies
        self.study = results.study
        self.trials = results.trials
        self.profiles = results.profiles.overviews
        self.profile = results.profiles.profile
        self.profile_history = results.profiles.history

    async def trial(self, study: StudyOverview, number: int) -> TrialDetail:
        """One trial with all that is known of it."""
        trial = await self._results.trial(study, number)
        return TrialDetail(
            trial=trial,
            attempts=tuple(await self._results.attempts(trial)),
            curve=tuple(await self._results.curve(trial)),
            events=tuple(await self._results.events_of(trial)),
        )

    async def revisions(self, study: StudyOverview, trial: TrialResult) -> list[Revision]:
        """Every edit of a trial, first to last."""
        return await self._results.revisions(trial, 1, trial.edits)

    async def scores(self, study: StudyOverview, number: int) -> Scores:
        """What a trial stored of its validation."""
        trial = await self._results.trial(study, number)
        return decode_scores(await self._results.scores(trial))

    async def importance(self, study: StudyOverview) -> Importance:
        """How much each variable has to do with being among the best."""
        from orchestrator.importance import importance_of

        return importance_of(study.spec, await self.trials(study))


class ServedStudies:
    """The studies of a running service."""

    def __init__(self, client: "Client", orchestrator: str) -> None:
        self.where = f"the service {orchestrator!r}"
        self._client = client
        self.studies = client.studies
        self.study = client.study
        self.profiles = client.profiles
        self.profile = client.profile
        self.profile_history = client.profile_history

    async def trials(self, study: StudyOverview) -> list[TrialResult]:
        """The trials of a study by number."""
        return [trial async for trial in self._client.trials(study.name)]

    async def trial(self, study: StudyOverview, number: int) -> TrialDetail:
        """One trial with all that is known of it."""
        return await self._client.trial(study.name, number)

    async def revisions(self, study: StudyOverview, trial: TrialResult) -> list[Revision]:
        """Every edit of a trial, first to last."""
        found: list[Revision] = []
        while page := await self._client.revisions(
            study.name, number=trial.number, first=len(found) + 1
        ):
            found += page
        return found

    async def scores(self, study: StudyOverview, number: int) -> Scores:
        """What a trial stored of its validation."""
        return await self._client.scores(study.name, number)

    async def importance(self, study: StudyOverview) -> Importance:
        """How much each variable has to do with being among the best."""
        return await self._client.importance(study.name)


@dataclass(frozen=True, slots=True)
class StudyTrials:
    """A study and its trials by number."""

    spec: StudySpec
    trials: list[TrialResult]


@dataclass(frozen=True, slots=True)
class TrialHistory:
    """One trial with all that is known of it."""

    spec: StudySpec
    trial: TrialResult
    attempts: Sequence[AttemptResult]
    curve: Sequence[Report]
    events: Sequence[Event]
    revisions: Sequence[Revision]


@dataclass(frozen=True, slots=True)
class EditedTrials:
    """A study, its trials by number, and the edits of those that were edited, by number."""

    spec: StudySpec
    trials: list[TrialResult]
    revisions: dict[int, list[Revision]]


@dataclass(frozen=True, slots=True)
class TrialScores:
    """One trial, and what it stored of its validation."""

    spec: StudySpec
    trial: TrialResult
    scores: Scores


@dataclass(frozen=True, slots=True)
class StudyCurves:
    """A study, its trials by number, and what each one's counted attempt reported."""

    spec: StudySpec
    trials: list[TrialResult]
    curves: dict[int, list[Report]]


@asynccontextmanager
async def opened(place: Place) -> AsyncIterator[Reading]:
    """The studies at a place.

    Raises:
        StoreError: the database cannot be read.
        BrokerError: the broker of the service cannot be reached.
    """
    if place.connect is None:
        from orchestrator.reading.results import Results

        async with Results.open(place.db) as results:
            yield StoredStudies(results, place.db)
    else:
        async with reached(place) as client:
            yield ServedStudies(client, place.orchestrator)


def read_studies(place: Place) -> list[tuple[StudyOverview, list[TrialResult]]]:
    """Every study of a place with its trials; raises as `opened`."""

    async def look(reading: Reading) -> list[tuple[StudyOverview, list[TrialResult]]]:
        return [(study, await reading.trials(study)) for study in await reading.studies()]

    return visit(place, look)


def read_study(place: Place, name: str | None) -> StudyTrials:
    """A study by name, or the only one there is.

    Raises:
        WrongInput: there is none of this name, or several to choose from; and as `opened`.
    """

    async def look(reading: Reading) -> StudyTrials:
        study = await _choose(reading, name)
        return StudyTrials(study.spec, await reading.trials(study))

    return visit(place, look)


def read_edited(place: Place, name: str | None) -> EditedTrials:
    """A study with the edits of its trials; raises as `read_study`."""

    async def look(reading: Reading) -> EditedTrials:
        study = await _choose(reading, name)
        trials = await reading.trials(study)
        edited = [trial for trial in trials if trial.edits]
        revisions = {trial.number: await reading.revisions(study, trial) for trial in edited}
        return EditedTrials(study.spec, trials, revisions)

    return visit(place, look)


def read_trial(place: Place, name: str | None, number: int) -> TrialHistory:
    """One trial of a study.

    Raises:
        WrongInput: as `read_study`, or the study has no such trial.
    """

    async def look(reading: Reading) -> TrialHistory:
        study = await _choose(reading, name)
        try:
            detail = await reading.trial(study, number)
        except UnknownName as error:
            last = max((t.number for t in await reading.trials(study)), default=None)
            has = "no trial yet" if last is None else f"trials 0 to {last}"
            raise WrongInput(f"study {study.name!r} has {has}, not {number}") from error
        return TrialHistory(
            study.spec,
            detail.trial,
            detail.attempts,
            detail.curve,
            detail.events,
            await reading.revisions(study, detail.trial),
        )

    return visit(place, look)


def read_scores(place: Place, name: str | None, number: int | None) -> TrialScores:
    """What a trial of a study, or its best one, stored of its validation.

    Raises:
        WrongInput: as `read_study`, there is no such trial, or it stored nothing.
        WorkFailed: no trial is complete yet.
    """
    from orchestrator.reading.summary import best_of

    async def look(reading: Reading) -> TrialScores:
        study = await _choose(reading, name)
        trials = {trial.number: trial for trial in await reading.trials(study)}
        best = best_of(study.spec, list(trials.values()))
        trial = best if number is None else trials.get(number)
        if trial is None and number is not None:
            raise UnknownName(f"trial in study {study.name!r}:", str(number))
        if trial is None:
            raise WorkFailed(f"study {study.name!r} has no complete trial yet")
        return TrialScores(study.spec, trial, await reading.scores(study, trial.number))

    return visit(place, look)


def read_importance(place: Place, name: str | None) -> tuple[StudySpec, Importance]:
    """A study, as `read_study`, and the importance of its variables."""

    async def look(reading: Reading) -> tuple[StudySpec, Importance]:
        study = await _choose(reading, name)
        return study.spec, await reading.importance(study)

    return visit(place, look)


def read_profile(place: Place, named: ProfileName) -> StoredProfile:
    """A version of a profile.

    Raises:
        WrongInput: there is none of this name or version; and as `opened`.
    """
    return visit(place, lambda reading: reading.profile(named.name, named.version))


def read_curves(database: Path, name: str | None) -> StudyCurves:
    """A study of a database, as `read_study`, with the curves of all its trials.

    Raises:
        WrongInput: as `read_study`.
    """
    from orchestrator.reading.results import Results

    async def visit() -> StudyCurves:
        async with Results.open(database) as results:
            study = await _choose(StoredStudies(results, database), name)
            trials = await results.trials(study)
            return StudyCurves(study.spec, trials, await results.curves(study))

    return asyncio.run(visit())


def visit(place: Place, look: Callable[[Reading], Awaitable[T]]) -> T:
    """What a look at this place finds; raises as `opened`."""

    async def go() -> T:
        async with opened(place) as reading:
            return await look(reading)

    return asyncio.run(go())


async def _choose(reading: Reading, name: str | None) -> StudyOverview:
    if name is not None:
        return await reading.study(name)
    studies = await reading.studies()
    if len(studies) == 1:
        return studies[0]
    if not studies:
        raise WrongInput(f"{reading.where} holds no study yet; `trialmq run` makes one")
    names = ", ".join(study.name for study in studies)
    raise WrongInput(f"{reading.where} holds {len(studies)} studies, name one: {names}")
