"""What stands around every page: header, navigation, keys. One `Frame` a tab.

The address says which page; going to another one replaces what is below the frame and leaves the
frame. The study of the header is the one of the address, else the one that was looked at last.
"""

import inspect
from collections.abc import Awaitable, Callable

from nicegui import context, ui

from webui import addresses, theme
from webui.components.empty_state import empty_state
from webui.header import Header
from webui.live.selection import Selection
from webui.live.service import LiveService
from webui.live.study import LiveStudy
from webui.navigation import Navigation
from webui.page_context import PageContext
from webui.pages import (
    comparison,
    log,
    new_study,
    profiles,
    runners,
    session,
    settings,
    studies,
    study,
    trials,
)

EVERY_SECONDS = 0.5

Build = Callable[[PageContext], Awaitable[None] | None]


class Frame:
    """The frame of one tab."""

    def __init__(self, service: LiveService) -> None:
        self.service = service
        self.router = context.client.sub_pages_router
        self.looked_at = addresses.named_in(self.router.current_path)
        self.selections: dict[str, Selection] = {}

    @classmethod
    def root(cls, service: LiveService) -> Callable[[], None]:
        """Builds the frame, and the page of the address in it, for each tab."""
        return lambda: cls(service).build()

    def build(self) -> None:
        """Build the frame, and the page in it."""
        self.service.look()
        theme.apply()
        with ui.element("div").classes("tmq-shell"):
            header = Header(self.service)
            navigation = Navigation()
            with ui.element("main").classes("tmq-main"):
                ui.sub_pages(self._routes())

        def refresh() -> None:
            self.service.look()
            chosen = self.chosen()
            study = self.service.named(chosen)
            is_session = study is not None and study.spec.is_session
            header.show(chosen)
            navigation.show(self.router.current_path, chosen, is_session=is_session)

        def moved(path: str) -> None:
            self.looked_at = addresses.named_in(path) or self.looked_at
            refresh()

        self.router.on_path_changed(moved)
        ui.timer(EVERY_SECONDS, refresh)

    def chosen(self) -> str:
        """The study of the header; empty where there is none."""
        if self.looked_at:
            return self.looked_at
        newest = max(
            self.service.studies, key=lambda study: study.active or study.created, default=None
        )
        return "" if newest is None else newest.name

    def _routes(self) -> dict[str, Callable[..., Awaitable[None]]]:
        about_one = {
            addresses.study("{name}"): study.page,
            addresses.trials("{name}"): trials.page,
            addresses.settings("{name}"): settings.page,
            addresses.session("{name}"): session.page,
        }
        about_all = {
            addresses.STUDIES: studies.page,
            addresses.RUNNERS: runners.page,
            addresses.PROFILES: profiles.page,
            addresses.LOG: log.page,
        }
        return {
            **{path: self._with_study(build) for path, build in about_one.items()},
            **{path: self._without(build) for path, build in about_all.items()},
            addresses.NEW_STUDY: self._new_study,
            addresses.comparison("{left}", "{right}"): self._comparison,
        }

    def _with_study(self, build: Build) -> Callable[[str], Awaitable[None]]:
        async def show(name: str) -> None:
            if (live := await self._study(name)) is not None:
                selection = self.selections.setdefault(name, Selection())
                handed = PageContext(service=self.service, study=live, selection=selection)
                await _built(build, handed)

        return show

    def _without(self, build: Build) -> Callable[[], Awaitable[None]]:
        async def show() -> None:
            await _built(build, await self._context())

        return show

    async def _new_study(
        self,
        objective: str = "",
        like: str = "",
        go_on: str = "",
        profile: str = "",
        form: str = "",
    ) -> None:
        await new_study.page(await self._context(), objective, like, go_on, profile, form)

    async def _comparison(self, left: str, right: str) -> None:
        one, other = await self._study(left), await self._study(right)
        if one is not None and other is not None:
            comparison.page(PageContext(service=self.service), one, other)

    async def _context(self) -> PageContext:
        """For a page without a study, once the service is known."""
        waiting = empty_state("hourglass_empty", "Asking the service…")
        await self.service.ready()
        waiting.delete()
        return PageContext(service=self.service)

    async def _study(self, name: str) -> LiveStudy | None:
        """The study, once it is known; where there is none the page says so."""
        live = self.service.study(name)
        waiting = empty_state("hourglass_empty", f"Asking for {name}…")
        await live.ready()
        waiting.delete()
        if live.deleted:
            with empty_state("search_off", f"There is no study {name}."):
                ui.link("Show all studies", addresses.STUDIES)
            return None
        ui.timer(EVERY_SECONDS, lambda: self.service.look_at(live))
        return live


async def _built(build: Build, context: PageContext) -> None:
    result = build(context)
    if inspect.isawaitable(result):
        await result
