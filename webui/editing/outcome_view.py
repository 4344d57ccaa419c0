"""What became of an edit, as a person reads it: a line a variable."""

from nicegui import ui

from schema.revision import Revision
from webui.editing.outcome import change_text, outcome


class OutcomeView:
    """Shows a revision as far as it has come."""

    def __init__(self, revision: Revision) -> None:
        self._place = ui.element("div").classes("plan")
        self.show(revision)

    def show(self, revision: Revision) -> None:
        """It has come farther."""
        self._place.clear()
        with self._place:
            for change in revision.changes:
                text, kind = outcome(revision, change.path)
                with ui.element("div").classes("plan-row"):
                    ui.label(change.path).classes("plan-path")
                    ui.label(change_text(change)).classes("plan-values")
                    with ui.element("div").classes("plan-remarks"):
                        ui.label(text).classes(f"tmq-badge {kind}")
