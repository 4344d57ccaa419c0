"""The settings of a study, changed while its trials run: every change is a version with its why."""

from typing import Any

from nicegui import ui

from schema.errors import Conflict, TrialMQError, WrongInput
from schema.study import StudySettings
from webui import addresses
from webui.components.field import Fields
from webui.components.study_form import study_fields
from webui.page_context import PageContext
from webui.settings.changes import Line, differences, history, patch
from webui.settings.levels import level_rows, remark, saved, why_not
from webui.studies.forms import form_like
from webui.times import moment

EVERY_SECONDS = 0.5


async def page(context: PageContext) -> None:
    """Build the page."""
    study = context.the_study()
    if study.overview.spec.is_session:
        with ui.element("div").classes("tmq-page"):
            ui.label("A session has no settings: nothing is searched and nothing is pruned.")
            ui.link("Show its configuration", addresses.session(study.name))
        return
    with ui.element("div").classes("tmq-page"):
        _Page(context)


class _Page:
    """The page of one tab."""

    def __init__(self, context: PageContext) -> None:
        self._context = context
        self._study = context.the_study()
        self._place = ui.element("div").classes("tmq-column tmq-live")
        with ui.element("div").classes("tmq-toolbar tmq-sticky"):
            self._problem = ui.label().classes("tmq-bad").mark("problem")
            ui.element("div").classes("tmq-space")
            again = ui.button("Reload", on_click=self._begin).props("flat")
            again.tooltip("Forget what was written here, and show what is in force")
            change = ui.button("Change…", icon="done", on_click=self._change)
            change.props("unelevated").mark("change settings")
        self._levels = _Levels(context, lambda: self._form.pruner)
        self._history = ui.element("section").classes("tmq-panel")
        self._begin()
        ui.timer(EVERY_SECONDS, self._refresh)

    # ------------------------------------------------------------------ the form

    def _begin(self) -> None:
        spec = self._study.overview.spec
        self._seen = self._study.settings
        self._form = form_like(spec, spec.objective, spec.name)
        self._problem.set_text("")
        with self._place.clear():
            study_fields(self._form, Fields(self._form, self._form.problem), go_on=True)
        ui.timer(0, self._load, once=True)

    async def _load(self) -> None:
        await self._levels.load()
        changes = await self._context.tried(self._context.client.settings_history(self._study.name))
        if changes is not None:
            _history(self._history, history(changes))

    async def _refresh(self) -> None:
        self._levels.refresh()
        newer = self._study.settings.version
        if newer == self._seen.version:
            return
        # Nothing was written here, or just that is in force now.
        if self._wanted() in (self._seen.settings, self._study.settings.settings):
            self._begin()
            return
        self._problem.set_text(
            f"the settings were changed meanwhile, to version {newer}; Reload shows them"
        )

    def _wanted(self) -> StudySettings | None:
        """What the form says, or nothing where it cannot be read."""
        try:
            return self._form.settings(self._study.overview.spec.objective)
        except WrongInput:
            return None

    async def _change(self) -> None:
        for problem in self._form.problems().values():
            self._problem.set_text(problem)
            return
        wanted = self._form.settings(self._study.overview.spec.objective)
        lines = differences(self._seen.settings, wanted)
        if not lines:
            self._problem.set_text("nothing is changed")
            return
        because = await _why(lines)
        if because is None:
            return
        try:
            await self._context.client.change_settings(
                self._study.name,
                patch(self._seen.settings, wanted),
                expected=self._seen.version,
                because=because,
            )
        except Conflict as error:
            self._problem.set_text(f"{error}; Reload shows them")
        except TrialMQError as error:
            self._problem.set_text(str(error))
        else:
            self._context.notify("In force for trials that run, from their next report on.", "good")


async def _why(lines: list[Line]) -> str | None:
    """Ask before anything is sent; why it is done, or None where it is not."""
    with ui.dialog() as dialog, ui.card():
        ui.label("Change the settings?").classes("tmq-title")
        _lines(lines)
        because = ui.input(placeholder="Why, for the history").props("dense outlined autofocus")
        because.classes("w-full").on("keydown.enter", lambda: dialog.submit(because.value or ""))
        with ui.row().classes("justify-end w-full"):
            ui.button("Cancel", on_click=lambda: dialog.submit(None)).props("flat")
            put = ui.button("Put in force", on_click=lambda: dialog.submit(because.value or ""))
            put.props("unelevated").mark("put in force")
    answer = await dialog
    dialog.delete()
    return None if answer is None else str(answer)


def _lines(lines: list[Line] | tuple[Line, ...]) -> None:
    for line in lines:
        with ui.element("div").classes("tmq-change"):
            ui.label(line.name)
            ui.label(line.old).classes("tmq-dim")
            ui.label(f"→ {line.new}").classes("tmq-strong")


def _history(place: ui.element, versions: list[Any]) -> None:
    with place.clear():
        ui.label("Changes").classes("tmq-panel-head")
        for version in versions:
            with ui.element("div").classes("tmq-version"):
                ui.label(f"version {version.number}").classes("tmq-strong")
                ui.label(f"{moment(version.at)} by {version.author}").classes("tmq-dim")
                ui.label(version.because)
                with ui.element("div"):
                    _lines(version.lines)
                    if not version.lines:
                        ui.label("what the study began with").classes("tmq-dim")


class _Levels:
    """The numbers behind each level of the chosen pruner, and what they would have saved."""

    def __init__(self, context: PageContext, pruner: Any) -> None:
        self._context = context
        self._study = context.the_study()
        self._pruner = pruner
        self._pruners: Any = None
        self._shown = ""
        with ui.element("section").classes("tmq-panel"):
            ui.label("What each level means here").classes("tmq-panel-head")
            self._numbers = ui.element("div").classes("tmq-scroll")
        with ui.element("section").classes("tmq-panel"):
            with ui.element("div").classes("tmq-panel-head"):
                ui.label("What it would have saved")
                ui.element("div").classes("tmq-space")
                ui.button("Replay", on_click=self._replay).props("flat dense").mark("replay")
            self._saved = ui.element("div").classes("tmq-scroll")
            with self._saved:
                ui.label(
                    "Reports the stored curves once more, to every pruner at every level."
                ).classes("tmq-dim tmq-note")

    async def load(self) -> None:
        """Ask for the numbers."""
        self._pruners = await self._context.tried(self._context.client.pruners(self._study.name))
        self._shown = ""
        self.refresh()

    def refresh(self) -> None:
        """Show those of the pruner that is chosen in the form."""
        pruner = self._pruner()
        if self._pruners is None or pruner == self._shown:
            return
        self._shown = pruner
        rows = level_rows(self._pruners, pruner)
        columns = [*_columns(rows, {"number": "Number", "what": "What it does"})]
        with self._numbers.clear():
            if why := why_not(self._pruners, pruner):
                ui.label(why).classes("tmq-note")
            if rows:
                _table(columns, rows)
            elif not why:
                ui.label("Every trial runs to its end.").classes("tmq-dim tmq-note")

    async def _replay(self) -> None:
        with self._saved.clear():
            ui.spinner().classes("tmq-note")
        replay = await self._context.tried(self._context.client.replay(self._study.name))
        with self._saved.clear():
            if replay is None:
                return
            ui.label(remark(replay)).classes("tmq-dim tmq-note")
            titles = {
                "pruner": "Pruner",
                "level": "Level",
                "ended": "Trials ended",
                "saved": "Steps saved",
                "top1": "Lost of top 1",
                "top3": "of top 3",
                "top10": "of top 10",
                "best": f"Best {replay.metric} left",
            }
            _table(_columns(saved(replay), titles), saved(replay))
            for name, because in replay.left_out.items():
                ui.label(f"{name} is left out: {because}.").classes("tmq-dim tmq-note")


def _columns(rows: list[dict[str, Any]], titles: dict[str, str]) -> list[dict[str, Any]]:
    names = list(rows[0]) if rows else []
    left = ("number", "what", "pruner", "level")
    return [
        {
            "name": name,
            "label": titles.get(name, name),
            "field": name,
            "align": "left" if name in left else "right",
        }
        for name in names
    ]


def _table(columns: list[dict[str, Any]], rows: list[dict[str, Any]]) -> None:
    table = ui.table(columns=columns, rows=rows).classes("w-full")
    table.props('dense flat hide-pagination :pagination="{rowsPerPage: 0}"')
