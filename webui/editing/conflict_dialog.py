"""Two tabs edited one cell: the slower one is told, and decides; nothing is overwritten unseen."""

from collections.abc import Callable

from nicegui import ui

from schema.values import Value
from webui.editing.plan_view import said


def conflict_dialog(
    cell: str, mine: Value, theirs: Value | None, overwrite: Callable[[], object]
) -> ui.dialog:
    """Asks whose value of `cell` is to stand, and opens; `overwrite` is called for one's own."""
    with ui.dialog() as dialog, ui.card().classes("dialog-card dialog-small"):
        ui.label("Changed meanwhile").classes("tmq-title")
        ui.label(
            f"While you edited {cell}, another tab changed it to {said(theirs)}. "
            f"You wrote {said(mine)}."
        )

        def take_mine() -> None:
            dialog.close()
            overwrite()

        with ui.element("div").classes("dialog-foot"):
            ui.element("div").classes("tmq-space")
            ui.button(f"Overwrite with {said(mine)}", on_click=take_mine).props("flat").mark(
                "overwrite"
            )
            ui.button(f"Take {said(theirs)}", on_click=dialog.close).props("unelevated").mark(
                "take"
            )
    dialog.open()
    return dialog
