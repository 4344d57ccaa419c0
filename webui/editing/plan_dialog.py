"""A dialog that shows a plan before anything is sent: the plan, why, two buttons.

What is refused stays on the screen beside the reason, so that nothing has to be entered twice.
"""

from abc import ABC, abstractmethod

from nicegui import ui

from schema.errors import TrialMQError
from schema.values import Value
from webui.editing.changes import Plan
from webui.editing.plan_view import PlanView, summary
from webui.editing.source import Source
from webui.page_context import PageContext


class PlanDialog(ABC):
    """Shows what `plan_for` makes of the edits of ``source`` that are not left out."""

    title: str
    """``{}`` in it is the source."""

    def __init__(self, context: PageContext, source: Source) -> None:
        self.context = context
        self.source = source
        self.unwanted: set[str] = set()
        """Variables that a person left out."""
        self.plan: Plan | None = None
        with ui.dialog() as self.dialog, ui.card().classes("dialog-card"):
            with ui.element("div").classes("dialog-head"):
                ui.label(self.title.format(source.name)).classes("tmq-title")
                with ui.element("div").classes("dialog-choices") as self.choices:
                    self.build_choices()
            with ui.element("div").classes("dialog-body") as self.body:
                self._view = PlanView(self._toggle)
                self.notes = ui.label().classes("tmq-dim tmq-small dialog-notes")
            self.why = ui.input("Why, for the history").props("dense outlined").mark("why")
            self.error = ui.label().classes("dialog-error").mark("dialog-error")
            with ui.element("div").classes("dialog-foot"):
                self.summary = ui.label().classes("tmq-dim tmq-small")
                ui.element("div").classes("tmq-space")
                self.cancel = ui.button("Cancel", on_click=self.dialog.close).props("flat")
                self.send = ui.button(on_click=self._send).props("unelevated").mark("send")

    @abstractmethod
    def build_choices(self) -> None:
        """Build what is to be chosen above the plan."""

    @abstractmethod
    def plan_for(self, wanted: dict[str, Value]) -> Plan | None:
        """What comes of these values; None as long as that is not known."""

    @abstractmethod
    def button(self, plan: Plan) -> str:
        """What the button says; empty where there is nothing to send."""

    @abstractmethod
    async def carry_out(self, plan: Plan) -> None:
        """Send it.

        Raises:
            TrialMQError: it was refused, or there was no answer.
        """

    def every(self) -> dict[str, Value]:
        """The values that are to be sent, before any is left out."""
        return dict(self.source.edits)

    async def open(self) -> None:
        """Show the dialog."""
        self.dialog.open()
        self.replan()

    def replan(self) -> None:
        """Something was chosen: show what would come of it now."""
        every = self.every()
        wanted = {path: value for path, value in every.items() if path not in self.unwanted}
        self.plan = self.plan_for(wanted)
        button = self.button(self.plan) if self.plan is not None else ""
        self.send.set_enabled(bool(button))
        self.send.set_text(button or "Nothing to send")
        if self.plan is not None:
            left_out = {path: every[path] for path in every if path in self.unwanted}
            self._view.show(self.plan, left_out)
            self.summary.set_text(summary(self.plan))

    def _toggle(self, path: str, wanted: bool) -> None:
        if wanted:
            self.unwanted.discard(path)
        else:
            self.unwanted.add(path)
        self.replan()

    async def _send(self) -> None:
        if self.plan is None:
            return
        self.send.set_enabled(False)
        self.error.set_text("")
        try:
            await self.carry_out(self.plan)
        except TrialMQError as error:
            self.error.set_text(str(error))
            self.send.set_enabled(True)
