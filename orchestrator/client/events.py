"""What a client can hear of what happens: a study followed, its curves, the log of all studies."""

from collections.abc import AsyncGenerator, Iterable

from orchestrator.client.asking import DEADLINE_SECONDS, Asking
from orchestrator.client.feed import Feed, Followed
from schema.commands.feed import (
    Changes,
    CurveFrom,
    CurvePart,
    GetChanges,
    GetCurves,
    GetLog,
    LogEntry,
)

EVERY_SECONDS = 0.25


class EventCalls(Asking):
    """A part of `Client`: what happens."""

    async def events(
        self, study: str, *, curves: bool = False, every: float = EVERY_SECONDS
    ) -> AsyncGenerator[Followed, None]:
        """Follow a study: first a `Snapshot`, then what happens, each thing once and in order.

        It goes on over lost connections and restarts (`Lost`, `Found`) for as long as it is wanted.
        Of running trials it tells at most once in ``every`` seconds (at most 5), with ``curves``
        also every point that they report.

        Raises:
            UnknownName: there is no such study.
            WorkFailed: it was deleted.
        """
        feed = Feed(self, study, curves=curves, every=every)
        try:
            while True:
                for item in await feed.next():
                    yield item
        finally:
            await feed.close()

    async def changes(
        self,
        study: str,
        *,
        after: int | None = None,
        moved: int = 0,
        wait: float = 0.0,
        every: float = EVERY_SECONDS,
        deadline: float = DEADLINE_SECONDS,
    ) -> Changes:
        """What happened in a study since, as soon as there is something; see `GetChanges`.

        Its ``deadline`` is that many seconds after the ``wait``.
        """
        question = GetChanges(study=study, after=after, moved=moved, wait=wait, every=every)
        return await self.ask(question, Changes, deadline=wait + deadline)

    async def curves(self, study: str, after: Iterable[CurveFrom]) -> tuple[CurvePart, ...]:
        """The next parts of curves, of each from where it is known."""
        question = GetCurves(study=study, after=tuple(after))
        return await self.ask(question, tuple[CurvePart, ...])

    async def log(
        self, *studies: str, before: int | None = None, after: int | None = None
    ) -> tuple[LogEntry, ...]:
        """A page of the log of these studies, or of all: newest first, from before the event of
        this id on; with ``after`` oldest first, from after that one on."""
        question = GetLog(studies=studies, before=before, after=after)
        return await self.ask(question, tuple[LogEntry, ...])
