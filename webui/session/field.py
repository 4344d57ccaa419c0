"""One variable of a form: its name, an editor that fits it, and how it stands."""

from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.value_element import ValueElement

from schema.figures import brief
from schema.values import Value, written
from schema.variables import Variable
from webui.editing.plan_view import said
from webui.grid.cells import about, cell, choices, is_switch
from webui.live.drafts import Draft
from webui.session.revisions import Standing

Enter = Callable[[str, object, object], None]
"""Told the path, what was entered, and what the field showed before."""


class Field:
    """The field of ``variable``; ``enter`` is told what a person enters, ``revert`` the path of
    which the edit is to go."""

    def __init__(self, variable: Variable, enter: Enter, revert: Callable[[str], None]) -> None:
        self._variable = variable
        self._enter = enter
        self._shown: Value | None = None
        self._opened: Value | None = None  # what it showed when a person began to write
        self._writing = False
        self._refused = ""  # why what was entered last is not taken
        with ui.element("div").classes("field-row") as self.row:
            with ui.element("div").classes("field-name"):
                live = "field-live" if variable.live else ""
                ui.label(variable.name).classes(live)
                unit = f"[{variable.unit}]" if variable.unit else ""
                ui.label(unit).classes("tmq-dim tmq-small")
                ui.tooltip(f"{variable.path}: {about(variable)}".rstrip(": "))
            self._editor = self._build().mark(f"field {variable.path}")
            with ui.element("div").classes("field-standing"):
                self._revert = ui.button(icon="undo", on_click=lambda: revert(variable.path))
                self._revert.props(f'flat dense size=xs aria-label="Revert {variable.path}"')
                self._standing = ui.label().props("role=status")

    def show(self, value: Value, draft: Draft | None, standing: Standing, off: str) -> None:
        """What is in force or asked for already, what was edited, and how it stands."""
        shown = cell(draft.value if draft else value)
        if not self._writing and shown != self._shown:
            self._shown, self._refused = shown, ""
            self._editor.set_value(shown if self._as_it_is else _text(shown))
            self._tell_exactly(shown)
        self._revert.set_visibility(draft is not None)
        self.row.classes(add="field-edited") if draft else self.row.classes(remove="field-edited")
        self.row.classes(add="field-off") if off else self.row.classes(remove="field-off")
        if draft is not None:
            standing = Standing(f"edited; it is {said(value)}", "warning")
        elif off:
            standing = Standing(f"no effect unless {off}")
        if self._refused:
            standing = Standing(self._refused, "bad")
        self._standing.set_text(standing.text)
        self._standing.classes(replace=f"tmq-small field-{standing.tone or 'plain'}")

    def refuse(self, sentence: str) -> None:
        """What was entered is refused; the field shows again what it showed, and says why."""
        self._refused = sentence
        self._editor.set_value(self._shown if self._as_it_is else _text(self._shown))

    # ------------------------------------------------------------------

    @property
    def _as_it_is(self) -> bool:
        """Whether the editor holds values, not text."""
        return is_switch(self._variable) or bool(self._variable.choices)

    def _tell_exactly(self, shown: Value | None) -> None:
        """What a person sees who points at a number that is longer than its field shows."""
        exact = written(shown) if isinstance(shown, float) else ""
        self._editor.props(f'title="{exact if exact != _text(shown) else ""}"')

    def _build(self) -> ValueElement[Any]:
        variable = self._variable
        label = f'aria-label="{variable.path}"'
        if is_switch(variable):
            switch = ui.switch(on_change=lambda e: self._entered(e.value))
            return switch.props(f"dense size=xs {label}")
        if offered := choices(variable):
            select = ui.select(offered, on_change=lambda e: self._entered(e.value))
            return select.props(f"dense outlined options-dense {label}")
        field = ui.input().props(f"dense outlined {label}")
        field.on("focus", self._begin).on("blur", self._end)
        field.on("keydown.enter", self._end).on("keydown.esc", self._leave)
        return field

    def _begin(self) -> None:
        self._writing, self._opened, self._refused = True, self._shown, ""

    def _leave(self) -> None:
        self._writing, self._opened = False, None
        self._editor.set_value(_text(self._shown))

    def _end(self) -> None:
        entered = self._editor.value
        seen = self._opened if self._writing else self._shown
        self._writing = False
        if entered != _text(seen):
            self._refused = ""
            self._enter(self._variable.path, entered, seen)

    def _entered(self, value: Value) -> None:
        if value != self._shown:
            seen, self._shown = self._shown, value
            self._enter(self._variable.path, value, seen)


def _text(value: Value | None) -> str:
    """What stands in a field; as long as nobody writes there, its value stays exactly as it is."""
    return "" if value is None else brief(value)
