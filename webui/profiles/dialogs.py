"""What is asked before something happens to a profile: a name, a reason, whether one is sure."""

from collections.abc import Sequence

from nicegui import events, ui

from schema.errors import TrialMQError, WrongInput
from schema.profile_files.files import profile_from_text
from webui.page_context import PageContext

FILES = ".toml,.json,.yaml,.yml"
FILE_BYTES = 1024 * 1024


async def ask_text(
    title: str, label: str, button: str, *, value: str = "", text: str = ""
) -> str | None:
    """A line of text; None where it was cancelled."""
    with ui.dialog() as dialog, ui.card():
        ui.label(title).classes("tmq-title")
        if text:
            ui.label(text).classes("tmq-dim")
        line = ui.input(label, value=value).props("dense outlined autofocus").classes("w-full")
        line.mark("dialog text").on("keydown.enter", lambda: dialog.submit(line.value or ""))
        with ui.row().classes("justify-end w-full"):
            ui.button("Cancel", on_click=lambda: dialog.submit(None)).props("flat")
            done = ui.button(button, on_click=lambda: dialog.submit(line.value or ""))
            done.props("unelevated").mark("dialog done")
    answer = await dialog
    dialog.delete()
    return None if answer is None else str(answer).strip()


async def ask_sure(title: str, text: str, button: str) -> bool:
    """Whether a person is sure of what cannot be undone here."""
    with ui.dialog() as dialog, ui.card():
        ui.label(title).classes("tmq-title")
        ui.label(text).classes("tmq-dim")
        with ui.row().classes("justify-end w-full"):
            ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat")
            done = ui.button(button, on_click=lambda: dialog.submit(True))
            done.props("flat").classes("tmq-danger").mark("dialog done")
    answer = await dialog
    dialog.delete()
    return bool(answer)


async def ask_one(title: str, label: str, options: Sequence[str], button: str) -> str | None:
    """One of several; None where it was cancelled."""
    with ui.dialog() as dialog, ui.card():
        ui.label(title).classes("tmq-title")
        choice = ui.select(list(options), value=options[0], label=label).classes("w-full")
        choice.props("dense outlined options-dense").mark("dialog choice")
        with ui.row().classes("justify-end w-full"):
            ui.button("Cancel", on_click=lambda: dialog.submit(None)).props("flat")
            done = ui.button(button, on_click=lambda: dialog.submit(choice.value))
            done.props("unelevated").mark("dialog done")
    answer = await dialog
    dialog.delete()
    return None if answer is None else str(answer)


def import_dialog(context: PageContext) -> None:
    """Take a profile over from a file: TOML, JSON or YAML, as `trialmq profile export` writes."""

    async def take(event: events.UploadEventArguments) -> None:
        stem, _, ending = event.file.name.rpartition(".")
        try:
            text = (await event.file.read()).decode("utf-8")
            profile = profile_from_text(text, f".{ending.lower()}", name=stem)
            imported = await context.client.import_profile(profile, name=stem)
        except UnicodeDecodeError:
            told.set_text(f"{event.file.name} is not UTF-8 text")
        except (WrongInput, TrialMQError) as error:
            told.set_text(str(error))
        else:
            dialog.close()
            saved = imported.saved
            context.notify(f"Imported as {saved.name}, version {saved.version}.", "good")
            for note in imported.notes:
                context.notify(note)

    with ui.dialog(value=True) as dialog, ui.card():
        ui.label("Import a profile").classes("tmq-title")
        ui.label("The name of the file becomes the name of the profile.").classes("tmq-dim")
        upload = ui.upload(on_upload=take, auto_upload=True, max_file_size=FILE_BYTES)
        upload.props(f'accept="{FILES}" flat bordered').classes("w-full").mark("import file")
        told = ui.label().classes("tmq-bad").mark("import problem")
        ui.button("Close", on_click=dialog.close).props("flat").classes("self-end")
    dialog.on("hide", dialog.delete)
