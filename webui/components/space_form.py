"""The variables of a study's form, by group: searched in a range, fixed, or left at the default."""

from nicegui import ui

from schema.values import written
from schema.variables import Variable
from webui.components.field import DENSE, LATER, Fields
from webui.studies.creating import Form, Role, Wish, example
from webui.studies.forms import empty_form, groups


class SpaceForm:
    """The variables of one form."""

    def __init__(self, form: Form, fields: Fields) -> None:
        self._form = form
        self._fields = fields
        self._lines: dict[str, _Line] = {}
        with ui.element("section").classes("tmq-panel"):
            with ui.element("div").classes("tmq-panel-head"):
                ui.label("Variables")
                ui.element("div").classes("tmq-space")
                self._search = ui.input(placeholder="Search variables", on_change=self._filter)
                self._search.props(f'{DENSE} clearable data-key="/"')
            if form.offer.dynamic:
                text = "An Optuna objective: its variables are known once its trials ask for them."
                ui.label(text).classes("tmq-dim q-pa-md")
            for group, variables in groups(form).items():
                self._group(group, variables)

    def _group(self, group: str, variables: list[Variable]) -> None:
        title = group or "at the top"
        with ui.expansion(value=True).classes("w-full").props("dense") as expansion:
            with expansion.add_slot("header"):
                ui.label(title).classes("tmq-strong self-center")
                ui.element("div").classes("tmq-space")
                for text, searching in (("Search as declared", True), ("Leave out", False)):
                    button = ui.button(text).props("flat dense")
                    button.on(
                        "click.stop",
                        lambda _, v=variables, s=searching: self._choose(v, searching=s),
                    )
                    button.mark(f"{text} {title}")
            for variable in variables:
                self._lines[variable.path] = _Line(self._form, variable, self._fields)

    def _choose(self, variables: list[Variable], *, searching: bool) -> None:
        """Search a group as it is declared, or leave it out."""
        declared = empty_form(self._form.offer, ()).wishes
        for variable in variables:
            wish = self._form.wishes[variable.path]
            wish.role = declared[variable.path].role if searching else Role.LEAVE
            if searching:
                wish.domain = declared[variable.path].domain
            self._lines[variable.path].show()

    def _filter(self) -> None:
        words = (self._search.value or "").lower().split()
        for path, line in self._lines.items():
            line.row.set_visibility(all(word in path.lower() for word in words))


class _Line:
    """One variable."""

    def __init__(self, form: Form, variable: Variable, fields: Fields) -> None:
        self._variable = variable
        self._fields = fields
        self._wish: Wish = form.wishes[variable.path]
        searched = "tune after training" if variable.after_training else "search"
        roles = {Role.SEARCH: searched, Role.FIX: "fix", Role.LEAVE: "default"}
        with ui.element("div").classes("tmq-variable").mark(variable.path) as self.row:
            with ui.label(variable.name).classes("tmq-mono tmq-clip"):
                ui.tooltip(_described(variable))
            self._role = ui.select(roles, value=self._wish.role, on_change=self._chosen)
            self._role.props(f'{DENSE} options-dense aria-label="{variable.path}"')
            self._role.mark(f"role {variable.path}")
            self._editor = ui.element("div").classes("tmq-editor")
            ui.label(variable.domain() or variable.kind).classes(
                "tmq-dim tmq-mono tmq-clip tmq-declared"
            )
            fields.told(variable.path)
        self.show()

    def show(self) -> None:
        """Show what is wished now."""
        self._role.set_value(self._wish.role)
        with self._editor.clear():
            self._build()
        self._fields.check(self._variable.path)

    def _chosen(self) -> None:
        if self._role.value != self._wish.role:
            self._wish.role = Role(self._role.value)
            self.show()

    def _build(self) -> None:
        variable, wish = self._variable, self._wish
        choices = [] if variable.choices is None else [written(each) for each in variable.choices]
        if variable.kind == "bool":
            choices = ["true", "false"]
        if wish.role is Role.LEAVE:
            ui.label(written(variable.default)).classes("tmq-mono tmq-dim")
        elif wish.role is Role.FIX:
            self._fixed(choices)
        elif choices:
            self._among(choices)
        else:
            self._within()

    def _fixed(self, choices: list[str]) -> None:
        wish, made = self._wish, ui.select(choices) if choices else ui.input().props(LATER)

        def take() -> None:
            wish.value = made.value or ""
            self._fields.check(self._variable.path)

        made.set_value(wish.value)
        made.props(f"{DENSE} options-dense").mark(f"value {self._variable.path}")
        made.on_value_change(take)

    def _within(self) -> None:
        made = ui.input(value=self._wish.domain, placeholder=example(self._variable))

        def take() -> None:
            self._wish.domain = made.value or ""
            self._fields.check(self._variable.path)

        made.props(f"{DENSE} {LATER}").classes("tmq-mono").mark(f"domain {self._variable.path}")
        made.on_value_change(take)

    def _among(self, choices: list[str]) -> None:
        chosen = [each for each in self._wish.domain.split(",") if each in choices]
        made = ui.select(choices, multiple=True, value=chosen or choices)
        made.props(f"{DENSE} options-dense use-chips").mark(f"domain {self._variable.path}")

        def take() -> None:
            self._wish.domain = ",".join(each for each in choices if each in made.value)
            self._fields.check(self._variable.path)

        made.on_value_change(take)


def _described(variable: Variable) -> str:
    parts = [variable.path, variable.doc, f"default {written(variable.default)}"]
    if variable.unit:
        parts.append(f"in {variable.unit}")
    parts += [f"only where {condition}" for condition in variable.when]
    return " · ".join(part for part in parts if part)
