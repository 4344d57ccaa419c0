"""The whole configuration of a session as a form: a panel a group, live variables first.

What is edited waits as a draft, for every tab to see, until it is applied: then the training takes
it between two steps, or it waits for a restart, or is refused, and the field says so.
"""

from collections.abc import Callable

from nicegui import ui

from schema.values import Value
from webui.editing.cell_edits import CellEdits
from webui.editing.conflict_dialog import conflict_dialog
from webui.grid.rows import inactive
from webui.live.study import LiveStudy
from webui.session.field import Field
from webui.session.revisions import Revisions, Standing, standings


class ConfigForm:
    """The form of one tab; `show` brings it up to date."""

    def __init__(
        self, study: LiveStudy, revisions: Revisions, notify: Callable[[str], None]
    ) -> None:
        self._study = study
        self._revisions = revisions
        self._notify = notify
        self._tab = ui.context.client.id
        self._cells = CellEdits(study.drafts, study.space, self._tab)
        self._fields: dict[str, Field] = {}
        self._shown: object = None
        groups: dict[str, list[str]] = {}
        for variable in study.space.variables:
            groups.setdefault(variable.group, []).append(variable.path)
        for name, paths in groups.items():
            with ui.element("section").classes("form-group"):
                ui.label(name or "general").classes("form-group-name")
                for path in sorted(paths, key=lambda p: not study.space.variable(p).live):
                    variable = study.space.variable(path)
                    self._fields[path] = Field(variable, self._enter, self._revert)
        end = study.drafts.listen(lambda _: end() if self.gone else self.show())

    @property
    def gone(self) -> bool:
        """Whether the tab left the page."""
        return any(field.row.is_deleted for field in self._fields.values())

    def show(self) -> None:
        """Show how everything is now."""
        drafts = self._study.drafts
        seen = (drafts.changes.version, self._revisions.version)
        if seen == self._shown:
            return
        self._shown = seen
        config, edited = self._revisions.values, drafts.of(0)
        off = inactive(self._study.space, {**config, **drafts.values(0)})
        known = standings(self._revisions.all)
        for path, field in self._fields.items():
            value = config.get(path, self._study.space.variable(path).default)
            standing = known.get(path, Standing())
            field.show(value, edited.get(path), standing, off.get(path, ""))

    def enter(self, path: str, value: Value) -> None:
        """Let the field of a variable say `value`, whatever it says."""
        drafts = self._study.drafts.of(0)
        shown = drafts[path].value if path in drafts else self._revisions.values.get(path)
        self._enter(path, value, shown)

    def _enter(self, path: str, entered: object, seen: object) -> None:
        result = self._cells.enter(0, self._revisions.values, path, entered, seen)
        if result.refused:
            self._fields[path].refuse(result.refused)
        elif result.conflict:
            assert result.value is not None
            self._ask_whose(path, result.value, result.theirs)
        elif result.without_effect:
            self._notify(f"{path}: it has no effect unless {result.without_effect}.")
        self._shown = None
        self.show()

    def _ask_whose(self, path: str, mine: Value, theirs: Value | None) -> None:
        conflict_dialog(path, mine, theirs, lambda: self._enter(path, mine, theirs))

    def _revert(self, path: str) -> None:
        self._study.drafts.discard(0, self._tab, [path])
