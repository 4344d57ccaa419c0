"""Asks before a study is deleted: its name has to be written."""

from nicegui import ui

from webui import addresses
from webui.page_context import PageContext


async def ask_to_delete(context: PageContext, name: str) -> None:
    """Delete the study if the person writes its name."""
    with ui.dialog() as dialog, ui.card():
        ui.label(f"Delete {name}?").classes("tmq-title")
        ui.label("Its trials, curves and log are gone for good. Profiles stay.").classes("tmq-dim")
        written = ui.input(f"Write {name}").props("dense outlined autofocus").classes("w-full")
        with ui.row().classes("justify-end w-full"):
            ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat")
            sure = ui.button("Delete", on_click=lambda: dialog.submit(True)).props("flat")
            sure.classes("tmq-danger").mark("delete now")
            sure.bind_enabled_from(written, "value", backward=lambda text: text == name)
    sure_enough = await dialog
    dialog.delete()
    if sure_enough and await context.done(context.client.delete(name)):
        context.notify(f"{name} is deleted.")
        ui.navigate.to(addresses.STUDIES)
