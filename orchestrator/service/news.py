"""News of studies: wakes whoever waits for something to happen in one of them.

Told of each turn after it was stored. Nobody is written to and nothing is kept: there are two
counters a study that somebody asked for, and who is woken reads the database.
"""

import asyncio
import contextlib

from orchestrator.engine.trials import Changes


class StudyNews:
    """``happened`` counts the turns with events of a study, ``moved`` all that touched it."""

    def __init__(self, moved: int) -> None:
        self.happened = 0
        self.moved = moved
        self._event = asyncio.Event()  # of the next turn with events; each has one of its own
        self._turn = asyncio.Event()  # the same of the next turn that touches the study

    def tell(self, *, happened: bool) -> None:
        """Wake those who wait."""
        self.moved += 1
        self._turn.set()
        self._turn = asyncio.Event()
        if happened:
            self.happened += 1
            self._event.set()
            self._event = asyncio.Event()

    async def wait(self, happened: int, moved: int, quiet: float, until: float) -> None:
        """Returns as soon as the counts are not these: from ``quiet`` on any of the two, before
        only ``happened``; else at ``until``. Times are the event loop's."""
        if self.happened == happened:
            await _either(self._event, quiet)
        if (self.happened, self.moved) == (happened, moved):
            await _either(self._turn, until)


async def _either(event: asyncio.Event, until: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            await event.wait()


class News:
    """News of the studies of one orchestrator in its ``term``, which makes its counts its own."""

    def __init__(self, term: int) -> None:
        self._first = term << 32
        self._studies: dict[int, StudyNews] = {}

    def of(self, study: int) -> StudyNews:
        """From now on it is told what happens in this study."""
        return self._studies.setdefault(study, StudyNews(self._first))

    def tell(self, changes: Changes) -> None:
        """``changes`` are stored."""
        if not self._studies:
            return
        happened = {event[1] for event in changes.events}
        happened.update(study for (study,) in changes.deleted)
        moved = {trial.study for trial in changes.touched.values()}
        for study in happened | moved:
            if study in self._studies:
                self._studies[study].tell(happened=study in happened)
        for (study,) in changes.deleted:
            self._studies.pop(study, None)
