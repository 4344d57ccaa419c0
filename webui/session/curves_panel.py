"""The curves of a session while it runs, a plot a metric, with its revisions marked on them."""

from nicegui import ui

from webui.charts.chart import Chart
from webui.charts.session import height, reported_metrics, session_curves
from webui.live.study import LiveStudy
from webui.session.revisions import Revisions

AT_FIRST = 3
"""So many metrics are drawn unless a person chooses others."""


class CurvesPanel:
    """The panel of one tab; `show` brings it up to date."""

    def __init__(self, study: LiveStudy, revisions: Revisions) -> None:
        self._study = study
        self._revisions = revisions
        self._metrics: list[str] = []
        self._chosen: list[str] | None = None
        self._seen: object = None
        with ui.element("div").classes("tmq-panel"):
            with ui.element("div").classes("tmq-panel-head"):
                ui.label("Curves")
                ui.element("div").classes("tmq-space")
                self._choice = ui.select(
                    [], multiple=True, on_change=lambda e: self._choose(e.value)
                )
                self._choice.props('dense outlined options-dense use-chips aria-label="Metrics"')
                self._choice.classes("curves-choice")
                self._log = ui.switch("log", on_change=self.show).props("dense size=xs")
            self._chart = Chart(height=height(1))
            self._waiting = ui.label("The training has reported nothing yet.")
            self._waiting.classes("tmq-dim history-none")

    def show(self) -> None:
        """Show how everything is now."""
        curve = self._study.curves.get(0, [])
        seen = (len(curve), self._attempt, self._revisions.version, self._drawn, self._log.value)
        if seen == self._seen:
            return
        self._seen = seen
        self._waiting.set_visibility(not curve)
        reported = reported_metrics(curve)
        if reported != self._metrics:
            self._metrics = reported
            self._choice.set_options(reported, value=self._drawn)
        drawn = self._drawn
        option = session_curves(
            curve, self._revisions.all, metrics=drawn, log=bool(self._log.value)
        )
        self._chart.show(option, height=height(len(drawn)))

    @property
    def _attempt(self) -> int:
        trial = self._study.rows.get(0)
        return 0 if trial is None else trial.attempt

    @property
    def _drawn(self) -> list[str]:
        """The objective's own metrics first."""
        if self._chosen is not None:
            return [name for name in self._metrics if name in self._chosen]
        own = [metric.name for metric in self._study.overview.spec.objective.metrics]
        first = sorted(self._metrics, key=lambda name: name not in own)
        return first[:AT_FIRST]

    def _choose(self, names: list[str]) -> None:
        if names != self._drawn:
            self._chosen = names
            self.show()
