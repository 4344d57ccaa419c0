"""The header: which study, whether what is shown is live, how it goes, pause and stop."""

from nicegui import ui
from nicegui.events import ValueChangeEventArguments

from schema.durations import shown_duration
from webui import addresses, study_state
from webui.components.stopping import ask_to_stop
from webui.keyboard import Keyboard
from webui.live.service import LiveService
from webui.page_context import PageContext
from webui.theme_switch import theme_switch

COUNTS = ("running", "done", "pruned", "failed", "best")


class Header:
    """The header of one tab; `show` brings it up to date, and sends only what changed."""

    def __init__(self, service: LiveService) -> None:
        self._service = service
        self._context = PageContext(service=service)
        self._name = ""
        self._options: list[str] = []
        self._lost: bool | None = None
        with ui.element("header").classes("tmq-header"):
            ui.link("TrialMQ", addresses.STUDIES).classes("tmq-brand tmq-wide-only")
            self._picker = (
                ui.select([], with_input=True, on_change=self._picked)
                .props('dense outlined options-dense data-key="s" hide-dropdown-icon')
                .props('aria-label="Study" placeholder="no study"')
                .classes("tmq-picker")
            )
            self._state = ui.label().classes("tmq-badge tmq-live").mark("state")
            with self._state:
                self._because = ui.tooltip("")
            self._connection = ui.label().mark("connection")
            ui.element("div").classes("tmq-space")
            with ui.element("div").classes("tmq-counts tmq-live"):
                self._counts = [_count(name) for name in COUNTS]
            with ui.element("div").classes("tmq-actions"):
                self._pause = ui.button(icon="pause", on_click=self._pause_or_resume)
                self._pause.props('flat dense data-key="p" aria-label="Pause or resume"')
                with self._pause.mark("pause"):
                    self._pause_tip = ui.tooltip("")
                self._stop = ui.button("Stop", icon="stop", on_click=self._ask_to_stop)
                self._stop.props("flat dense").classes("tmq-danger").mark("stop")
                theme_switch()
                Keyboard()
        for part in (self._state, self._pause, self._stop):
            part.set_visibility(False)
        with ui.element("div").classes("tmq-notice").mark("lost"):
            self._notice = ui.label(
                "The connection to this page's server is lost; trying again. "
                "What is grey is how things were then."
            )

    def show(self, name: str) -> None:
        """Show the study of this name, as it is now."""
        self._name = name
        self._show_choices()
        self._show_connection()
        study = self._service.named(name)
        progress = self._service.progress_of(name)
        numbers = study_state.numbers_of(progress)
        for label, text in zip(self._counts, numbers.shown, strict=True):
            label.set_text(text)
        if study is None:
            for part in (self._state, self._pause, self._stop):
                part.set_visibility(False)
            return
        state = study_state.state_of(study, progress, self._service.runners)
        _set_badge(self._state, state.word, f"tmq-live {state.tone}")
        self._state.set_visibility(True)
        self._because.set_text(state.because or "this study")
        paused = progress is not None and progress.paused
        self._pause.set_icon("play_arrow" if paused else "pause")
        self._pause_tip.set_text("Resume: start trials again" if paused else "Pause: start none")
        self._pause.set_visibility(state.open)
        self._stop.set_visibility(state.open or bool(progress and progress.running))

    def _show_choices(self) -> None:
        names = [study.name for study in reversed(self._service.studies)]
        if self._name and self._name not in names:
            names = [self._name, *names]
        if names != self._options or self._picker.value != (self._name or None):
            self._options = names
            self._picker.set_options(names, value=self._name or None)

    def _show_connection(self) -> None:
        lost = not self._service.connected and self._service.asked
        word, tone = ("live", "good") if self._service.connected else ("connecting", "")
        if lost:
            silent = self._service.link.silent_seconds
            ago = f" for {shown_duration(silent)}" if silent else ""
            word, tone = f"lost{ago}", "bad"
            because = self._service.link.because or "the service does not answer"
            self._notice.set_text(
                f"Not live: {because}. It is asked again; what is grey is how things were then."
            )
        _set_badge(self._connection, word, f"tmq-connection {tone}")
        if lost != self._lost:
            self._lost = lost
            ui.run_javascript(f"trialmq.lost({str(lost).lower()})")

    def _picked(self, event: ValueChangeEventArguments[str | None]) -> None:
        if event.value and event.value != self._name:
            study = self._service.named(event.value)
            is_session = study is not None and study.spec.is_session
            to = addresses.session if is_session else addresses.study
            ui.navigate.to(to(event.value))

    async def _pause_or_resume(self) -> None:
        progress = self._service.progress_of(self._name)
        if progress is None:
            return
        client = self._service.client
        work = client.resume(self._name) if progress.paused else client.pause(self._name)
        if await self._context.tried(work) is not None:
            word = "goes on" if progress.paused else "starts no more trials until it is resumed"
            self._context.notify(f"{self._name} {word}.")

    async def _ask_to_stop(self) -> None:
        progress = self._service.progress_of(self._name)
        running = 0 if progress is None else len(progress.running)
        await ask_to_stop(self._context, self._name, running)


def _count(name: str) -> ui.label:
    with ui.element("div").classes(f"tmq-count tmq-count-{name}"):
        number = ui.label("–").classes("tmq-number").mark(name)
        ui.label(name)
    return number


def _set_badge(badge: ui.label, text: str, classes: str) -> None:
    badge.set_text(text)
    badge.classes(replace=f"tmq-badge {classes}")
