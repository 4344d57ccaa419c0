"""A button that opens a list of variables, each of which can be shown or left out."""

from collections.abc import Callable, Sequence

from nicegui import ui


class VariablesMenu:
    """The button of one card; ``chosen`` is called with the paths that a person wants to see."""

    def __init__(self, title: str, chosen: Callable[[list[str]], None]) -> None:
        self._chosen = chosen
        self._boxes: dict[str, ui.checkbox] = {}
        with ui.button("variables").props("flat dense size=sm no-caps") as self._button:
            self._button.props(f'aria-label="{title}: variables"').mark(f"{title}: variables")
            with ui.menu(), ui.element("div").classes("tmq-variables-menu") as self._list:
                pass

    def show(self, known: Sequence[str], shown: Sequence[str]) -> None:
        """These variables there are, and these are shown."""
        if list(self._boxes) != list(known):
            self._list.clear()
            with self._list:
                self._boxes = {path: self._box(path, path in shown) for path in known}
        self._button.set_text(f"{len(shown)} of {len(known)} variables")

    def _box(self, path: str, shown: bool) -> ui.checkbox:
        return ui.checkbox(path, value=shown, on_change=self._tell).props("dense size=xs")

    def _tell(self) -> None:
        self._chosen([path for path, box in self._boxes.items() if box.value])
