"""The values of a profile as a form by group; edits wait here until they are saved."""

from collections.abc import Callable

from nicegui import ui

from schema.errors import WrongInput
from schema.profile_history import StoredProfile
from schema.values import Value
from webui.grid.rows import inactive
from webui.live.drafts import Draft
from webui.session.field import Field
from webui.session.revisions import Standing


class ProfileForm:
    """The form of one version of a profile in one tab; ``changed`` is called at every edit."""

    def __init__(self, stored: StoredProfile, changed: Callable[[], None]) -> None:
        self.edits: dict[str, Value] = {}
        self._stored = stored
        self._changed = changed
        self._fields: dict[str, Field] = {}
        groups: dict[str, list[str]] = {}
        for variable in stored.space.variables:
            groups.setdefault(variable.group, []).append(variable.path)
        with ui.element("div").classes("form-groups"):
            for name, paths in groups.items():
                with ui.element("section").classes("form-group"):
                    ui.label(name or "general").classes("form-group-name")
                    for path in paths:
                        variable = stored.space.variable(path)
                        self._fields[path] = Field(variable, self._enter, self._revert)
        self._show()

    def _show(self) -> None:
        values = self._stored.profile.values
        off = inactive(self._stored.space, {**values, **self.edits})
        for path, field in self._fields.items():
            own = values.get(path, self._stored.space.variable(path).default)
            draft = None
            if path in self.edits:
                draft = Draft(self.edits[path], own, "")
            field.show(own, draft, Standing(), off.get(path, ""))

    def _enter(self, path: str, entered: object, seen: object) -> None:
        variable = self._stored.space.variable(path)
        try:
            text = isinstance(entered, str) and variable.kind != "str"
            value = variable.parse(str(entered)) if text else variable.check(entered)
        except WrongInput as error:
            self._fields[path].refuse(str(error))
            self._show()
            return
        if value == self._stored.profile.values.get(path):
            self.edits.pop(path, None)
        else:
            self.edits[path] = value
        self._show()
        self._changed()

    def _revert(self, path: str) -> None:
        self.edits.pop(path, None)
        self._show()
        self._changed()
