"""Asks before a study is stopped."""

from nicegui import ui

from schema.figures import counted
from webui.page_context import PageContext

BECAUSE = "stopped from the page"


async def ask_to_stop(context: PageContext, name: str, running: int) -> None:
    """Ask what should become of the trials that run, and stop the study unless it is cancelled."""
    with ui.dialog() as dialog, ui.card():
        ui.label(f"Stop {name}?").classes("tmq-title")
        ui.label(
            "No more trials are started. Nothing is lost, and the study can go on later."
        ).classes("tmq-dim")
        with ui.row().classes("justify-end w-full"):
            ui.button("Cancel", on_click=lambda: dialog.submit(None)).props("flat")
            if running:
                ui.button(
                    f"End {counted(running, 'running trial')} now",
                    on_click=lambda: dialog.submit(True),
                ).props("flat").classes("tmq-danger").mark("stop now")
            word = "Let them finish" if running else "Stop"
            ui.button(word, on_click=lambda: dialog.submit(False)).props("unelevated").mark(
                "stop gently"
            )
    now = await dialog
    dialog.delete()
    if now is None:
        return
    stopped = await context.tried(context.client.stop(name, now=now, because=BECAUSE))
    if stopped is not None:
        context.notify(f"{name} starts no more trials.")
