"""What a person makes of results: a corrected metric, a note, tags."""

import math
from collections.abc import Sequence

from nicegui import ui

from schema.errors import TrialMQError
from schema.results import TrialResult
from webui.page_context import PageContext


class RescoreDialog:
    """Asks for the metrics of a complete trial as they should have been."""

    def __init__(self, context: PageContext, study: str, trial: TrialResult) -> None:
        self._context = context
        self._study = study
        self._trial = trial
        self._fields: dict[str, ui.input] = {}
        with ui.dialog() as self._dialog, ui.card().classes("dialog-card dialog-small"):
            ui.label(f"Rescore trial {trial.number}").classes("tmq-title")
            ui.label(
                "What its training returned is kept beside what you enter. "
                "The sampler and the pruner go by the corrected metrics."
            ).classes("tmq-dim tmq-small")
            for name, value in (trial.metrics or {}).items():
                measured = (trial.measured or {}).get(name)
                hint = f'hint="measured: {measured}"' if measured is not None else ""
                field = ui.input(name, value=str(value)).props(f"dense outlined {hint}")
                self._fields[name] = field.mark(f"metric-{name}")
            self._why = ui.input("Why, for the history").props("dense outlined").mark("why")
            self._error = ui.label().classes("dialog-error")
            with ui.element("div").classes("dialog-foot"):
                ui.element("div").classes("tmq-space")
                ui.button("Cancel", on_click=self._dialog.close).props("flat")
                ui.button("Rescore", on_click=self._send).props("unelevated").mark("send")

    def open(self) -> None:
        """Show the dialog."""
        self._dialog.open()

    async def _send(self) -> None:
        try:
            metrics = self._changed()
            await self._context.client.rescore(
                self._study, self._trial.number, metrics, because=self._why.value or ""
            )
        except (TrialMQError, ValueError) as error:
            self._error.set_text(str(error))
        else:
            self._dialog.close()
            self._context.notify(f"Trial {self._trial.number} is rescored.", "good")

    def _changed(self) -> dict[str, float]:
        """The metrics that were changed.

        Raises:
            ValueError: one is no finite number, or none was.
        """
        changed = {}
        for name, field in self._fields.items():
            text = (field.value or "").strip()
            try:
                value = float(text)
            except ValueError:
                raise ValueError(f"{name}: {text!r} is not a number") from None
            if not math.isfinite(value):
                raise ValueError(f"{name}: {text} is not a finite number")
            if value != (self._trial.metrics or {})[name]:
                changed[name] = value
        if not changed:
            raise ValueError("nothing was changed; enter another number")
        return changed


class NoteDialog:
    """Asks for the note and the tags of trials; with several, tags are added to those they have."""

    def __init__(self, context: PageContext, study: str, trials: Sequence[TrialResult]) -> None:
        self._context = context
        self._study = study
        self._trials = trials
        only = trials[0] if len(trials) == 1 else None
        what = f"trial {only.number}" if only else f"{len(trials)} trials"
        with ui.dialog() as self._dialog, ui.card().classes("dialog-card dialog-small"):
            ui.label(f"Note and tags of {what}").classes("tmq-title")
            self._note = ui.textarea("Note", value=only.note if only else "")
            self._note.props("dense outlined autogrow").mark("note")
            tags = ", ".join(only.tags) if only else ""
            label = "Tags, separated by commas" if only else "Tags to add, separated by commas"
            self._tags = ui.input(label, value=tags).props("dense outlined").mark("tags")
            with ui.element("div").classes("dialog-foot"):
                ui.element("div").classes("tmq-space")
                ui.button("Cancel", on_click=self._dialog.close).props("flat")
                ui.button("Save", on_click=self._send).props("unelevated").mark("send")

    def open(self) -> None:
        """Show the dialog."""
        self._dialog.open()

    async def _send(self) -> None:
        entered = tags_in(self._tags.value or "")
        alone = len(self._trials) == 1
        for trial in self._trials:
            tags = entered if alone else tuple(dict.fromkeys([*trial.tags, *entered]))
            note = self._note.value if alone or self._note.value else None
            noted = self._context.client.annotate(self._study, trial.number, note=note, tags=tags)
            if await self._context.tried(noted) is None:
                return
        self._dialog.close()


def tags_in(text: str) -> tuple[str, ...]:
    """The tags that a person wrote, separated by commas."""
    return tuple(dict.fromkeys(tag.strip() for tag in text.split(",") if tag.strip()))
