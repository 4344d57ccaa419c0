"""What can be done with the trials of a table: find them, and send, queue, correct or hide them.

It acts on the rows that are selected; where none is, on those that have edited cells.
"""

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from schema.results import TrialResult
from schema.trial import TrialState
from schema.values import Value
from webui.editing.apply_dialog import ApplyDialog
from webui.editing.export import FORMATS, Format, export
from webui.editing.queue_dialog import QueueDialog
from webui.editing.result_dialogs import NoteDialog, RescoreDialog
from webui.editing.save_dialog import SaveDialog
from webui.editing.source import Source, source_of
from webui.editing.targets import Target, sessions
from webui.grid.trials_grid import TrialsGrid
from webui.page_context import PageContext
from webui.thresholds.explorer import ThresholdExplorer

EVERY_SECONDS = 0.25


class TrialsToolbar:
    """The bar above the table of one tab; ``take`` lets cells of a trial say other values."""

    def __init__(
        self, context: PageContext, tab: str, take: Callable[[int, dict[str, Value]], None]
    ) -> None:
        self._context = context
        self._take = take
        self._study = context.the_study()
        self._tab = tab
        self._grid: TrialsGrid
        self._shown: object = None
        with ui.element("div").classes("trials-toolbar"):
            self._build_finding()
            ui.element("div").classes("tmq-space")
            self._build_sending()
            self._build_more()
        with ui.element("div").classes("trials-status"):
            self._status = ui.label().classes("tmq-dim tmq-small")
            self._brush = ui.button("Show all", on_click=lambda: context.selection.brush(None))
            self._brush.props("flat dense size=sm")

    def bind(self, grid: TrialsGrid) -> None:
        """It is about this grid."""
        self._grid = grid
        selection = self._context.selection
        end = selection.listen(lambda: end() if grid.grid.is_deleted else self.view())
        drafts = self._study.drafts
        stop = drafts.listen(lambda _: stop() if grid.grid.is_deleted else self._show())
        self._show()
        ui.timer(EVERY_SECONDS, self._show)

    def _build_finding(self) -> None:
        search = ui.input(
            placeholder="Search", on_change=lambda e: self._grid.search(e.value or "")
        )
        search.props('dense outlined clearable debounce=150 data-key="/" aria-label="Search"')
        search.classes("trials-search").mark("search")
        self._edited = ui.switch("Edited only", on_change=self.view).props("dense size=xs")
        self._hidden = ui.switch("Hidden", on_change=self.view).props("dense size=xs")

    def _build_sending(self) -> None:
        self._apply = _button("Apply to session", "bolt", self._open_apply).mark("apply")
        self._apply.props(remove="flat", add="unelevated")
        self._save = _button("Save to profile", "bookmark_add", self._open_save).mark("save")
        self._queue = _button("Queue as trial", "playlist_add", self._open_queue).mark("queue")
        self._edit = _button("Edit", "edit", lambda: self._grid.edit()).props('data-key="e"')
        # Never disabled: what it takes back may be on its way here.
        _button("Undo", "undo", self._take_back).classes("trials-undo").mark("undo")

    def _build_more(self) -> None:
        more = ui.button(icon="more_vert").props('flat dense aria-label="More"').mark("more")
        with more, ui.menu():
            self._rescore = _Item("Rescore…", self._open_rescore)
            self._hide = _Item("Hide", self._hide_or_show)
            self._learn = _Item("Learn from this fork", self._learn_or_not)
            self._thresholds = _Item("Thresholds…", self._open_thresholds)
            self._note = _Item("Note and tags…", self._open_note)
            self._discard = _Item("Discard edits", self._discard_edits)
            ui.separator()
            for form in FORMATS:
                _Item(f"Export {form.upper()}", partial(self._export, form))

    # ------------------------------------------------------------------ what it acts on

    def _chosen(self) -> list[TrialResult]:
        study = self._study
        numbers = self._context.selection.selected or study.drafts.numbers
        return [study.rows[number] for number in numbers if number in study.rows]

    def _source(self) -> Source | None:
        chosen = self._chosen()
        return source_of(self._study, chosen[0]) if len(chosen) == 1 else None

    def _targets(self, source: Source) -> list[Target]:
        """The trainings it can be sent to; the trial itself as long as it has not ended."""
        targets = sessions(self._context.service.studies, source.space)
        spec = self._study.overview.spec
        ended = self._study.rows[source.number].state.ended
        if not (ended or spec.is_session):
            targets.append(Target(study=source.study, number=source.number, spec=spec))
        return targets

    def view(self) -> None:
        """Show the rows that the switches and the brush leave."""
        brushed = self._context.selection.brushed
        self._grid.show(
            edited=bool(self._edited.value), hidden=bool(self._hidden.value), only=brushed
        )
        self._show()

    def _show(self) -> None:
        study, chosen = self._study, self._chosen()
        selection = self._context.selection
        seen = (
            len(study.rows),
            len(study.drafts),
            selection.version,
            [(t.number, t.state, t.hidden, t.learn) for t in chosen],
        )
        if seen == self._shown:
            return
        self._shown = seen
        one = len(chosen) == 1
        ended = bool(chosen) and all(trial.state.ended for trial in chosen)
        for button in (self._apply, self._save, self._queue):
            button.set_enabled(one)
        self._rescore.show(enabled=one and chosen[0].state is TrialState.COMPLETE)
        again = ended and chosen[0].hidden
        self._hide.show(enabled=ended, text="Show again" if again else "Hide")
        learns = one and chosen[0].learn
        text = "Learn nothing from this fork" if learns else "Learn from this fork"
        self._learn.show(enabled=one and chosen[0].fork is not None, text=text)
        self._thresholds.show(enabled=one and ended)
        self._note.show(enabled=bool(chosen))
        self._discard.show(enabled=any(study.drafts.of(trial.number) for trial in chosen))
        self._status.set_text(self._sentence())
        self._brush.set_visibility(selection.brushed is not None)

    def _sentence(self) -> str:
        study, selection = self._study, self._context.selection
        said = [_counted(len(study.rows), "trial")]
        if selection.brushed is not None:
            said.append(f"{len(selection.brushed)} of them shown")
        if selection.selected:
            said.append(f"{len(selection.selected)} selected")
        if cells := len(study.drafts):
            rows = _counted(len(study.drafts.numbers), "trial")
            said.append(f"{_counted(cells, 'edited cell')} in {rows}")
        else:
            said.append("double-click a cell to edit it")
        return " · ".join(said)

    # ------------------------------------------------------------------ what it does

    async def _open_apply(self) -> None:
        if (source := self._source()) is None:
            return
        if targets := self._targets(source):
            await ApplyDialog(self._context, source, targets).open()
            return
        entry = self._study.overview.spec.objective.entry
        origin = f"{source.study}:{source.number}"
        self._context.notify(
            "No session runs that has these variables. Start one: "
            f"trialmq train {entry} --from {origin} --session NAME --connect URL",
            "bad",
        )

    async def _open_save(self) -> None:
        if (source := self._source()) is not None:
            await SaveDialog(self._context, source).open()

    async def _open_queue(self) -> None:
        if (source := self._source()) is not None:
            await QueueDialog(self._context, source).open()

    def _take_back(self) -> None:
        edit = self._study.drafts.undo(self._tab)
        if edit is None:
            self._context.notify("There is no edit of this tab to undo.")

    def _discard_edits(self) -> None:
        for trial in self._chosen():
            self._study.drafts.discard(trial.number, self._tab)

    def _open_rescore(self) -> None:
        RescoreDialog(self._context, self._study.name, self._chosen()[0]).open()

    def _open_note(self) -> None:
        NoteDialog(self._context, self._study.name, self._chosen()).open()

    async def _open_thresholds(self) -> None:
        if (source := self._source()) is None:
            return
        with ui.dialog() as dialog, ui.card().classes("dialog-card"):
            ui.label(f"Thresholds of {source.name}").classes("tmq-title")

            def take(values: dict[str, Value]) -> None:
                dialog.close()
                self._take(source.number, values)

            explorer = ThresholdExplorer(
                self._context, source.study, source.number, source.space, source.values, take
            )
            ui.button("Close", on_click=dialog.close).props("flat")
        dialog.open()
        await explorer.load()

    async def _hide_or_show(self) -> None:
        client, chosen = self._context.client, self._chosen()
        hidden = not chosen[0].hidden
        for trial in chosen:
            await self._changed(client.hide(self._study.name, trial.number, hidden=hidden))

    async def _learn_or_not(self) -> None:
        trial = self._chosen()[0]
        learn = self._context.client.learn_from_fork(
            self._study.name, trial.number, learn=not trial.learn
        )
        await self._changed(learn)

    async def _changed(self, work: Awaitable[TrialResult]) -> None:
        trial = await self._context.tried(work)
        if trial is not None:
            self._study.put([trial])

    def _export(self, form: Format) -> None:
        study = self._study
        trials = self._chosen() or list(study.rows.values())
        edits = {trial.number: study.drafts.values(trial.number) for trial in trials}
        text = export(form, study.overview.spec, trials, edits)
        ui.download.content(text, f"{study.name}.{form}")


class _Item:
    """A line of the menu."""

    def __init__(self, text: str, act: Callable[[], object]) -> None:
        with ui.menu_item(on_click=act).mark(text.lower().rstrip("…")) as self.item:
            self._label = ui.label(text)

    def show(self, *, enabled: bool, text: str = "") -> None:
        """Whether it can be chosen, and maybe another text."""
        self.item.set_enabled(enabled)
        if text:
            self._label.set_text(text)


def _button(text: str, icon: str, act: Callable[[], object]) -> ui.button:
    button = ui.button(text, icon=icon, on_click=act)
    return button.props(f'flat dense no-caps aria-label="{text}"')


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
