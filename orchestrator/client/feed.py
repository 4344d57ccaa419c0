"""Following a study: a snapshot of it, and from there on everything that happens, each thing once.

Nothing is pushed and nobody is remembered: the client asks for what comes after the last event that
it has seen, and the orchestrator answers as soon as there is something. So a slow reader holds up
nobody, and after a lost connection or a restart the next question simply goes on.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from orchestrator.client.asking import Asking
from orchestrator.client.curves import CurvesRead
from schema.commands.feed import Changes, CurvePart, GetChanges, GetCurves
from schema.commands.studies import GetStudy, SettingsVersion
from schema.commands.trials import GetTrials
from schema.errors import UnknownName, WorkFailed
from schema.events import EventKind
from schema.results import Event, Progress, StudyOverview, TrialResult

WAIT_SECONDS = 5.0
"""A question waits so long for something to happen; an orchestrator that is gone is missed then."""

PATIENCE_SECONDS = 5.0
"""So much later an answer may come."""

GATHER_SECONDS = 0.05
"""After events the next question comes so much later: where much happens, it is told together."""

LOOK_SECONDS = 0.5
"""How often it is looked whether the connection stands, and how soon what failed is tried again."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A study at one point of its log; comes first, and again only where going on is impossible."""

    study: StudyOverview
    trials: tuple[TrialResult, ...]
    progress: Progress
    settings: SettingsVersion


@dataclass(frozen=True, slots=True)
class Happened:
    """The next event of the log, and the trial that it is of as it is stored by now."""

    event: Event
    trial: TrialResult | None


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """Other settings are in force."""

    settings: SettingsVersion


@dataclass(frozen=True, slots=True)
class SpaceGrew:
    """The study, whose trials asked for variables that its space did not have before."""

    study: StudyOverview


@dataclass(frozen=True, slots=True)
class Moved:
    """The study at this moment: after events, and while running trials report."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class Grew:
    """Points of curves, each once, in order."""

    parts: tuple[CurvePart, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """Nobody answers; what was seen last is shown as old from now on, and asked for further."""

    because: str


@dataclass(frozen=True, slots=True)
class Found:
    """Somebody answers again; what happened meanwhile follows."""


Followed = Snapshot | Happened | SettingsChanged | SpaceGrew | Moved | Grew | Lost | Found


class Feed:
    """One reader of one study: how far it has read, and what it asks next.

    Of each answer the events are told first, then the points of curves, and the progress last: what
    it says has been told.
    """

    def __init__(self, asking: Asking, study: str, *, curves: bool, every: float) -> None:
        self._asking = asking
        self._study = study
        self._every = min(every, WAIT_SECONDS)
        self._last: Changes | None = None
        self._curves = CurvesRead() if curves else None
        self._untold: Progress | None = None
        self._space_grew = False
        self._lost = False
        self._step: asyncio.Task[Sequence[Followed]] | None = None

    async def next(self) -> Sequence[Followed]:
        """What comes next, as soon as it is there; may be nothing.

        Raises:
            UnknownName: there is no such study.
            WorkFailed: it was deleted.
        """
        if self._step is None:
            self._step = asyncio.create_task(self._steps())
        await asyncio.wait({self._step}, timeout=LOOK_SECONDS)
        if not self._step.done():
            return () if self._asking.connected else self._lose("the connection is lost")
        step, self._step = self._step, None
        try:
            items = step.result()
        except UnknownName as error:
            if self._last is None:
                raise
            raise self._deleted() from error
        except WorkFailed as error:
            lost = self._lose(str(error))
            if not lost:
                await asyncio.sleep(LOOK_SECONDS)
            return lost
        if self._lost:
            self._lost = False
            return (Found(), *items)
        return items

    async def close(self) -> None:
        """Nothing more is asked."""
        if self._step is not None:
            self._step.cancel()
            await asyncio.wait({self._step})

    def _lose(self, because: str) -> Sequence[Followed]:
        before, self._lost = self._lost, True
        return () if before else (Lost(because),)

    def _deleted(self) -> WorkFailed:
        return WorkFailed(f"study {self._study!r} was deleted")

    # ------------------------------------------------------------------ one question at a time

    async def _steps(self) -> Sequence[Followed]:
        """Ask one thing; what is answered is told before the next is asked."""
        if self._last is None:
            return await self._snapshot()
        if self._space_grew:
            study = await self._asking.ask(GetStudy(study=self._study), StudyOverview)
            self._space_grew = False
            return (SpaceGrew(study),)
        if self._curves is not None and (wanted := self._curves.wanted()):
            question = GetCurves(study=self._study, after=wanted)
            parts = await self._asking.ask(question, tuple[CurvePart, ...])
            return (Grew(parts),) if self._curves.take(wanted, parts) else ()
        if self._untold is not None:
            progress, self._untold = self._untold, None
            return (Moved(progress),)
        return await self._go_on(self._last)

    async def _go_on(self, last: Changes) -> Sequence[Followed]:
        if last.events and not last.more:
            await asyncio.sleep(min(GATHER_SECONDS, self._every))
        changes = await self._changes(last, wait=WAIT_SECONDS)
        if changes.created != last.created:
            raise self._deleted()
        if changes.after < last.after:  # the database is an older one: a backup was put back
            self._last = None
            if self._curves is not None:
                self._curves = CurvesRead()
            return ()
        self._hear(changes)
        if not changes.more and (changes.events or changes.moved != last.moved):
            self._untold = changes.progress
        trials = {trial.number: trial for trial in changes.trials}
        told: list[Followed] = []
        for event in changes.events:
            told.append(Happened(event, None if event.trial is None else trials.get(event.trial)))
        if changes.settings.version != last.settings.version:
            told.append(SettingsChanged(changes.settings))
        return told

    async def _snapshot(self) -> Sequence[Followed]:
        """The trials page by page, then what happened meanwhile until nothing has: as if they had
        been read all at once."""
        changes = await self._changes(None)
        study = await self._asking.ask(GetStudy(study=self._study), StudyOverview)
        trials: dict[int, TrialResult] = {}
        while page := await self._trials(len(trials) and max(trials) + 1):
            trials.update((trial.number, trial) for trial in page)
        reading = True
        while reading:
            changes = await self._changes(changes)
            trials.update((trial.number, trial) for trial in changes.trials)
            reading = changes.more
        if changes.created != study.created:
            return ()
        self._hear(changes)
        if self._curves is not None:
            self._curves.hear(trials.values())
        self._untold = changes.progress
        study = replace(
            study,
            spec=replace(study.spec, settings=changes.settings.settings),
            counts=dict(Counter(trial.state for trial in trials.values())),
            closed_because=changes.progress.closed_because,
        )
        rows = tuple(trials[number] for number in sorted(trials))
        return (Snapshot(study, rows, changes.progress, changes.settings),)

    async def _trials(self, first: int) -> tuple[TrialResult, ...]:
        question = GetTrials(study=self._study, first=first)
        return await self._asking.ask(question, tuple[TrialResult, ...])

    async def _changes(self, last: Changes | None, *, wait: float = 0.0) -> Changes:
        question = GetChanges(
            study=self._study,
            after=None if last is None else last.after,
            moved=0 if last is None else last.moved,
            wait=wait,
            every=self._every,
        )
        changes = await self._asking.ask(question, Changes, deadline=wait + PATIENCE_SECONDS)
        self._space_grew |= any(event.kind == EventKind.SPACE for event in changes.events)
        return changes

    def _hear(self, changes: Changes) -> None:
        self._last = changes
        if self._curves is not None:
            self._curves.hear(changes.trials)
            self._curves.hear(changes.progress.running)
