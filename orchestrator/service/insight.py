"""Answers that take some thought: scores, importance, and what pruners do and would do.

What is worked out is worked out in a thread, once for all who ask meanwhile (a client that waits
asks again), and told again for a while.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from orchestrator.engine.study_engine import StudyEngine
from orchestrator.importance import counted_of, importance_of
from orchestrator.reading.pruners import pruners_of, stored_line
from orchestrator.reading.replay import Recording, replay_all, settings_to_try
from orchestrator.reading.results import Results
from schema.commands.insight import (
    GetImportance,
    GetPruners,
    GetReplay,
    GetScores,
    Importance,
    Pruners,
    Replay,
    ScoresPage,
)
from schema.commands.pages import PAGE_BYTES

KEPT_SECONDS = 5.0
"""What took thought is told again for so long."""

KEPT_STUDIES = 32
"""The importance of so many studies is kept until their results change."""

T = TypeVar("T")
InsightQuestion = GetScores | GetImportance | GetPruners | GetReplay


class Recent:
    """What was worked out lately, by what was asked."""

    def __init__(self) -> None:
        self._asking: dict[bytes, asyncio.Lock] = {}
        self._known: dict[bytes, tuple[float, object]] = {}

    async def answer(self, question: msgspec.Struct, work: Callable[[], Awaitable[T]]) -> T:
        """What ``work`` returns, or returned when this was asked before, not long ago."""
        key = msgspec.msgpack.encode(question)
        async with self._asking.setdefault(key, asyncio.Lock()):
            until, value = self._known.get(key, (0.0, None))
            if time.monotonic() >= until:
                value = await work()
                self._known[key] = time.monotonic() + KEPT_SECONDS, value
            self._forget()
            return value  # type: ignore[return-value]

    def _forget(self) -> None:
        now = time.monotonic()
        for key in [key for key, (until, _) in self._known.items() if now >= until]:
            del self._known[key]
        for key in [k for k, lock in self._asking.items() if not lock.locked()]:
            if key not in self._known:
                del self._asking[key]


class Insight:
    """What can be understood of studies; ``engine`` is that of one in memory, by its name."""

    def __init__(
        self,
        engine: Callable[[str], StudyEngine | None],
        results: Callable[[], Awaitable[Results]],
    ) -> None:
        self._engine = engine
        self._results = results
        self._recent = Recent()
        self._importances: dict[str, tuple[object, Importance]] = {}

    async def answer(self, question: InsightQuestion) -> object:
        """The result that `schema.requests.RESULTS` names for this question.

        Raises:
            UnknownName: there is no such study, trial or pruner.
            WrongInput: the trial stored no scores, or a pruner cannot be built.
            WorkFailed: there is nothing to replay.
        """
        match question:
            case GetScores():
                return await self._scores(question)
            case GetImportance():
                return await self._recent.answer(question, lambda: self._importance(question))
            case GetPruners():
                engine = self._engine(question.study)
                if engine is not None:
                    return pruners_of(engine.spec, engine.pruning.line())
                return await self._recent.answer(question, lambda: self._pruners(question))
            case GetReplay():
                return await self._recent.answer(question, lambda: self._replay(question))

    async def _scores(self, question: GetScores) -> ScoresPage:
        results = await self._results()
        study = await results.study(question.study)
        trial = await results.trial(study, question.number)
        scores = await results.scores(trial)
        first = max(question.first, 0)
        data = scores[first : first + PAGE_BYTES]
        return ScoresPage(attempt=trial.attempt, size=len(scores), data=data)

    async def _importance(self, question: GetImportance) -> Importance:
        results = await self._results()
        study = await results.study(question.study)
        trials = counted_of(await results.trials(study))
        key = study.id, hash(tuple((t.number, *(t.metrics or {}).values()) for t in trials))
        if self._importances.get(study.name, (None,))[0] != key:
            found = await asyncio.to_thread(importance_of, study.spec, trials)
            self._importances.pop(study.name, None)
            self._importances[study.name] = key, found
            if len(self._importances) > KEPT_STUDIES:
                del self._importances[next(iter(self._importances))]
        return self._importances[study.name][1]

    async def _pruners(self, question: GetPruners) -> Pruners:
        results = await self._results()
        study = await results.study(question.study)
        trials, curves = await results.trials(study), await results.curves(study)
        line = await asyncio.to_thread(stored_line, study.spec, trials, curves)
        return pruners_of(study.spec, line)

    async def _replay(self, question: GetReplay) -> Replay:
        results = await self._results()
        study = await results.study(question.study)
        trials, curves = await results.trials(study), await results.curves(study)

        def work() -> Replay:
            recording = Recording(study.spec, trials, curves)
            tried = settings_to_try(
                recording, question.pruner, question.aggressiveness, question.parameters
            )
            return replay_all(recording, tried, strict=question.pruner is not None)

        return await asyncio.to_thread(work)
