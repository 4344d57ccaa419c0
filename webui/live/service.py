"""The service as it is seen now, shared by all tabs: its studies, runners, profiles and offers.

Asked once a second while any tab looks; a study that a tab opens is followed by itself
(`LiveService.study`). Drafts are kept here, because they outlive who looks at them.
"""

import asyncio
import time
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self
from weakref import WeakValueDictionary

from orchestrator.client.client import Client
from schema.commands.runners import RunnerOverview
from schema.commands.service import ServiceOverview
from schema.errors import TrialMQError, UnknownName
from schema.profile_history import ProfileOverview
from schema.results import Progress, StudyOverview
from schema.study import ObjectiveDescription
from webui.live.changes import Clock
from webui.live.drafts import Drafts
from webui.live.following import follow
from webui.live.link import Link
from webui.live.log import LiveLog
from webui.live.study import IDLE_SECONDS, LiveStudy
from webui.studies.half_written import HalfWritten

EVERY_SECONDS = 1.0
PROGRESS_AT_ONCE = 20
"""Of so many studies at most it is asked in one round how far they are."""


class LiveService:
    """Follows a service for as long as it is entered."""

    def __init__(self, client: Client, *, every: float = EVERY_SECONDS) -> None:
        self.client = client
        self.version = 0
        """Grows with every answer that differs from the one before."""
        self.overview: ServiceOverview | None = None
        self.studies: tuple[StudyOverview, ...] = ()
        self.runners: tuple[RunnerOverview, ...] = ()
        self.profiles: tuple[ProfileOverview, ...] = ()
        self.offers: tuple[ObjectiveDescription, ...] = ()
        self.progress: dict[str, Progress] = {}
        """How far each study is."""
        self.log = LiveLog()
        """What happened; read on while somebody does `look_at_log`."""
        self.half_written = HalfWritten()
        """The forms of new studies that nobody has sent yet."""
        self.link = Link()
        self._log_looked = -IDLE_SECONDS
        self._every = every
        self._clock = Clock()
        self._known = asyncio.Event()
        self._looked = asyncio.Event()
        self._last_look = 0.0
        self._drafts: dict[str, Drafts] = {}
        self._followed: WeakValueDictionary[str, LiveStudy] = WeakValueDictionary()
        self._following: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._start(self._refresh(), "page: the service")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ------------------------------------------------------------------ reading

    @property
    def connected(self) -> bool:
        """True while what is shown is live."""
        return self.client.connected and self.link.up

    @property
    def sessions(self) -> tuple[StudyOverview, ...]:
        """The trainings for real."""
        return tuple(study for study in self.studies if study.spec.is_session)

    @property
    def asked(self) -> bool:
        """Whether it was asked at all, so that no answer means something."""
        return self.link.asked

    def progress_of(self, name: str) -> Progress | None:
        """How far a study is, as far as that is known; freshest where a tab follows it."""
        followed = self._followed.get(name)
        if followed is not None and followed.connected:
            return followed.progress
        return self.progress.get(name)

    def named(self, name: str) -> StudyOverview | None:
        """The study of this name."""
        return next((study for study in self.studies if study.name == name), None)

    def study(self, name: str) -> LiveStudy:
        """The study of this name, followed from now on; one for all tabs."""
        study = self._followed.get(name)
        if study is None or study.deleted:
            study = LiveStudy(name, self._clock, self.drafts(name))
            self._followed[name] = study
        self.look_at(study)
        return study

    def drafts(self, name: str) -> Drafts:
        """The drafts of a study."""
        return self._drafts.setdefault(name, Drafts(self._clock))

    def look(self) -> None:
        """Somebody reads this: go on asking."""
        self._last_look = time.monotonic()
        self._looked.set()

    def look_at_log(self) -> None:
        """Somebody reads the log: go on reading it."""
        self._log_looked = time.monotonic()
        self.look()

    def look_at(self, study: LiveStudy) -> None:
        """Somebody reads a study: go on following it."""
        study.look()
        task = self._following.get(study.name)
        if (task is None or task.done()) and not study.deleted:
            following = follow(self.client, study)
            self._following[study.name] = self._start(following, f"page: {study.name}")

    async def ready(self) -> None:
        """Returns when the service is known."""
        self.look()
        await self._known.wait()

    # ------------------------------------------------------------------ asking

    async def _refresh(self) -> None:
        while True:
            await self._looked.wait()
            self.link.asking()
            try:
                await self._ask()
            except TrialMQError as error:
                self.link.failed(str(error))
            else:
                self.link.answered()
                self._known.set()
            if time.monotonic() - self._last_look > IDLE_SECONDS:
                self._looked.clear()
            await asyncio.sleep(self._every)

    async def _ask(self) -> None:
        before = (self.overview, self.studies, self.runners, self.profiles, self.offers)
        self.overview = await self.client.service()
        stale = self._stale(await self.client.studies())
        self.runners = await self.client.runners()
        self.profiles = await self.client.profiles()
        self.offers = await self.client.offers()
        moved = await self._ask_progress(stale)
        if time.monotonic() - self._log_looked < IDLE_SECONDS:
            await self.log.newer(self.client)
        if moved or before != (
            self.overview,
            self.studies,
            self.runners,
            self.profiles,
            self.offers,
        ):
            self.version = self._clock.tick()

    def _stale(self, studies: tuple[StudyOverview, ...]) -> list[str]:
        """Take the studies; returns those of which it is not known how far they are."""
        before = {study.name: study for study in self.studies}
        self.studies = studies
        for study in studies:
            if (followed := self._followed.get(study.name)) is not None and followed.connected:
                followed.redefine(study)
        names = {study.name for study in studies}
        self.progress = {n: p for n, p in self.progress.items() if n in names}
        return [
            study.name
            for study in reversed(studies)
            if (known := self.progress.get(study.name)) is None
            or known.running
            or study != before.get(study.name)
        ]

    async def _ask_progress(self, names: list[str]) -> bool:
        moved = False
        for name in names[:PROGRESS_AT_ONCE]:
            try:
                progress = await self.client.progress(name)
            except UnknownName:
                continue  # deleted meanwhile
            moved = moved or progress != self.progress.get(name)
            self.progress[name] = progress
        return moved

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
