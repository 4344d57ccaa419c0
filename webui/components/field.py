"""Fields of a form: a label above, the field, and what is wrong with it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from nicegui import ui
from nicegui.elements.mixins.value_element import ValueElement

F = TypeVar("F", bound=ValueElement[Any])
DENSE = "dense outlined hide-bottom-space"
LATER = 'debounce="300"'


class Fields:
    """The fields of one form, by name; `check` says of each what is wrong with it."""

    def __init__(self, form: object, problem: Callable[[str], str]) -> None:
        self._form = form
        self._problem = problem
        self._told: dict[str, ui.label] = {}

    @contextmanager
    def labelled(self, name: str, label: str, help: str = "") -> Iterator[None]:
        """A place for a field with its label, and for what is wrong with it."""
        with ui.element("div"):
            with ui.label(label).classes("tmq-field-label"):
                if help:
                    ui.tooltip(help)
            yield
            self.told(name)

    def told(self, name: str) -> None:
        """Where it is told what is wrong with a field."""
        self._told[name] = ui.label().classes("tmq-problem").mark(f"problem {name}")
        self._told[name].set_visibility(False)

    def text(self, name: str, label: str, *, placeholder: str = "", help: str = "") -> ui.input:
        """A line of text."""
        with self.labelled(name, label, help):
            made = ui.input(placeholder=placeholder).props(f"{DENSE} {LATER}")
            return self._bound(made, name, label)

    def number(
        self, name: str, label: str, *, placeholder: str = "", suffix: str = "", help: str = ""
    ) -> ui.number:
        """A number, or nothing."""
        with self.labelled(name, label, help):
            made = ui.number(placeholder=placeholder, suffix=suffix).props(f"{DENSE} {LATER}")
            return self._bound(made, name, label)

    def choice(
        self,
        name: str,
        label: str,
        options: dict[str, str] | list[str],
        *,
        help: str = "",
        multiple: bool = False,
    ) -> ui.select:
        """One of several, or ``multiple`` of them."""
        with self.labelled(name, label, help):
            made = ui.select(options, multiple=multiple).props(f"{DENSE} options-dense")
            if multiple:
                made.props("use-chips")
            return self._bound(made, name, label)

    def check(self, name: str) -> bool:
        """Say what is wrong with a field; True if nothing is."""
        problem = self._problem(name)
        told = self._told.get(name)
        if told is not None:
            told.set_text(problem)
            told.set_visibility(bool(problem))
        return not problem

    def _bound(self, made: F, name: str, label: str) -> F:
        def take() -> None:
            setattr(self._form, name, made.value)
            self.check(name)

        made.set_value(getattr(self._form, name))
        made.on_value_change(take)
        made.props(f'aria-label="{label}"').mark(f"field {name}")
        return made
