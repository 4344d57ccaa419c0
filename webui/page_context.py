"""What a page is handed: the service, the study of its address, and how to tell something."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from nicegui import ui

from orchestrator.client.client import Client
from schema.errors import TrialMQError
from webui.live.selection import Selection
from webui.live.service import LiveService
from webui.live.study import LiveStudy

T = TypeVar("T")

TYPES: dict[str, Literal["positive", "negative", "info"]] = {
    "good": "positive",
    "bad": "negative",
    "plain": "info",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContext:
    """What a page is built from. ``study`` is ready, and ``None`` on a page without one;
    ``selection`` is what this tab has picked of it."""

    service: LiveService
    study: LiveStudy | None = None
    selection: Selection = field(default_factory=Selection)

    @property
    def client(self) -> Client:
        """Through which everything is asked and changed."""
        return self.service.client

    def the_study(self) -> LiveStudy:
        """The study of a page that has one."""
        assert self.study is not None, "this page has no study"
        return self.study

    def notify(self, text: str, kind: Literal["good", "bad", "plain"] = "plain") -> None:
        """Tell the person at this tab a sentence; what went wrong stays until it is closed."""
        bad = kind == "bad"
        ui.notify(
            text,
            type=TYPES[kind],
            position="bottom-right",
            timeout=0 if bad else 4000,
            close_button="Close" if bad else False,
            multi_line=True,
        )

    async def tried(self, work: Awaitable[T]) -> T | None:
        """What ``work`` returns; ``None`` where it was refused, which the person is told."""
        try:
            return await work
        except TrialMQError as error:
            self.notify(str(error), "bad")
            return None

    async def done(self, work: Awaitable[object]) -> bool:
        """Whether ``work`` was done; where it was refused, the person is told why."""
        try:
            await work
        except TrialMQError as error:
            self.notify(str(error), "bad")
            return False
        return True
