"""The studies of an orchestrator: opened, changed, closed and deleted, in memory and on disk.

A study is *open* while it is in memory; one that is finished leaves it after a while, and comes
back when somebody wants it changed. What is decided here is stored with the turn it is part of.
"""

import asyncio
from collections.abc import Sequence

from msgspec.structs import replace

from orchestrator.engine.leases import HELD, REMEMBERED, Leases
from orchestrator.engine.study_engine import StudyEngine
from orchestrator.engine.suggestions import Past, Queued
from orchestrator.engine.time_limit import ServedTimes, out_of_time
from orchestrator.engine.trials import Moment, Trial
from orchestrator.service.differences import check_same
from orchestrator.service.sessions import (
    check_goes_on,
    check_session,
    check_settings_of_session,
)
from orchestrator.service.turn import Turn
from orchestrator.store.rows import StudyRow
from orchestrator.store.store import Store
from schema.commands.studies import SettingsVersion
from schema.errors import UnknownName, WrongInput
from schema.events import EventKind
from schema.results import StudyOverview
from schema.study import StudySettings, StudySpec
from schema.trial import TrialState

RETIRED_SECONDS = 600.0
"""A finished study stays in memory for so long."""


class Studies:
    """The studies of one database."""

    def __init__(self, store: Store, leases: Leases) -> None:
        self.engines: dict[int, StudyEngine] = {}
        self.lessons = asyncio.Event()
        self._store = store
        self._leases = leases
        self._created: dict[int, float] = {}
        self._versions: dict[int, int] = {}
        self._closed: dict[int, str] = {}  # as it is stored
        self._finished: dict[int, float] = {}  # since when, monotonic
        self._times = ServedTimes()
        self._next = 1

    async def begin(self) -> None:
        """Find out where the numbering goes on."""
        self._next = await self._store.next_study_id()

    async def learn(self) -> None:
        """Teach pruners that were changed, slice by slice, for ever; ``lessons`` says there are."""
        while True:
            await self.lessons.wait()
            self.lessons.clear()
            for engine in list(self.engines.values()):
                for _ in iter(engine.learn, False):
                    await asyncio.sleep(0)

    async def resume(self, moment: Moment) -> list[tuple[StudyEngine, list[Past]]]:
        """Open every study that is not finished, and remember how the trials of the rest ended."""
        counts = await self._store.counts()
        opened = []
        for row in await self._store.studies():
            if _unfinished(row, counts.get(row.id, {})):
                opened.append(await self._load(row, row.spec, moment))
        for study, trial, attempt, applied in await self._store.ended(REMEMBERED):
            if study not in self.engines:
                self._leases.remember(trial, attempt, applied)
        return opened

    async def resume_anew(self, moment: Moment) -> list[tuple[StudyEngine, list[Past]]]:
        """Forget all that is not stored, as a restart would."""
        self.engines.clear()
        self._leases.forget_all()
        return await self.resume(moment)

    def named(self, name: str) -> StudyEngine | None:
        """The open study of this name."""
        return next((e for e in self.engines.values() if e.spec.name == name), None)

    def open_one(self, name: str) -> StudyEngine:
        """The open study of this name.

        Raises:
            UnknownName: there is none; the message offers the nearest.
        """
        engine = self.named(name)
        if engine is None:
            raise UnknownName("running study", name, [e.spec.name for e in self.engines.values()])
        return engine

    async def opened(self, name: str, moment: Moment) -> tuple[StudyEngine, list[Past] | None]:
        """The study of this name as it stands, opened if it is not; with it comes what its sampler
        has to be built from, ``None`` where it has one.

        Raises:
            UnknownName: there is none; the message offers the nearest.
        """
        engine = self.named(name)
        if engine is not None:
            return engine, None
        row = await self._store.study(name)
        if row is None:
            raise UnknownName("study", name, [row.name for row in await self._store.studies()])
        limits = row.spec.settings.limits
        over = row.closed_because == out_of_time(limits)
        self._times.begin(row.id, limits.seconds or 0.0 if over else 0.0)
        return await self._load(row, row.spec, moment)

    # ------------------------------------------------------------------ opening

    async def open(
        self, spec: StudySpec, author: str, turn: Turn
    ) -> tuple[StudyEngine, list[Past] | None]:
        """Create the study, or go on with the one of this name under these settings.

        With the engine comes what its sampler has to be built from; ``None`` where it has one.

        Raises:
            WrongInput: a study of this name has another objective, space or, while it runs,
                another sampler.
        """
        if spec.is_session:
            check_session(spec)
        engine = self.named(spec.name)
        if engine is not None and not engine.done:
            self._go_on(engine, spec, author, turn)
            return engine, None
        row = await self._store.study(spec.name)
        if row is None:
            engine = self._create(spec, author, turn)
            return engine, []
        check_same(row.spec, spec)
        if spec.is_session and (trial := await self._store.result(row.id, 0)) is not None:
            check_goes_on(row.spec, spec, trial.state)
        spec = _going_on(row.spec, spec)
        engine, past = await self._load(row, spec, turn.moment)
        engine.reopen()
        self._times.begin(engine.id)
        if row.spec != spec:
            turn.changes.redefined[row.id] = spec
        if row.spec.settings != spec.settings:
            self._new_version(engine, author, "", turn)
        return engine, past

    def _create(self, spec: StudySpec, author: str, turn: Turn) -> StudyEngine:
        engine = StudyEngine(self._next, spec, self._leases)
        if not spec.objective.dynamic:
            engine.queued.append(Queued(values=spec.start or spec.objective.space.defaults()))
        self._next += 1
        self._register(engine, StudyRow(engine.id, spec.name, spec, turn.moment.wall, "", 0))
        turn.changes.studies.append((engine.id, spec.name, spec, turn.moment.wall))
        text = f"{spec.objective.entry} by {author or 'this process'}"
        turn.changes.note(turn.moment.wall, engine.id, EventKind.CREATED, text)
        self._new_version(engine, author, "", turn)
        return engine

    async def _load(
        self, row: StudyRow, spec: StudySpec, moment: Moment
    ) -> tuple[StudyEngine, list[Past]]:
        engine = StudyEngine(row.id, spec, self._leases)
        past = engine.restore(*await self._store.load(row.id), moment)
        if not past and not spec.objective.dynamic:
            engine.queued.append(Queued(values=spec.objective.space.defaults()))
        for queued in await self._store.queued(row.id):
            engine.queued.append(queued)
        if row.closed_because:
            engine.close(row.closed_because)
        self._register(engine, row)
        return engine, past

    def _register(self, engine: StudyEngine, row: StudyRow) -> None:
        self.engines[engine.id] = engine
        self._created[engine.id] = row.created
        self._versions[engine.id] = row.version
        self._closed[engine.id] = row.closed_because

    def _go_on(self, engine: StudyEngine, spec: StudySpec, author: str, turn: Turn) -> None:
        stored = engine.spec
        check_same(stored, spec)
        if spec.is_session:
            check_goes_on(stored, spec, TrialState.WAITING)
        if (stored.sampler, stored.seed) != (spec.sampler, spec.seed):
            raise WrongInput(
                f"study {spec.name!r} runs with sampler {stored.sampler!r} and seed {stored.seed}, "
                f"not {spec.sampler!r} and {spec.seed}; stop it first, or take another name"
            )
        if engine.closed_because or stored.settings.limits.seconds != spec.settings.limits.seconds:
            self._times.begin(engine.id)
        engine.reopen()
        if stored.objective.entry != spec.objective.entry:
            moved = replace(stored.objective, entry=spec.objective.entry)
            engine.spec = turn.changes.redefined[engine.id] = replace(stored, objective=moved)
        self.change(engine, spec.settings, author, "", turn)

    # ------------------------------------------------------------------ changing

    def version(self, engine: StudyEngine) -> int:
        """The version of the settings in force."""
        return self._versions[engine.id]

    def change(
        self, engine: StudyEngine, settings: StudySettings, author: str, because: str, turn: Turn
    ) -> SettingsVersion:
        """Put other settings in force, as a new version; the same ones change nothing.

        A study that ended because of its time limit goes on under another one.

        Raises:
            WrongInput: the settings describe no pruner.
        """
        if engine.spec.is_session:
            check_settings_of_session(engine.spec.name, settings)
        if settings != engine.spec.settings:
            limits = engine.spec.settings.limits
            engine.change(settings)
            if limits != settings.limits and engine.closed_because == out_of_time(limits):
                engine.reopen()
            turn.changes.redefined[engine.id] = engine.spec
            self._new_version(engine, author, because, turn)
        return SettingsVersion(version=self.version(engine), settings=engine.spec.settings)

    def _new_version(self, engine: StudyEngine, author: str, because: str, turn: Turn) -> None:
        version = self._versions[engine.id] = self._versions[engine.id] + 1
        settings, at = engine.spec.settings, turn.moment.wall
        turn.changes.settings.append((engine.id, version, settings, author, at, because))
        if version > 1:
            text = f"version {version} by {author or 'this process'}: {because}"
            turn.changes.note(at, engine.id, EventKind.SETTINGS, text.removesuffix(": "))

    def delete(self, row: StudyRow, turn: Turn) -> StudyEngine | None:
        """Forget a study, with all its trials; returns its engine if it was open.

        Raises:
            WrongInput: some of its trials run.
        """
        engine = self.engines.get(row.id)
        if engine is not None:
            running = len(engine.running())
            if running:
                raise WrongInput(
                    f"study {row.name!r} has {running} trials that run; stop it first, and delete "
                    "it when they have ended"
                )
            self._forget(engine)
        turn.changes.deleted.append((row.id,))
        turn.changes.note(turn.moment.wall, None, EventKind.DELETED, row.name)
        return engine

    def retire(self, moment: Moment) -> list[StudyEngine]:
        """Put the studies away of which nobody wanted anything since they were finished."""
        retired = []
        for engine in list(self.engines.values()):
            if not (engine.done and self.settled(engine)) or any(t.runner for t in engine.waiting):
                self._finished.pop(engine.id, None)
            elif moment.mono - self._finished.setdefault(engine.id, moment.mono) > RETIRED_SECONDS:
                self._forget(engine)
                retired.append(engine)
        return retired

    def _forget(self, engine: StudyEngine) -> None:
        for trial in self._trials(engine):
            self._leases.drop(trial)
        del self.engines[engine.id]
        for known in (self._created, self._versions, self._closed, self._finished):
            known.pop(engine.id, None)
        self._times.forget(engine.id)

    def _trials(self, engine: StudyEngine) -> Sequence[Trial]:
        return [trial for trial in self._leases.live.values() if trial.study == engine.id]

    def settle(self, turn: Turn) -> None:
        """Whatever was closed, also by its time limit, or opened again is stored as such."""
        self._times.close_those_over(self.engines.values(), turn.moment.mono)
        for engine in self.engines.values():
            because = engine.closed_because
            if because != self._closed[engine.id]:
                self._closed[engine.id] = because
                since = turn.moment.wall if because else None
                turn.changes.closed.append((because, since, engine.id))
                kind = EventKind.CLOSED if because else EventKind.REOPENED
                turn.changes.note(turn.moment.wall, engine.id, kind, because)

    def due(self) -> float:
        """The monotonic time at which the next study has been served for as long as it may be."""
        return self._times.due

    def settled(self, engine: StudyEngine) -> bool:
        """Is it stored whether the study is closed?"""
        stored = self._closed.get(engine.id, engine.closed_because)
        return stored == engine.closed_because

    def overview(self, engine: StudyEngine) -> StudyOverview:
        """An open study as it is now."""
        return StudyOverview(
            id=engine.id,
            name=engine.spec.name,
            spec=engine.spec,
            created=self._created[engine.id],
            counts={state: count for state, count in engine.counts.items() if count},
            closed_because=engine.closed_because,
        )


def _going_on(stored: StudySpec, wanted: StudySpec) -> StudySpec:
    """What it was made from stays known; so does what trials asked for, of a dynamic space."""
    wanted = replace(wanted, start=stored.start, origin=stored.origin)
    if not stored.objective.dynamic:
        return wanted
    objective = replace(wanted.objective, space=stored.objective.space)
    return replace(wanted, objective=objective)


def _unfinished(row: StudyRow, counts: dict[str, int]) -> bool:
    """Does something of this study still run, or could it?"""
    if any(counts.get(state) for state in HELD):
        return True
    if row.closed_because:
        return False
    limit = row.spec.settings.limits.trials
    return limit is None or sum(counts.values()) < limit or bool(counts.get(TrialState.WAITING))
