"""Queueing a configuration as a trial: made of a profile, a trial or the defaults, and kept.

It need not run now: what is queued for a study that has ended, or that nobody runs, is stored and
becomes the next trial as soon as the study gets one.
"""

from collections.abc import Awaitable, Callable

from orchestrator.engine.suggestions import Queued
from orchestrator.reading.results import Results
from orchestrator.service.sessions import check_queued
from orchestrator.service.studies import Studies
from orchestrator.service.turn import Turn
from orchestrator.store.rows import values_text
from orchestrator.store.store import Store
from schema.adaptation import fit
from schema.commands.trials import QueueTrial
from schema.errors import InvalidValue, WrongInput
from schema.profile import edited
from schema.profile_history import QueuedTrial
from schema.results import StudyOverview
from schema.space import Space
from schema.values import Value


class Queueing:
    """Queues configurations for the studies of one database."""

    def __init__(
        self, store: Store, studies: Studies, results: Callable[[], Awaitable[Results]]
    ) -> None:
        self._store = store
        self._studies = studies
        self._results = results

    async def queue(self, wanted: QueueTrial, client: str, turn: Turn) -> QueuedTrial:
        """The configuration waits; it is stored with the turn.

        Raises:
            UnknownName: there is no such study, profile or trial.
            InvalidValue: the study does not allow a value of it.
            WrongInput: nothing was named to be queued, or the study is a session.
        """
        study = await (await self._results()).study(wanted.study)
        check_queued(study.spec)
        space = study.spec.objective.space
        origin, base, notes = await self._origin(wanted, study)
        values = edited(base, wanted.set, space)
        text = f"{origin} by {client}"
        if wanted.because:
            text += f": {wanted.because}"
        waiting = await self._store.queued(study.id)
        queued = Queued(id=await self._store.next_queued_id(), values=values, text=text)
        assert queued.id is not None
        engine = self._studies.named(study.name)
        if engine is not None:
            engine.queued.append(queued)
        row = (queued.id, study.id, values_text(values), text, client, turn.moment.wall)
        turn.changes.queued.append(row)
        place = len(waiting) + 1
        return QueuedTrial(
            study=study.name,
            place=place,
            values=values,
            notes=tuple(notes),
            held_up=_held_up(study, place),
        )

    async def _origin(
        self, wanted: QueueTrial, study: StudyOverview
    ) -> tuple[str, dict[str, Value], list[str]]:
        """What it is made of, in words; the values; and what of them could not be taken over."""
        space = study.spec.objective.space
        if wanted.profile and wanted.trial is not None:
            raise WrongInput("queue a profile or a trial, not both")
        if wanted.profile:
            return await self._of_profile(wanted, space)
        edits = ", edited" if wanted.set else ""
        if wanted.trial is not None:
            trial = await (await self._results()).trial(study, wanted.trial)
            return f"trial {trial.number}{edits}", trial.config, []
        if not wanted.set:
            raise WrongInput("say what to queue: a profile, a trial of the study or values to set")
        return f"the defaults{edits}", space.defaults(), []

    async def _of_profile(
        self, wanted: QueueTrial, space: Space
    ) -> tuple[str, dict[str, Value], list[str]]:
        """A profile as the study allows it; a value that is refused must be set to another."""
        stored = await self._store.profiles.profile(wanted.profile, wanted.version)
        adapted = fit(stored.profile, space)
        for refused in (*adapted.changed_type, *adapted.out_of_range):
            if refused.path not in wanted.set:
                raise InvalidValue(refused.path, refused.problem)
        told = tuple(f"{path}: " for path in wanted.set)
        notes = [note for note in adapted.sentences() if not note.startswith(told)]
        edits = ", edited" if wanted.set else ""
        name = f"profile {stored.profile.name}@{stored.profile.version}{edits}"
        return name, adapted.values, notes


def _held_up(study: StudyOverview, place: int) -> str:
    """Why the study does not get that far, as things stand."""
    limits, made = study.spec.settings.limits, sum(study.counts.values())
    if limits.trials is not None and made + place > limits.trials:
        return f"its limit of {limits.trials} trials leaves no room for it"
    if study.closed_because:
        return f"no more of its trials are started: {study.closed_because}"
    return "it is paused" if study.spec.settings.paused else ""
