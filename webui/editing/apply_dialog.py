"""The last look before a running training is edited: where to, each change old → new, and when it
counts; then what became of it.

Edits are made from what is in force there now. If somebody else was faster, nothing is sent: the
dialog says what changed, and shows the plan anew.
"""

from collections.abc import Sequence

from nicegui import ui

from schema.errors import Conflict, TrialMQError
from schema.revision import Revision
from schema.values import Value
from webui.editing.changes import Plan, misfits, plan
from webui.editing.outcome_view import OutcomeView
from webui.editing.plan_dialog import PlanDialog
from webui.editing.source import Source
from webui.editing.targets import InForce, Target, in_force
from webui.page_context import PageContext

PATIENCE_SECONDS = 60.0
"""So long a training may be between two of its steps before the dialog stops waiting."""

EDITED, WHOLE = "edited", "whole"


class ApplyDialog(PlanDialog):
    """Asks which changes of ``source`` go into which of ``targets``, and sends them."""

    title = "Apply {}"

    def __init__(self, context: PageContext, source: Source, targets: Sequence[Target]) -> None:
        self._targets = {target.name: target for target in targets}
        self._target = targets[0]
        self._there: InForce | None = None
        self._scope = EDITED if source.edits else WHOLE
        super().__init__(context, source)

    def build_choices(self) -> None:
        """Where to, and what."""
        names = list(self._targets)
        ui.label("to").classes("tmq-dim")
        if len(names) == 1:
            ui.label(names[0]).classes("dialog-target")
        else:
            select = ui.select(names, value=names[0], on_change=lambda e: self._choose(e.value))
            select.props("dense outlined options-dense").mark("target")
        if self.source.edits:
            count = len(self.source.edits)
            edited = "The edited cell" if count == 1 else f"The {count} edited cells"
            scopes = {EDITED: edited, WHOLE: "All that differs"}
            toggle = ui.toggle(scopes, value=EDITED, on_change=lambda e: self._rescope(e.value))
            toggle.props("dense unelevated no-caps").mark("scope")

    async def open(self) -> None:
        """Show the dialog, and what is in force there."""
        await super().open()
        await self._look()

    def every(self) -> dict[str, Value]:
        """The edited cells, or the whole configuration."""
        return dict(self.source.edits if self._scope == EDITED else self.source.values)

    def plan_for(self, wanted: dict[str, Value]) -> Plan | None:
        """What comes of it in the training."""
        if self._there is None:
            return None
        space, source = self._target.space, self.source
        made = plan(self._there.values, wanted, space, running=True, searched=source.searched)
        notes = misfits(source.space, space)
        if made.already and self._scope == EDITED:
            notes = [f"so already: {', '.join(made.already)}", *notes]
        self.notes.set_text("; ".join(notes))
        return made

    def button(self, plan: Plan) -> str:
        """How many changes there are."""
        count = len(plan.changes)
        return f"Apply {count} change{'' if count == 1 else 's'}" if plan.edits else ""

    async def _choose(self, name: str) -> None:
        self._target = self._targets[name]
        await self._look()

    def _rescope(self, scope: str) -> None:
        self._scope = scope
        self.unwanted.clear()
        self.replan()

    async def _look(self) -> None:
        self._there = await self.context.tried(in_force(self.context.client, self._target))
        self.replan()

    # ------------------------------------------------------------------ sending

    async def carry_out(self, plan: Plan) -> None:
        """Send it, and show what becomes of it."""
        assert self._there is not None
        try:
            made = await self.context.client.apply(
                self._target.study,
                plan.edits,
                number=self._target.number,
                expected=self._there.revision,
                because=self.why.value or "",
            )
        except Conflict as error:
            await self._look()
            self.error.set_text(f"Nothing was sent: {error}. The changes are shown anew.")
            return
        await self._follow(made)

    async def _follow(self, made: Revision) -> None:
        for part in (self.choices, self.why, self.summary, self.send):
            part.set_visibility(False)
        self.cancel.set_text("Close")
        self.body.clear()
        with self.body:
            view = OutcomeView(made)
        try:
            settled = await self.context.client.settled(
                self._target.study,
                made.number,
                number=self._target.number,
                deadline=PATIENCE_SECONDS,
            )
        except TrialMQError as error:
            self.error.set_text(f"{error}; revision {made.number} is stored and not lost")
        else:
            view.show(settled)
