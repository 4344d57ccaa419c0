"""A trial with its edited cells is tried as another trial of its study."""

from nicegui import ui

from schema.values import Value
from webui.editing.changes import Plan, plan
from webui.editing.plan_dialog import PlanDialog


class QueueDialog(PlanDialog):
    """Asks whether it is to be queued."""

    title = "Queue {} as a new trial"

    def build_choices(self) -> None:
        """Nothing but what it means."""
        text = "It runs before any trial that the sampler chooses, and the sampler learns from it."
        ui.label(text).classes("tmq-dim tmq-small")

    def plan_for(self, wanted: dict[str, Value]) -> Plan | None:
        """What would be another value than in the trial that it is made from."""
        source = self.source
        return plan(source.config, wanted, source.space, searched=source.searched)

    def button(self, plan: Plan) -> str:
        """A trial without edits can be run again as well."""
        return "Queue" if plan.edits else "Queue it as it is"

    async def carry_out(self, plan: Plan) -> None:
        """Queue it, and close."""
        queued = await self.context.client.queue(
            self.source.study,
            trial=self.source.number,
            set=plan.edits,
            because=self.why.value or "",
        )
        self.dialog.close()
        held_up = f"; it waits, because {queued.held_up}" if queued.held_up else ""
        self.context.notify(f"Queued at place {queued.place}{held_up}.", "good")
