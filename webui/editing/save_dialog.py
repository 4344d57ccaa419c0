"""A trial with its edited cells becomes a profile: under which name, and what it would hold."""

from nicegui import ui

from schema.errors import WrongInput
from schema.profile import checked_profile_name
from schema.values import Value
from webui.editing.changes import Plan, plan
from webui.editing.plan_dialog import PlanDialog


class SaveDialog(PlanDialog):
    """Asks for the name of the profile, and saves it."""

    title = "Save {} to a profile"

    def build_choices(self) -> None:
        """The name, a new one or one that is there."""
        self._known = {p.name: p.version for p in self.context.service.profiles}
        self._name = ui.input("Name", autocomplete=sorted(self._known), on_change=self.replan)
        self._name.props("dense outlined autofocus").mark("profile-name")
        self._version = ui.label().classes("tmq-dim tmq-small")

    def plan_for(self, wanted: dict[str, Value]) -> Plan | None:
        """What of the trial would be another value in the profile."""
        self._version.set_text(self._said_of_name())
        source = self.source
        return plan(source.config, wanted, source.space, searched=source.searched)

    def button(self, plan: Plan) -> str:
        """Whether there is a name; a trial without edits can be saved as well."""
        return "Save" if self._entered() and not self._problem() else ""

    async def carry_out(self, plan: Plan) -> None:
        """Save it, and close."""
        saved = await self.context.client.save_profile(
            self._entered(),
            study=self.source.study,
            trial=self.source.number,
            set=plan.edits,
            because=self.why.value or "",
        )
        self.dialog.close()
        self.context.notify(f"Saved as {saved.name}, version {saved.version}.", "good")

    def _entered(self) -> str:
        return (self._name.value or "").strip()

    def _problem(self) -> str:
        try:
            checked_profile_name(self._entered())
        except WrongInput as error:
            return str(error)
        return ""

    def _said_of_name(self) -> str:
        name = self._entered()
        if not name:
            return "All variables are saved, with where they come from."
        if problem := self._problem():
            return problem
        if name in self._known:
            return f"Becomes version {self._known[name] + 1} of {name}; earlier ones stay."
        return "A new profile."
