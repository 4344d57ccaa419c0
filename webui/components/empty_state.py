"""What stands where there is nothing yet: what that means, and what to do next."""

from nicegui import ui


def empty_state(icon: str, title: str, text: str = "", command: str = "") -> ui.element:
    """Title, a sentence, and the command that would fill this place; more can be put into it."""
    with ui.element("div").classes("tmq-empty") as place:
        ui.icon(icon)
        ui.label(title).classes("tmq-title")
        if text:
            ui.label(text).classes("tmq-dim")
        if command:
            ui.label(command).classes("tmq-command")
    return place
