"""What the keys do, as a list that ``?`` shows.

A key presses the visible element that has it as ``data-key``, or writes into it where it is a
field; so a page gives a key to a button with ``.props('data-key="e"')`` and tells of it here.
"""

from nicegui import ui

KEYS = {
    "/": "search on this page",
    "s": "choose a study",
    "e": "edit the selected trial",
    "c": "create a study",
    "p": "pause or resume the study",
    "d": "light, dark, as the system says",
    "1 … 8": "go to a page of the bar",
    "?": "this list",
    "Esc": "leave a field, close a dialog",
}


class Keyboard:
    """The help of one tab, with its button."""

    def __init__(self) -> None:
        with ui.dialog() as self._dialog, ui.card().classes("tmq-keys"):
            ui.label("Keys").classes("tmq-title")
            for key, what in KEYS.items():
                with ui.element("div").classes("tmq-key-line"):
                    ui.label(key).classes("tmq-key")
                    ui.label(what)
            ui.button("Close", on_click=self._dialog.close).props("flat dense")
        button = ui.button(icon="help_outline", on_click=self._dialog.open)
        button.props('flat dense data-key="?" aria-label="Keys"').classes("tmq-wide-only")
        with button:
            ui.tooltip("Keys (?)")
