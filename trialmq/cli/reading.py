"""What the commands that look read of studies and profiles, each in one short visit of a client.

So each command is written once and does not know where its study is: in a database here, or at a
service elsewhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from schema.commands.insight import Importance, Number, Replay
from schema.errors import UnknownName, WorkFailed, WrongInput
from schema.messages import Report
from schema.profile_history import StoredProfile
from schema.pruning import Aggressiveness
from schema.results import AttemptResult, Event, StudyOverview, TrialResult
from schema.revision import Revision
from schema.scores import Scores
from schema.study import StudySpec
from trialmq.cli.options import Place
from trialmq.cli.profile_names import ProfileName
from trialmq.cli.reaching import looked_at

if TYPE_CHECKING:
    from orchestrator.client.client import Client

T = TypeVar("T")


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


def read_studies(place: Place) -> list[tuple[StudyOverview, list[TrialResult]]]:
    """Every study of a place with its trials; raises as `visit`."""

    async def look(client: "Client") -> list[tuple[StudyOverview, list[TrialResult]]]:
        return [(study, await all_trials(client, study.name)) for study in await client.studies()]

    return visit(place, look)


def read_study(place: Place, name: str | None) -> StudyTrials:
    """A study by name, or the only one there is.

    Raises:
        WrongInput: there is none of this name, or several to choose from; and as `visit`.
    """

    async def look(client: "Client") -> StudyTrials:
        study = await _choose(client, place, name)
        return StudyTrials(study.spec, await all_trials(client, study.name))

    return visit(place, look)


def read_edited(place: Place, name: str | None) -> EditedTrials:
    """A study with the edits of its trials; raises as `read_study`."""

    async def look(client: "Client") -> EditedTrials:
        study = await _choose(client, place, name)
        trials = await all_trials(client, study.name)
        edited = [trial for trial in trials if trial.edits]
        revisions = {
            trial.number: await all_revisions(client, study.name, trial.number) for trial in edited
        }
        return EditedTrials(study.spec, trials, revisions)

    return visit(place, look)


def read_trial(place: Place, name: str | None, number: int) -> TrialHistory:
    """One trial of a study.

    Raises:
        WrongInput: as `read_study`, or the study has no such trial.
    """

    async def look(client: "Client") -> TrialHistory:
        study = await _choose(client, place, name)
        try:
            detail = await client.trial(study.name, number)
        except UnknownName as error:
            last = max((t.number for t in await all_trials(client, study.name)), default=None)
            has = "no trial yet" if last is None else f"trials 0 to {last}"
            raise WrongInput(f"study {study.name!r} has {has}, not {number}") from error
        return TrialHistory(
            study.spec,
            detail.trial,
            detail.attempts,
            detail.curve,
            detail.events,
            await all_revisions(client, study.name, number),
        )

    return visit(place, look)


def read_scores(place: Place, name: str | None, number: int | None) -> TrialScores:
    """What a trial of a study, or its best one, stored of its validation.

    Raises:
        WrongInput: as `read_study`, there is no such trial, or it stored nothing.
        WorkFailed: no trial is complete yet.
    """
    from orchestrator.reading.summary import best_of

    async def look(client: "Client") -> TrialScores:
        study = await _choose(client, place, name)
        trials = {trial.number: trial for trial in await all_trials(client, study.name)}
        best = best_of(study.spec, list(trials.values()))
        trial = best if number is None else trials.get(number)
        if trial is None and number is not None:
            raise UnknownName(f"trial in study {study.name!r}:", str(number))
        if trial is None:
            raise WorkFailed(f"study {study.name!r} has no complete trial yet")
        return TrialScores(study.spec, trial, await client.scores(study.name, trial.number))

    return visit(place, look)


def read_importance(place: Place, name: str | None) -> tuple[StudySpec, Importance]:
    """A study, as `read_study`, and the importance of its variables."""

    async def look(client: "Client") -> tuple[StudySpec, Importance]:
        study = await _choose(client, place, name)
        return study.spec, await client.importance(study.name)

    return visit(place, look)


def read_profile(place: Place, named: ProfileName) -> StoredProfile:
    """A version of a profile.

    Raises:
        WrongInput: there is none of this name or version; and as `visit`.
    """
    return visit(place, lambda client: client.profile(named.name, named.version))


def read_replay(
    place: Place,
    name: str | None,
    pruner: str | None,
    aggressiveness: Aggressiveness | None,
    numbers: Mapping[str, Number],
) -> tuple[StudySpec, Replay]:
    """A study, as `read_study`, and what pruners would have done in it."""

    async def look(client: "Client") -> tuple[StudySpec, Replay]:
        study = await _choose(client, place, name)
        asked = client.replay(
            study.name, pruner=pruner, aggressiveness=aggressiveness, parameters=numbers
        )
        return study.spec, await asked

    return visit(place, look)


def visit(place: Place, look: "Callable[[Client], Awaitable[T]]") -> T:
    """What a look at this place finds.

    Raises:
        StoreError: the database cannot be read.
        BrokerError, GatewayError: the service cannot be reached.
    """

    async def go() -> T:
        async with looked_at(place) as client:
            return await look(client)

    return asyncio.run(go())


async def all_trials(client: "Client", study: str) -> list[TrialResult]:
    """The trials of a study by number."""
    return [trial async for trial in client.trials(study)]


async def all_revisions(client: "Client", study: str, trial: int) -> list[Revision]:
    """Every edit of a trial, first to last."""
    found: list[Revision] = []
    while page := await client.revisions(study, number=trial, first=len(found) + 1):
        found += page
    return found


async def _choose(client: "Client", place: Place, name: str | None) -> StudyOverview:
    if name is not None:
        return await client.study(name)
    studies = await client.studies()
    if len(studies) == 1:
        return studies[0]
    here = place.connect is None
    where = str(place.db) if here else f"the service {place.orchestrator!r}"
    if not studies:
        raise WrongInput(f"{where} holds no study yet; `trialmq run` makes one")
    names = ", ".join(study.name for study in studies)
    raise WrongInput(f"{where} holds {len(studies)} studies, name one: {names}")
