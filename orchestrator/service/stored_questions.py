"""Answers to what clients ask that the database alone knows: what was, and what is stored of now.

So a database can be looked at beside whoever runs on it, or nobody, by the same questions.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import TypeVar

import msgspec

from orchestrator.engine.progress import progress_of_stored
from orchestrator.engine.study_engine import StudyEngine
from orchestrator.engine.trials import Moment
from orchestrator.reading.results import Results
from orchestrator.reading.summary import summarise
from orchestrator.service.feed import Feed
from orchestrator.service.insight import Insight
from orchestrator.service.news import News
from schema.commands.edits import ListRevisions
from schema.commands.feed import GetChanges, GetCurves, GetLog
from schema.commands.insight import GetImportance, GetPruners, GetReplay, GetScores
from schema.commands.pages import PAGE_BYTES, PAGE_ROWS
from schema.commands.profiles import GetProfile, GetProfileHistory, ListProfiles
from schema.commands.studies import GetProgress, GetStudy, GetSummary, ListSettings, ListStudies
from schema.commands.trials import GetAttempts, GetTrial, GetTrials, TrialDetail
from schema.errors import WrongInput
from schema.messages import Report
from schema.requests import Question
from schema.results import Progress, Summary, TrialResult
from schema.revision import Revision

CURVE_REPORTS = 5_000
"""A longer curve is thinned to so many of its reports, evenly."""


class StoredQuestions:
    """What can be seen of one database."""

    def __init__(self, results: Callable[[], Awaitable[Results]], news: News) -> None:
        self.results = results
        self._insight = Insight(self.engine, results)
        self._feed = Feed(news, results, self.open_progress, self._stored_progress)

    def engine(self, study: str) -> StudyEngine | None:
        """A study in memory; here there is none."""
        return None

    async def open_progress(self, study: str) -> Progress | None:
        """That of a study in memory."""
        return None

    async def answer(self, question: Question, now: Moment) -> object:
        """The result that `schema.requests.RESULTS` names for this question.

        Raises:
            UnknownName: there is no such study, trial or profile.
            StoreError: the database cannot be read.
            WrongInput: only a service that runs can say that.
        """
        match question:
            case GetProgress():
                return await self._progress(question.study)
            case ListStudies():
                studies = await (await self.results()).studies()
                studies.sort(key=lambda study: study.id)
                return page_of(study for study in studies if study.id >= question.first)
            case ListSettings():
                results = await self.results()
                of = await results.study(question.study)
                return page_of(await results.settings(of, max(question.first, 1), PAGE_ROWS))
            case GetStudy():
                return await (await self.results()).study(question.study)
            case GetSummary():
                return await self._summary(question, now)
            case GetTrials():
                return await self._trials(question)
            case GetTrial():
                return await self._trial(question)
            case GetAttempts():
                results = await self.results()
                study = await results.study(question.study)
                return tuple(await results.attempts_of(study, question.trials))
            case GetChanges():
                return await self._feed.changes(question)
            case GetCurves():
                return await self._feed.curves(question)
            case GetLog():
                return await self._feed.log(question)
            case GetScores() | GetImportance() | GetPruners() | GetReplay():
                return await self._insight.answer(question)
            case ListRevisions():
                return await self._revisions(question)
            case ListProfiles():
                return tuple(await (await self.results()).profiles.overviews())
            case GetProfile():
                profiles = (await self.results()).profiles
                return await profiles.profile(question.name, question.version)
            case GetProfileHistory():
                return tuple(await (await self.results()).profiles.history(question.name))
            case _:
                raise WrongInput("no service runs here that could say that")

    async def _progress(self, study: str) -> Progress:
        return await self.open_progress(study) or await self._stored_progress(study)

    async def _stored_progress(self, study: str) -> Progress:
        results = await self.results()
        overview = await results.study(study)
        return progress_of_stored(overview, await results.trials(overview))

    async def _summary(self, question: GetSummary, now: Moment) -> Summary:
        results = await self.results()
        study = await results.study(question.study)
        trials = await results.trials(study)
        control = study.spec.settings.pruner.control_fraction
        since = max(question.since, study.created)
        last = now.wall if study.name == self._open(study.name) else study.active or since
        return await asyncio.to_thread(
            summarise,
            study.spec,
            trials,
            seconds=max(0.0, last - since),
            since=since,
            stopped_because=study.closed_because,
            events=await results.events(study) if control else (),
        )

    def _open(self, name: str) -> str | None:
        engine = self.engine(name)
        return None if engine is None or engine.done else name

    async def _trials(self, question: GetTrials) -> tuple[TrialResult, ...]:
        results = await self.results()
        study = await results.study(question.study)
        return page_of(await results.page(study, max(question.first, 0), PAGE_ROWS))

    async def _trial(self, question: GetTrial) -> TrialDetail:
        results = await self.results()
        study = await results.study(question.study)
        trial = await results.trial(study, question.number)
        return TrialDetail(
            trial=trial,
            attempts=tuple(await results.attempts(trial)),
            curve=_thinned(await results.curve(trial)),
            events=tuple(await results.recent_events_of(trial, PAGE_ROWS)),
        )

    async def _revisions(self, question: ListRevisions) -> tuple[Revision, ...]:
        results = await self.results()
        study = await results.study(question.study)
        trial = await results.trial(study, question.number)
        return page_of(await results.revisions(trial, max(question.first, 1), PAGE_ROWS))


T = TypeVar("T")


def page_of(rows: Iterable[T]) -> tuple[T, ...]:
    """As many of the ``rows`` as one answer may hold."""
    page: list[T] = []
    size = 0
    for row in islice(rows, PAGE_ROWS):
        size += len(msgspec.msgpack.encode(row))
        if page and size > PAGE_BYTES:
            break
        page.append(row)
    return tuple(page)


def _thinned(curve: list[Report]) -> tuple[Report, ...]:
    """At most `CURVE_REPORTS` of a curve, evenly, and its last one."""
    every = -(-len(curve) // CURVE_REPORTS)
    if every < 2:
        return tuple(curve)
    return (*curve[:-1:every], curve[-1])
