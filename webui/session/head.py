"""How a session goes, and what can be done with it: start again, end."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from schema.durations import shown_duration
from schema.figures import measured
from webui.live.study import LiveStudy
from webui.page_context import PageContext
from webui.session.revisions import Revisions

BECAUSE = "from the page"


class Head:
    """The head of one tab; `show` brings it up to date."""

    def __init__(
        self, context: PageContext, revisions: Revisions, save: Callable[[], Awaitable[None]]
    ) -> None:
        self._context = context
        self._study: LiveStudy = context.the_study()
        self._revisions = revisions
        with ui.element("div").classes("session-head"):
            ui.label(self._study.name).classes("tmq-title")
            self._state = ui.label().classes("tmq-badge tmq-live")
            self._facts = ui.label().classes("tmq-live").mark("facts")
            self._origin = ui.label(self._said_of_origin()).classes("tmq-dim tmq-small")
            ui.element("div").classes("tmq-space")
            self._save = ui.button("Save to profile", icon="bookmark_add", on_click=save)
            self._restart = ui.button("Restart", icon="restart_alt", on_click=self._ask_to_restart)
            self._end = ui.button("End", icon="stop", on_click=self._ask_to_end)
            self._end.classes("tmq-danger")
            for button in (self._save, self._restart, self._end):
                button.props("flat dense no-caps")
            self._restart.mark("restart")

    def show(self) -> None:
        """Show how everything is now."""
        trial = self._study.rows.get(0)
        if trial is None:
            self._state.set_text("waiting")
            return
        self._state.set_text(str(trial.state))
        self._state.classes(replace=f"tmq-badge tmq-live state-{trial.state}")
        running = next(iter(self._study.progress.running), None)
        said = [f"attempt {trial.attempt}"] if trial.attempt > 1 else []
        if running is not None:
            said += [f"step {running.step}"] if running.step is not None else []
            said += [shown_duration(running.seconds), running.runner]
            said += [f"{name} {measured(value)}" for name, value in running.metrics.items()][:4]
        elif trial.metrics:
            said += [f"{name} {measured(value)}" for name, value in trial.metrics.items()][:4]
        if trial.reason:
            said.append(trial.reason)
        self._facts.set_text(" · ".join(said))
        for button in (self._restart, self._end):
            button.set_visibility(not trial.state.ended)
        waits = len(self._revisions.pending) if not trial.state.ended else 0
        self._restart.set_text(f"Restart with {waits} waiting" if waits else "Restart")
        if waits:
            self._restart.props(remove="flat", add="outline")
        else:
            self._restart.props(remove="outline", add="flat")

    def _said_of_origin(self) -> str:
        origin = self._study.overview.spec.origin
        return f"started from {origin}" if origin else ""

    async def _ask_to_restart(self) -> None:
        pending = self._revisions.pending
        waits = f" {', '.join(pending)} take effect with it." if pending else ""
        text = f"The next attempt goes on from the newest checkpoint, if there is one.{waits}"
        if await _asked(f"Restart {self._study.name}?", text, "Restart"):
            name = self._study.name
            await self._context.done(self._context.client.restart(name, because=BECAUSE))

    async def _ask_to_end(self) -> None:
        text = "The training ends now and counts as cancelled. What it reported stays."
        if await _asked(f"End {self._study.name}?", text, "End the session"):
            name = self._study.name
            await self._context.done(self._context.client.stop_trial(name, 0, because=BECAUSE))


async def _asked(title: str, text: str, word: str) -> bool:
    """Whether a person means it."""
    with ui.dialog() as dialog, ui.card().classes("dialog-card dialog-small"):
        ui.label(title).classes("tmq-title")
        ui.label(text).classes("tmq-dim")
        with ui.element("div").classes("dialog-foot"):
            ui.element("div").classes("tmq-space")
            ui.button("Cancel", on_click=lambda: dialog.submit(False)).props("flat")
            ui.button(word, on_click=lambda: dialog.submit(True)).props("unelevated").mark("sure")
    sure = await dialog
    dialog.delete()
    return bool(sure)
