"""What clients make of results: rescored, hidden, annotated, forks to learn from, each in a turn.

A trial that has ended is not in memory, so it is taken from the database and stored again with the
turn. A study that is open then counts anew: its best, its pruner and its sampler are what they
would be if the result had been so from the beginning. One that is not will when it is opened.
"""

from collections.abc import Mapping

from orchestrator.engine.outcomes import past_of
from orchestrator.engine.result_editing import ResultEditing
from orchestrator.engine.study_engine import StudyEngine
from orchestrator.engine.suggestions import Past
from orchestrator.engine.trials import Trial
from orchestrator.service.studies import Studies
from orchestrator.service.supply import Supply
from orchestrator.service.turn import Turn
from orchestrator.store.rows import StudyRow
from orchestrator.store.store import Store
from schema.commands.results import AnnotateTrial, HideTrial, LearnFromFork, RescoreTrial
from schema.errors import UnknownName
from schema.requests import ResultEdit
from schema.results import TrialResult


class ResultEdits:
    """Edits of the results of one database; ``live`` are the trials that have not ended."""

    def __init__(
        self, store: Store, studies: Studies, supply: Supply, live: Mapping[int, Trial]
    ) -> None:
        self._store = store
        self._studies = studies
        self._supply = supply
        self._live = live

    async def carry_out(self, edit: ResultEdit, client: str, turn: Turn) -> TrialResult:
        """Decide what ``client`` asks for; the trial as it is then.

        Raises:
            UnknownName: there is no such study, trial or metric.
            WrongInput: it cannot be done with this trial.
        """
        row = await self._study(edit.study)
        trial = await self._trial(edit, row)
        engine = self._studies.engines.get(row.id)
        spec = row.spec if engine is None else engine.spec
        editing = ResultEditing(spec, trial, client, edit.because, turn.moment)
        match edit:
            case RescoreTrial():
                changed = editing.rescore(edit.metrics, turn.changes)
            case HideTrial():
                changed = editing.hide(edit.hidden, turn.changes)
            case LearnFromFork():
                changed = editing.learn(edit.learn, turn.changes)
            case AnnotateTrial():
                editing.annotate(edit.note, edit.tags, turn.changes)
                changed = False  # of what counts
        if changed and engine is not None and trial.state.ended:
            if engine.relearn(trial):
                others = await self._store.results(row.id)
                engine.find_best([trial if t.id == trial.id else t for t in others])
            self._supply.open_anew(engine, lambda: self._past(engine))
        return trial.result()

    async def _past(self, engine: StudyEngine) -> list[Past]:
        objective = engine.spec.objective
        return [past_of(objective, trial) for trial in await self._store.results(engine.id)]

    async def _study(self, name: str) -> StudyRow:
        row = await self._store.study(name)
        if row is None:
            raise UnknownName("study", name, [study.name for study in await self._store.studies()])
        return row

    async def _trial(self, edit: ResultEdit, row: StudyRow) -> Trial:
        """The trial that is meant: the one in memory, where it is still there."""
        found = await self._store.result(row.id, edit.number)
        if found is None:
            raise UnknownName(f"trial in study {edit.study!r}:", str(edit.number))
        return self._live.get(found.id, found)
