"""Answers to what clients ask: from memory what is happening now, from the database what was.

Nothing here changes anything, so questions are answered beside the turns of the service.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice
from typing import TypeVar

import msgspec

from orchestrator.engine.leases import Leases
from orchestrator.engine.progress import progress_of_stored
from orchestrator.engine.study_engine import StudyEngine
from orchestrator.engine.trials import Moment
from orchestrator.reading.results import Results
from orchestrator.reading.summary import summarise
from orchestrator.service.feed import Feed
from orchestrator.service.insight import Insight
from orchestrator.service.news import News
from orchestrator.service.reception import Reception
from orchestrator.service.runners import Runner, offered
from orchestrator.service.studies import Studies
from schema.commands.edits import ListRevisions
from schema.commands.feed import GetChanges, GetCurves, GetLog
from schema.commands.insight import GetImportance, GetPruners, GetReplay, GetScores
from schema.commands.pages import PAGE_BYTES, PAGE_ROWS
from schema.commands.profiles import GetProfile, GetProfileHistory, ListProfiles
from schema.commands.runners import Held, ListOffers, ListRunners, Presence, RunnerOverview
from schema.commands.service import GetService, ServiceOverview
from schema.commands.studies import (
    GetProgress,
    GetStudy,
    GetSummary,
    ListSettings,
    ListStudies,
)
from schema.commands.trials import GetAttempts, GetTrial, GetTrials, TrialDetail
from schema.errors import UnknownName
from schema.messages import Report
from schema.requests import Question
from schema.results import Progress, Summary, TrialResult
from schema.revision import Revision
from schema.study import ObjectiveDescription

CURVE_REPORTS = 5_000
"""A longer curve is thinned to so many of its reports, evenly."""


class Questions:
    """What can be seen of one orchestrator."""

    def __init__(
        self,
        service: Callable[[], ServiceOverview],
        studies: Studies,
        reception: Reception,
        leases: Leases,
        results: Callable[[], Awaitable[Results]],
        news: News,
        progress: Callable[[StudyEngine], Awaitable[Progress]],
    ) -> None:
        self._service = service
        self._studies = studies
        self._reception = reception
        self._leases = leases
        self._progress_of = progress
        self.results = results
        self._insight = Insight(studies, results)
        self._feed = Feed(news, results, self._open_progress, self._stored_progress)

    async def answer(self, question: Question, now: Moment) -> object:
        """The result that `schema.requests.RESULTS` names for this question.

        Raises:
            UnknownName: there is no such study, trial or profile.
            StoreError: the database cannot be read.
        """
        match question:
            case GetService():
                return self._service()
            case ListRunners():
                names = sorted(n for n in self._reception.runners if n > question.after)
                return _page(self.runner(name, now) for name in names)
            case ListOffers():
                return tuple(self.offers(now))
            case GetProgress():
                return await self._progress(question.study)
            case ListStudies():
                studies = await (await self.results()).studies()
                studies.sort(key=lambda study: study.id)
                return _page(study for study in studies if study.id >= question.first)
            case ListSettings():
                results = await self.results()
                of = await results.study(question.study)
                return _page(await results.settings(of, max(question.first, 1), PAGE_ROWS))
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

    def offers(self, now: Moment) -> list[ObjectiveDescription]:
        """What the runners that are there offer."""
        return offered(self.there(now))

    def there(self, now: Moment) -> list[Runner]:
        """The runners that are not gone."""
        lease = self._leases.lease_seconds
        runners = self._reception.runners.values()
        return [r for r in runners if r.presence(now.mono, lease) is not Presence.GONE]

    def runner(self, name: str, now: Moment) -> RunnerOverview:
        """One runner.

        Raises:
            UnknownName: no runner of this name was heard of.
        """
        runner = self._reception.runners.get(name)
        if runner is None:
            raise UnknownName("runner", name, self._reception.runners)
        held = [
            Held(
                study=self._studies.engines[trial.study].spec.name,
                number=trial.number,
                attempt=trial.attempt,
                slot=trial.slot,
                started=trial.started,
                step=trial.last_step,
            )
            for trial in self._leases.held.get(name, {}).values()
        ]
        return runner.overview(now.mono, self._leases.lease_seconds, held)

    async def _progress(self, study: str) -> Progress:
        return await self._open_progress(study) or await self._stored_progress(study)

    async def _open_progress(self, study: str) -> Progress | None:
        engine = self._studies.named(study)
        return None if engine is None else await self._progress_of(engine)

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
        engine = self._studies.named(name)
        return None if engine is None or engine.done else name

    async def _trials(self, question: GetTrials) -> tuple[TrialResult, ...]:
        results = await self.results()
        study = await results.study(question.study)
        return _page(await results.page(study, max(question.first, 0), PAGE_ROWS))

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
        return _page(await results.revisions(trial, max(question.first, 1), PAGE_ROWS))


T = TypeVar("T")


def _page(rows: Iterable[T]) -> tuple[T, ...]:
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
