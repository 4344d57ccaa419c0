"""Answers to what clients ask: from memory what is happening now, from the database what was.

Nothing here changes anything, so questions are answered beside the turns of the service.
"""

from collections.abc import Awaitable, Callable

from orchestrator.engine.leases import Leases
from orchestrator.engine.study_engine import StudyEngine
from orchestrator.engine.trials import Moment
from orchestrator.reading.results import Results
from orchestrator.service.news import News
from orchestrator.service.reception import Reception
from orchestrator.service.runners import Runner, offered
from orchestrator.service.stored_questions import StoredQuestions, page_of
from orchestrator.service.studies import Studies
from schema.commands.runners import Held, ListOffers, ListRunners, Presence, RunnerOverview
from schema.commands.service import GetService, ServiceOverview
from schema.errors import UnknownName
from schema.requests import Question
from schema.results import Progress
from schema.study import ObjectiveDescription


class Questions(StoredQuestions):
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
        super().__init__(results, news)
        self._service = service
        self._studies = studies
        self._reception = reception
        self._leases = leases
        self._progress_of = progress

    async def answer(self, question: Question, now: Moment) -> object:
        """The same of what is in memory."""
        match question:
            case GetService():
                return self._service()
            case ListRunners():
                names = sorted(n for n in self._reception.runners if n > question.after)
                return page_of(self.runner(name, now) for name in names)
            case ListOffers():
                return tuple(self.offers(now))
            case _:
                return await super().answer(question, now)

    def engine(self, study: str) -> StudyEngine | None:
        """A study that is open."""
        return self._studies.named(study)

    async def open_progress(self, study: str) -> Progress | None:
        """That of a study that is open."""
        engine = self.engine(study)
        return None if engine is None else await self._progress_of(engine)

    def offers(self, now: Moment) -> list[ObjectiveDescription]:
        """What the runners that are there offer."""
        return offered(self.there(now))

    def there(self, now: Moment) -> list[Runner]:
        """The runners that are not gone."""
        lease = self._leases.lease_seconds
        runners = self._reception.runners.values()
        return [r for r in runners if r.presence(now.mono, lease) is not Presence.GONE]

    def offering(self, entry: str, now: Moment) -> list[Runner]:
        """Those of them that offer something of this name."""
        return [runner for runner in self.there(now) if runner.offers_like(entry)]

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
