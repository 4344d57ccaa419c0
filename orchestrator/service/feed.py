"""Answers to who follows a study: at once where something is new, else as soon as it is.

Questions wait here beside the turns and hold up nothing. The database is the truth: what is told
was stored, and nobody's place in the log is remembered.
"""

import asyncio
from collections.abc import Awaitable, Callable

from orchestrator.reading.log import ChangesPage
from orchestrator.reading.results import Results
from orchestrator.service.news import News
from schema.commands.feed import Changes, CurvePart, GetChanges, GetCurves, GetLog, LogEntry
from schema.errors import UnknownName
from schema.results import Progress


class Feed:
    """What happens in the studies of one orchestrator.

    ``open_progress`` is that of a study in memory, with all that was decided of it stored, ``None``
    of any other; ``stored_progress`` is read from the database.
    """

    def __init__(
        self,
        news: News,
        results: Callable[[], Awaitable[Results]],
        open_progress: Callable[[str], Awaitable[Progress | None]],
        stored_progress: Callable[[str], Awaitable[Progress]],
    ) -> None:
        self._news = news
        self._results = results
        self._open_progress = open_progress
        self._stored_progress = stored_progress
        self._finished: dict[int, tuple[int, Progress]] = {}  # by study, as long as it is the same

    async def changes(self, asked: GetChanges) -> Changes:
        """What happened in a study since, as soon as there is something to tell.

        Raises:
            UnknownName: there is no such study, or it was deleted meanwhile.
        """
        now = asyncio.get_running_loop().time
        quiet, until = now() + min(asked.every, asked.wait), now() + asked.wait
        news = self._news.of((await self._page(asked.study, None)).id)
        while True:
            happened, moved = news.happened, news.moved  # before reading, so nothing is missed
            progress = await self._open_progress(asked.study)
            page = await self._page(asked.study, asked.after)
            fresh = page.events or asked.after is None or page.after < asked.after
            if fresh or now() >= until or (moved != asked.moved and now() >= quiet):
                progress = progress or await self._progress_of_finished(asked.study, page.id, moved)
                return _told(page, progress, moved)
            await news.wait(happened, asked.moved, quiet, until)

    async def curves(self, asked: GetCurves) -> tuple[CurvePart, ...]:
        """What trials reported since."""
        return await (await self._results()).log.curves(asked.study, asked.after)

    async def log(self, asked: GetLog) -> tuple[LogEntry, ...]:
        """A page of the log."""
        log = (await self._results()).log
        if asked.after is None:
            return await log.before(asked.before, asked.studies)
        return await log.after(asked.after, asked.studies)

    async def _page(self, study: str, after: int | None) -> ChangesPage:
        results = await self._results()
        page = await results.log.changes(study, after)
        if page is None:
            raise UnknownName("study", study, [known.name for known in await results.studies()])
        return page

    async def _progress_of_finished(self, name: str, study: int, moved: int) -> Progress:
        known = self._finished.get(study)
        if known is None or known[0] != moved:
            known = self._finished[study] = moved, await self._stored_progress(name)
        return known[1]


def _told(page: ChangesPage, progress: Progress, moved: int) -> Changes:
    return Changes(
        created=page.created,
        after=page.after,
        events=page.events,
        trials=page.trials,
        progress=progress,
        settings=page.settings,
        moved=moved,
        more=page.more,
    )
