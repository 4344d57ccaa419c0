"""The supply of new trials: as many as could run are asked of the sampler, beside the turns.

The service says after each turn how many more trials each study could run; the sampler is told what
has ended and asked for that many, and its suggestions become trials in the next turn. A study whose
sampler is still being built (from thousands of trials, after a restart) is served meanwhile; only
its new trials wait.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from orchestrator.engine.study_engine import StudyEngine
from orchestrator.engine.suggestions import Ask, Past
from orchestrator.sampling import Sampler
from orchestrator.service.turn import Turn
from schema.errors import WrongInput
from schema.values import Value


class Supply:
    """Keeps the studies in ``engines`` supplied; ``wake`` is called when there is something new."""

    def __init__(
        self, sampler: Sampler, engines: Mapping[int, StudyEngine], wake: Callable[[], None]
    ) -> None:
        self.next_trial = 1
        self._sampler = sampler
        self._engines = engines
        self._wake = wake
        self._demand: dict[int, int] = {}
        self._ready: set[StudyEngine] = set()
        self._asking: set[StudyEngine] = set()
        self._suggested: list[tuple[StudyEngine, list[tuple[Ask, dict[str, Value]]]]] = []
        self._hungry = asyncio.Event()
        self._opening: set[asyncio.Task[None]] = set()
        self._outdated: dict[StudyEngine, Callable[[], Awaitable[Sequence[Past]]]] = {}

    async def open(self, engine: StudyEngine, past: Sequence[Past]) -> None:
        """Build the sampler of a study from its past trials.

        Raises:
            WrongInput: the sampler does not exist or lacks a package.
        """
        if engine.spec.is_session:
            return
        await self._sampler.open(engine.id, engine.spec, past)
        if engine.id not in self._engines:  # it was closed meanwhile
            self._sampler.close(engine.id)
            return
        self._ready.add(engine)
        self._hungry.set()

    def open_later(self, engine: StudyEngine, past: Sequence[Past]) -> None:
        """The same, while everything else goes on; a study that has no sampler is closed."""

        async def opening() -> None:
            try:
                await self.open(engine, past)
            except WrongInput as error:
                engine.close(str(error))
                self._wake()

        task = asyncio.create_task(opening())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def open_anew(self, engine: StudyEngine, past: Callable[[], Awaitable[Sequence[Past]]]) -> None:
        """What the sampler learnt was changed: before it is asked again it is built from ``past``,
        once however often that is said. What it suggested and is no trial yet is forgotten."""
        if engine.spec.sampler == "random":  # it learns nothing
            return
        self._outdated[engine] = past
        self._asking.discard(engine)
        self._suggested = [(each, found) for each, found in self._suggested if each is not engine]

    def begin_session(self, engine: StudyEngine, turn: Turn) -> None:
        """A session needs no sampler: its one trial is there from the beginning. Of a search
        nothing is."""
        if engine.spec.is_session and not engine.created:
            ask = Ask(number=0, fixed=engine.queued.next(1)[0])
            engine.create(self.next_trial, ask, {}, turn.moment, turn.changes)
            self.next_trial += 1

    async def close(self) -> None:
        """Nothing is built any more."""
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)

    def forget(self, engine: StudyEngine) -> None:
        """The study is not open any more."""
        self._ready.discard(engine)
        self._asking.discard(engine)
        self._outdated.pop(engine, None)
        self._sampler.close(engine.id)

    def create(self, turn: Turn) -> None:
        """What was suggested since the last turn becomes trials."""
        suggested, self._suggested = self._suggested, []
        for engine, found in suggested:
            self._asking.discard(engine)
            if self._engines.get(engine.id) is not engine:
                continue
            for ask, sampled in found:
                engine.create(self.next_trial, ask, sampled, turn.moment, turn.changes)
                self.next_trial += 1

    def want(self, demand: dict[int, int]) -> None:
        """So many more trials of each study could run."""
        self._demand = demand
        if any(demand.values()):
            self._hungry.set()

    async def run(self) -> None:
        """Ask, for ever."""
        while True:
            await self._hungry.wait()
            self._hungry.clear()
            for engine in list(self._engines.values()):
                if engine in self._ready and engine not in self._asking:
                    await self._ask(engine)

    async def _ask(self, engine: StudyEngine) -> None:
        asks = engine.asks(self._demand.get(engine.id, 0))
        if not asks:
            return
        self._asking.add(engine)
        if (past := self._outdated.pop(engine, None)) is not None:
            await self._sampler.open(engine.id, engine.spec, await past())
            if engine not in self._asking:  # it was closed meanwhile, or changed once more
                return
        tells, engine.tells = engine.tells, []
        found = await self._sampler.exchange(engine.id, tells, asks)
        if engine not in self._asking:  # the study was closed meanwhile
            return
        if not found:
            engine.close("every configuration has been tried")
        self._suggested.append((engine, found))
        self._wake()
