"""Every edit of a session: who, when, why, what became of it, and how to take it back."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from schema.revision import Revision, RevisionState
from webui.editing.outcome import change_text, clock, outcome
from webui.session.revisions import Revisions


class History:
    """The list, newest first; ``undo`` takes back the revision of a number."""

    def __init__(self, revisions: Revisions, undo: Callable[[int], Awaitable[None]]) -> None:
        self._revisions = revisions
        self._undo = undo
        self._shown = -1
        self._place = ui.element("div").classes("history")

    def show(self) -> None:
        """Show how everything is now."""
        if self._revisions.version == self._shown:
            return
        self._shown = self._revisions.version
        self._place.clear()
        with self._place:
            for revision in reversed(self._revisions.all):
                self._line(revision)
            if not self._revisions.all:
                ui.label(
                    "No edits yet. Change a value and apply it: each edit stands here with the "
                    "step at which it took effect, and can be undone."
                ).classes("tmq-dim history-none")

    def _line(self, revision: Revision) -> None:
        number = revision.number
        with ui.element("div").classes("history-line"):
            with ui.element("div").classes("history-head"):
                ui.label(f"r{number}").classes("history-number")
                ui.label(f"{clock(revision.at)} · {revision.author}").classes("tmq-dim tmq-small")
                ui.label(revision.because).classes("history-why")
                ui.element("div").classes("tmq-space")
                if revision.state is not RevisionState.REFUSED:
                    button = ui.button("Undo", on_click=lambda: self._undo(number))
                    button.props("flat dense size=sm").mark(f"undo {number}")
            for change in revision.changes:
                text, tone = outcome(revision, change.path)
                with ui.element("div").classes("history-change"):
                    ui.label(change.path).classes("plan-path")
                    ui.label(change_text(change))
                    ui.label(text).classes(f"tmq-small field-{tone}")
