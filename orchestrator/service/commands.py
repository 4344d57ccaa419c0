"""What clients change: studies, trials and runners, each as part of a turn of the service."""

from collections.abc import Mapping

from orchestrator.engine import revisions
from orchestrator.engine.leases import HELD
from orchestrator.engine.study_engine import StudyEngine
from orchestrator.engine.trials import Trial
from orchestrator.sampling import check_space, make_sampler
from orchestrator.service.profiles import Profiles
from orchestrator.service.questions import Questions
from orchestrator.service.queueing import Queueing
from orchestrator.service.reception import Reception
from orchestrator.service.result_edits import ResultEdits
from orchestrator.service.settings import check_settings, patched
from orchestrator.service.studies import Studies
from orchestrator.service.supply import Supply
from orchestrator.service.turn import Address, Turn
from orchestrator.store.store import Store
from schema.commands.edits import ApplyEdits, RestartTrial, UndoRevision
from schema.commands.results import AnnotateTrial, HideTrial, LearnFromFork, RescoreTrial
from schema.commands.runners import RunnerOverview, SteerRunner
from schema.commands.studies import (
    ChangeSettings,
    CreateStudy,
    DeleteStudy,
    SettingsVersion,
    StopStudy,
)
from schema.commands.trials import QueueTrial, StopTrial
from schema.defining import check_judged
from schema.errors import Conflict, UnknownName, WrongInput
from schema.identity import checked_name
from schema.requests import Change
from schema.results import StudyOverview, TrialResult
from schema.revision import Revision
from schema.study import StudySpec
from schema.values import Value


class Commands:
    """Carries out what a client asks for; what is wrong is refused before anything has changed."""

    def __init__(
        self,
        store: Store,
        studies: Studies,
        supply: Supply,
        reception: Reception,
        questions: Questions,
        live: Mapping[int, Trial],
    ) -> None:
        self._store = store
        self._studies = studies
        self._supply = supply
        self._reception = reception
        self._questions = questions
        self._live = live
        self._profiles = Profiles(store.profiles, questions.results, questions.offers)
        self._queueing = Queueing(store, studies, questions.results)
        self._result_edits = ResultEdits(store, studies, supply, live)

    async def carry_out(self, change: Change, client: str, turn: Turn) -> object:
        """Decide what ``client`` asks for; the result that `schema.requests.RESULTS` names.

        Raises:
            WrongInput: it cannot be done.
        """
        match change:
            case CreateStudy():
                return await self._create(change.spec, client, turn)
            case ChangeSettings():
                return await self._change(change, client, turn)
            case StopStudy():
                return await self._stop(change, client, turn)
            case DeleteStudy():
                await self._delete(change, turn)
                return None
            case StopTrial():
                return await self._stop_trial(change, client, turn)
            case ApplyEdits():
                engine = await self._opened(change.study, turn)
                trial = self._live_trial(engine, change.number)
                return self._apply(change, change.edits, trial, client, turn)
            case UndoRevision():
                engine = await self._opened(change.study, turn)
                trial = self._live_trial(engine, change.number)
                edits = revisions.undoing(trial, change.revision)
                return self._apply(change, edits, trial, client, turn)
            case RestartTrial():
                engine = await self._opened(change.study, turn)
                trial = self._live_trial(engine, change.number)
                return self._restart(change, trial, client, turn)
            case SteerRunner():
                return self._steer(change, turn)
            case QueueTrial():
                return await self._queueing.queue(change, client, turn)
            case RescoreTrial() | HideTrial() | AnnotateTrial() | LearnFromFork():
                return await self._result_edits.carry_out(change, client, turn)
            case _:
                return await self._profiles.carry_out(change, client, turn)

    async def _create(self, spec: StudySpec, client: str, turn: Turn) -> StudyOverview:
        checked_name("study", spec.name)
        self._check_offered(spec, turn)
        check_judged(spec)
        make_sampler(spec.sampler, spec.seed)
        check_space(spec.sampler, spec.objective.space)
        check_settings(spec.settings, spec.objective, spec.name)
        engine, past = await self._studies.open(spec, client, turn)
        self._reception.study_opened(engine, turn)
        self._supply.begin_session(engine, turn)
        if past is not None:
            self._supply.open_later(engine, past)
        return self._studies.overview(engine)

    def _check_offered(self, spec: StudySpec, turn: Turn) -> None:
        entry = spec.objective.entry
        offering = self._questions.offering(entry, turn.moment)
        if not offering:
            offers = [offer.entry for offer in self._questions.offers(turn.moment)]
            here = ", ".join(offers) or "nothing, because no runner has arrived"
            raise WrongInput(f"no runner offers {entry}; offered here are: {here}")
        for runner in offering:
            runner.matches.pop(spec.name, None)
        misfits = [runner.misfit(spec) for runner in offering]
        if all(misfits):
            for runner in offering:
                del runner.matches[spec.name]
            raise WrongInput(misfits[0])

    async def _opened(self, study: str, turn: Turn) -> StudyEngine:
        """The study of this name, which may have been put away."""
        engine, past = await self._studies.opened(study, turn.moment)
        if past is not None:
            self._reception.study_opened(engine, turn)
            self._supply.open_later(engine, past)
        return engine

    async def _change(self, change: ChangeSettings, client: str, turn: Turn) -> SettingsVersion:
        engine = await self._opened(change.study, turn)
        version = self._studies.version(engine)
        if change.expected not in (None, version):
            raise Conflict(
                f"the settings of study {change.study!r} are of version {version} by now, not "
                f"{change.expected}; look at them again"
            )
        settings = patched(engine.spec, change.patch)
        return self._studies.change(engine, settings, client, change.because, turn)

    async def _stop(self, stop: StopStudy, client: str, turn: Turn) -> StudyOverview:
        engine = await self._opened(stop.study, turn)
        if engine.done:
            return self._studies.overview(engine)
        because = stop.because or f"stopped by {client}"
        engine.close(because)
        if stop.now:
            for trial in engine.running():
                _end(engine, trial, because, turn)
        return self._studies.overview(engine)

    async def _delete(self, delete: DeleteStudy, turn: Turn) -> None:
        row = await self._store.study(delete.study)
        if row is None:
            names = [study.name for study in await self._store.studies()]
            raise UnknownName("study", delete.study, names)
        engine = self._studies.delete(row, turn)
        if engine is not None:
            self._supply.forget(engine)
            self._reception.study_closed(engine)

    async def _stop_trial(self, stop: StopTrial, client: str, turn: Turn) -> TrialResult:
        engine = await self._opened(stop.study, turn)
        trial = self._live_trial(engine, stop.number)
        _end(engine, trial, stop.because or f"stopped by {client}", turn)
        return trial.result()

    def _live_trial(self, engine: StudyEngine, number: int) -> Trial:
        """A trial that has not ended.

        Raises:
            UnknownName: there is no such trial.
            WrongInput: it has ended.
        """
        study = engine.spec.name
        of_study = (t for t in self._live.values() if t.study == engine.id)
        trial = next((t for t in of_study if t.number == number), None)
        if trial is None and 0 <= number < engine.created:
            what = "session" if engine.spec.is_session else f"trial {number} of study"
            raise WrongInput(f"{what} {study!r} has ended already")
        if trial is None:
            raise UnknownName(f"trial in study {study!r}:", str(number))
        return trial

    def _apply(
        self,
        change: ApplyEdits | UndoRevision,
        edits: Mapping[str, Value],
        trial: Trial,
        client: str,
        turn: Turn,
    ) -> Revision:
        engine, moment = self._studies.engines[trial.study], turn.moment
        space, because = engine.spec.objective.space, change.because
        expected = change.expected
        revision = revisions.propose(trial, space, edits, expected, client, because, moment)
        engine.editing.edit(trial, revision, moment, turn.changes)
        if trial.state in HELD:
            turn.revise(trial, 0)
        return revision

    def _restart(self, change: RestartTrial, trial: Trial, client: str, turn: Turn) -> TrialResult:
        engine = self._studies.engines[trial.study]
        because = change.because or f"restarted by {client}"
        engine.editing.restart(trial, because, turn.moment, turn.changes)
        assert trial.runner is not None
        turn.answer(Address(trial.runner, trial.boot), trial.id, trial.attempt, 0)
        return trial.result()

    def _steer(self, command: SteerRunner, turn: Turn) -> RunnerOverview:
        name = command.runner
        seen = self._questions.runner(name, turn.moment)
        runner = self._reception.runners[name]
        runner.steer = self._reception.steered[name] = command.steer
        turn.changes.steered.append((name, command.steer))
        turn.greet(Address(name, runner.boot))
        return self._questions.runner(seen.name, turn.moment)


def _end(engine: StudyEngine, trial: Trial, because: str, turn: Turn) -> None:
    """End one trial, by its runner where it has one."""
    if trial.state in HELD and trial.runner is not None:
        turn.answer(Address(trial.runner, trial.boot), trial.id, trial.attempt, 0)
    engine.stop(trial, because, turn.moment, turn.changes)
