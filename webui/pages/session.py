"""A training for real: watch it, edit it while it runs, see what became of each edit."""

from msgspec.structs import replace
from nicegui import ui

from schema.errors import TrialMQError
from schema.values import Value, difference
from webui import addresses
from webui.components.empty_state import empty_state
from webui.editing.apply_dialog import ApplyDialog
from webui.editing.save_dialog import SaveDialog
from webui.editing.source import source_of
from webui.editing.targets import Target
from webui.page_context import PageContext
from webui.session.curves_panel import CurvesPanel
from webui.session.form import ConfigForm
from webui.session.head import Head
from webui.session.history import History
from webui.session.revisions import Revisions
from webui.session.thresholds_panel import ThresholdsPanel

EVERY_SECONDS = 0.25


def page(context: PageContext) -> None:
    """Build the page."""
    study = context.the_study()
    if not study.overview.spec.is_session:
        with empty_state("tune", f"{study.name} is a search, not a session."):
            ui.link("Show its trials", addresses.trials(study.name))
        return
    SessionPage(context)


class SessionPage:
    """The page in one tab."""

    def __init__(self, context: PageContext) -> None:
        self._context = context
        self._study = context.the_study()
        self._revisions = Revisions(context.client, self._study)
        self._asking = False
        with ui.element("div").classes("tmq-page session-page"):
            self._head = Head(context, self._revisions, self._open_save)
            with ui.element("div").classes("session-columns"):
                with ui.element("div").classes("session-column"):
                    self._curves = CurvesPanel(self._study, self._revisions)
                    with _panel("History"):
                        self._history = History(self._revisions, self._undo)
                    ThresholdsPanel(context, self._revisions, self._take)
                with (
                    ui.element("div").classes("session-column"),
                    ui.element("div").classes("tmq-panel"),
                ):
                    self._build_bar()
                    self._form = ConfigForm(self._study, self._revisions, context.notify)
        drafts = self._study.drafts
        end = drafts.listen(lambda _: end() if self._apply.is_deleted else self._show_bar())
        ui.timer(EVERY_SECONDS, self._refresh)

    def _build_bar(self) -> None:
        with ui.element("div").classes("tmq-panel-head form-bar"):
            ui.label("Configuration")
            self._edited = ui.label().classes("tmq-dim tmq-small").mark("edited")
            ui.element("div").classes("tmq-space")
            # Never disabled: what it takes back may be on its way here.
            take_back = ui.button("Undo", icon="undo", on_click=self._undo_draft)
            take_back.props("flat dense no-caps").mark("undo-draft")
            self._apply = ui.button("Apply", icon="bolt", on_click=self._open_apply)
            self._apply.props("unelevated dense no-caps").mark("apply")

    async def _refresh(self) -> None:
        if self._asking:
            return
        self._asking = True
        try:
            await self._revisions.refresh()
        except TrialMQError:
            pass  # the header says that there is no connection
        finally:
            self._asking = False
        self._show()

    def _show(self) -> None:
        self._show_bar()
        for part in (self._head, self._curves, self._history, self._form):
            part.show()

    def _show_bar(self) -> None:
        edits = len(self._study.drafts.of(0))
        self._edited.set_text(f"{edits} edited" if edits else "")
        trial = self._study.rows.get(0)
        ended = trial is not None and trial.state.ended
        self._apply.set_enabled(bool(edits) and trial is not None and not ended)

    async def _open_apply(self) -> None:
        trial = self._study.rows.get(0)
        if trial is not None:
            target = Target(study=self._study.name, spec=self._study.overview.spec)
            source = source_of(self._study, trial)
            await ApplyDialog(self._context, source, [target]).open()

    async def _open_save(self) -> None:
        """What the form shows: with what waits for a restart, and with what is not applied."""
        trial = self._study.rows.get(0)
        if trial is not None:
            shown = {**self._revisions.values, **self._study.drafts.values(0)}
            edits = {c.path: c.new for c in difference(trial.config, shown) if c.new is not None}
            source = replace(source_of(self._study, trial), edits=edits)
            await SaveDialog(self._context, source).open()

    def _take(self, values: dict[str, Value]) -> None:
        """Values that were chosen elsewhere become edits of the form."""
        for path, value in values.items():
            self._form.enter(path, value)

    def _undo_draft(self) -> None:
        if self._study.drafts.undo(ui.context.client.id) is None:
            self._context.notify("There is no edit of this tab to undo.")

    async def _undo(self, revision: int) -> None:
        name = self._study.name
        undone = self._context.client.undo(name, revision, because=f"undo of revision {revision}")
        if await self._context.done(undone):
            await self._refresh()


def _panel(title: str) -> ui.element:
    panel = ui.element("div").classes("tmq-panel")
    with panel, ui.element("div").classes("tmq-panel-head"):
        ui.label(title)
    return panel
