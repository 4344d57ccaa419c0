"""Two studies side by side: what came out, how they were made, what their best ones have."""

from collections.abc import Sequence

from nicegui import ui

from schema.results import TrialResult
from webui import addresses
from webui.charts.chart import Chart
from webui.charts.ranking import best_so_far
from webui.charts.two_studies import two_studies
from webui.live.study import LiveStudy
from webui.page_context import PageContext
from webui.studies.comparing import (
    Line,
    Results,
    config_lines,
    result_lines,
    settings_lines,
    space_lines,
)

EVERY_SECONDS = 1.0


def page(context: PageContext, left: LiveStudy, right: LiveStudy) -> None:
    """Build the page."""
    _Comparison(left, right)


class _Comparison:
    def __init__(self, left: LiveStudy, right: LiveStudy) -> None:
        self._left, self._right = left, right
        self._shown: tuple[int, int] | None = None
        metrics = {study.overview.spec.metric for study in (left, right)}
        with ui.element("div").classes("tmq-page tmq-live"):
            if len(metrics) == 1:
                with ui.element("section").classes("tmq-panel"):
                    self._chart = Chart(height=240)
            else:
                text = "They optimise other metrics, so their values cannot be compared."
                ui.label(text).classes("tmq-dim")
            self._tables = ui.element("div").classes("tmq-column")
        self._same_metric = len(metrics) == 1
        ui.timer(EVERY_SECONDS, self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        versions = (self._left.version, self._right.version)
        if versions == self._shown:
            return
        self._shown = versions
        left, right = self._left, self._right
        if self._same_metric:
            metric = left.overview.spec.metric.name
            lines = {study.name: _best_line(study, metric) for study in (left, right)}
            last = {study.name: max(study.rows, default=0) for study in (left, right)}
            self._chart.show(two_studies(metric, lines, last))
        with self._tables.clear():
            self._table("Results", result_lines(_results(left), _results(right)))
            self._table("Definition", settings_lines(left.overview.spec, right.overview.spec))
            searched = space_lines(left.space, right.space)
            self._table("Search space: what differs", searched, "Both search the same space.")
            one, other = _best(left), _best(right)
            if one is not None and other is not None:
                differs = config_lines(one.config, other.config)
                title = f"The best: #{one.number} and #{other.number}, what differs"
                self._table(title, differs, "Both have the same configuration.")

    def _table(self, title: str, lines: Sequence[Line], empty: str = "") -> None:
        with ui.element("section").classes("tmq-panel"):
            ui.label(title).classes("tmq-panel-head")
            if not lines:
                ui.label(empty).classes("tmq-dim q-pa-sm")
                return
            with ui.element("div").classes("tmq-comparison"):
                ui.label("")
                for study in (self._left, self._right):
                    ui.link(study.name, addresses.study(study.name)).classes("tmq-strong")
                for line in lines:
                    marked = "tmq-differs" if line.differs else ""
                    ui.label(line.what).classes("tmq-dim")
                    ui.label(line.left).classes(marked)
                    ui.label(line.right).classes(marked)


def _results(study: LiveStudy) -> Results:
    return study.overview.spec, study.progress, list(study.rows.values())


def _best(study: LiveStudy) -> TrialResult | None:
    best = study.progress.best
    return None if best is None else study.rows.get(best[0])


def _best_line(study: LiveStudy, metric: str) -> Sequence[tuple[int, float]]:
    rows = [study.rows[number] for number in sorted(study.rows)]
    return best_so_far(study.overview.spec, rows, metric)
