"""The attempts of a trial: where each ran, what it printed, and where it failed."""

from nicegui import ui

from orchestrator.client.client import Client
from schema.errors import TrialMQError
from schema.results import AttemptResult


def attempt_part(attempt: AttemptResult) -> None:
    """One attempt."""
    with ui.element("div").classes("tmq-drawer-part"):
        where = " · ".join(
            each for each in (attempt.slot or attempt.runner, attempt.device) if each
        )
        said = attempt.outcome or "running"
        ui.label(f"Attempt {attempt.number}: {said} · {where}").classes("tmq-small tmq-dim")
        if attempt.reason:
            ui.label(attempt.reason).classes("tmq-small")
        for title, text in (("Traceback", attempt.traceback), ("Output", attempt.output)):
            if text:
                with ui.expansion(title, value=title == "Traceback").props("dense").mark(title):
                    ui.html(tag="pre", content=_escaped(text), sanitize=False).classes("tmq-output")


async def show_attempts(client: Client, study: str, number: int) -> None:
    """A dialog with the attempts of one trial, the last one first."""
    with ui.dialog(value=True) as dialog, ui.card().classes("tmq-wide-card"):
        with ui.element("div").classes("tmq-toolbar w-full"):
            ui.label(f"{study} #{number}").classes("tmq-title")
            ui.element("div").classes("tmq-space")
            ui.button(icon="close", on_click=dialog.close).props('flat dense aria-label="Close"')
        place = ui.element("div").classes("tmq-column")
        with place:
            ui.spinner()
    dialog.on("hide", dialog.delete)
    try:
        detail = await client.trial(study, number)
    except TrialMQError as error:
        with place.clear():
            ui.label(str(error)).classes("tmq-bad")
        return
    with place.clear():
        if not detail.attempts:
            ui.label("It has not been given to a runner yet.").classes("tmq-dim")
        for attempt in reversed(detail.attempts):
            attempt_part(attempt)
        printed = any(attempt.output or attempt.traceback for attempt in detail.attempts)
        if detail.attempts and not printed:
            ui.label("Nothing was printed, or it still runs.").classes("tmq-dim")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
