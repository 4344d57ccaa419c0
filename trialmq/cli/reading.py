"""How the reading commands get at what is stored: one study of one database, in one short visit."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from orchestrator.results import Results
from schema.errors import UnknownName, WrongInput
from schema.messages import Report
from schema.results import AttemptResult, Event, StudyOverview, TrialResult
from schema.study import StudySpec


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
    attempts: list[AttemptResult]
    curve: list[Report]
    events: list[Event]


@dataclass(frozen=True, slots=True)
class StudyCurves:
    """A study, its trials by number, and what each one's counted attempt reported."""

    spec: StudySpec
    trials: list[TrialResult]
    curves: dict[int, list[Report]]


def read_studies(database: Path) -> list[tuple[StudyOverview, list[TrialResult]]]:
    """Every study of a database with its trials.

    Raises:
        StoreError: it cannot be read.
    """

    async def visit() -> list[tuple[StudyOverview, list[TrialResult]]]:
        async with Results.open(database) as results:
            studies = await results.studies()
            return [(overview, await results.trials(overview)) for overview in studies]

    return asyncio.run(visit())


def read_study(database: Path, name: str | None) -> StudyTrials:
    """A study by name, or the only one there is.

    Raises:
        WrongInput: there is none of this name, or there are several to choose from.
        StoreError: the database cannot be read.
    """

    async def visit() -> StudyTrials:
        async with Results.open(database) as results:
            study = await _choose(results, database, name)
            return StudyTrials(study.spec, await results.trials(study))

    return asyncio.run(visit())


def read_curves(database: Path, name: str | None) -> StudyCurves:
    """A study, as `read_study`, with its curves.

    Raises:
        WrongInput: as `read_study`.
        StoreError: the database cannot be read.
    """

    async def visit() -> StudyCurves:
        async with Results.open(database) as results:
            study = await _choose(results, database, name)
            trials = await results.trials(study)
            return StudyCurves(study.spec, trials, await results.curves(study))

    return asyncio.run(visit())


def read_trial(database: Path, name: str | None, number: int) -> TrialHistory:
    """One trial of a study.

    Raises:
        WrongInput: as `read_study`, or the study has no such trial.
        StoreError: the database cannot be read.
    """

    async def visit() -> TrialHistory:
        async with Results.open(database) as results:
            study = await _choose(results, database, name)
            try:
                trial = await results.trial(study, number)
            except UnknownName as error:
                last = max((t.number for t in await results.trials(study)), default=None)
                has = "no trial yet" if last is None else f"trials 0 to {last}"
                raise WrongInput(f"study {study.name!r} has {has}, not {number}") from error
            attempts, curve = await results.attempts(trial), await results.curve(trial)
            events = await results.events_of(trial)
            return TrialHistory(study.spec, trial, attempts, curve, events)

    return asyncio.run(visit())


async def _choose(results: Results, database: Path, name: str | None) -> StudyOverview:
    if name is not None:
        return await results.study(name)
    studies = await results.studies()
    if len(studies) == 1:
        return studies[0]
    if not studies:
        raise WrongInput(f"{database} holds no study yet; `trialmq run` makes one")
    names = ", ".join(study.name for study in studies)
    raise WrongInput(f"{database} holds {len(studies)} studies, name one: {names}")
