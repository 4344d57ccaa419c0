"""The cards of a study's page: each says what it draws of a snapshot, and what can be set."""

from collections.abc import Sequence

from schema.trial import TrialState
from schema.variables import Variable
from webui.charts import importance as bars
from webui.charts import parallel as coordinates
from webui.charts import slices as plots
from webui.charts import timeline as lanes
from webui.charts.card import Card
from webui.charts.chart import Chart, Intervals
from webui.charts.curves import CURVES, Curves
from webui.charts.history import history
from webui.charts.option import Option
from webui.charts.pareto import pareto
from webui.charts.ranking import metric_names, value_of
from webui.charts.scale import drawable
from webui.charts.snapshot import Snapshot
from webui.charts.variables import searched
from webui.charts.variables_menu import VariablesMenu

NARROW = 560
"""In fewer pixels than this, parallel coordinates go from top to bottom."""


def values_of(snapshot: Snapshot, metric: str) -> list[float]:
    """The metric of every trial that has it."""
    found = (value_of(snapshot.spec, row, metric) for row in snapshot.rows.values())
    return [value for value in found if value is not None]


class MetricCard(Card):
    """A card about one metric of trials."""

    menus = ("scale", "best")

    def arrange(self, snapshot: Snapshot) -> None:
        """Offer the metrics that there are."""
        self.offer_metrics(metric_names(snapshot.spec, snapshot.rows.values()))

    def metric(self, snapshot: Snapshot) -> str:
        """The metric that a person chose."""
        return str(self.chosen("metric", snapshot.spec.metric.name))


class HistoryCard(MetricCard):
    """The value of every trial, and the best so far."""

    title = "History"
    empty = "The value of each trial, and the best so far: from the first trial that ends."
    moves = True

    def arrange(self, snapshot: Snapshot) -> None:
        """Say what a logarithmic axis cannot show."""
        super().arrange(snapshot)
        metric = self.metric(snapshot)
        values = values_of(snapshot, metric)
        log = self.log(snapshot.spec, metric, values)
        missing = sum(not drawable(value, log=log) for value in values)
        self.say(f"{missing} at or below 0 have no place on a log axis" if missing else "")

    def option(self, snapshot: Snapshot) -> Option | None:
        """`history`, once there is a value."""
        metric = self.metric(snapshot)
        values = [*values_of(snapshot, metric), *snapshot.last(metric).values()]
        if not values:
            return None
        return history(
            snapshot.spec,
            snapshot.trials,
            metric=metric,
            log=self.log(snapshot.spec, metric, values),
            worse=self.worse(snapshot.spec, metric),
            best=self.best(),
            running=snapshot.last(metric),
            selected=snapshot.selected,
            brushed=snapshot.brushed,
        )


class CurvesCard(Card):
    """What every trial reported, step by step."""

    title = "Curves"
    empty = "What each trial reports, step by step: from its first trial.report(step, …)."
    menus = ("scale", "best")
    moves = True

    def __init__(self, *arguments: object) -> None:
        self._curves = Curves()
        super().__init__(*arguments)  # type: ignore[arg-type]

    def arrange(self, snapshot: Snapshot) -> None:
        """Offer the metrics that were reported."""
        names = self._reported(snapshot)
        self.offer_metrics(names)
        shown = min(len(snapshot.curves), self.best() or CURVES)
        hint = f"{shown} of {len(snapshot.curves)}" if shown < len(snapshot.curves) else ""
        self.say(hint)

    def _reported(self, snapshot: Snapshot) -> list[str]:
        names = dict.fromkeys(metric.name for metric in snapshot.spec.objective.metrics)
        seen: dict[str, None] = {}
        for curve in snapshot.curves.values():
            if curve:
                seen |= dict.fromkeys(curve[-1][2])
        return [name for name in [*names, *(seen.keys() - names.keys())] if name in seen]

    def option(self, snapshot: Snapshot) -> Option | None:
        """The curves, once something was reported."""
        reported = self._reported(snapshot)
        if not reported:
            return None
        metric = str(self.chosen("metric", reported[0]))
        ends = [
            metrics[metric]
            for curve in snapshot.curves.values()
            if curve
            for _, _, metrics in (curve[0], curve[-1])
            if metric in metrics
        ]
        line = snapshot.line
        return self._curves.option(
            snapshot.spec,
            snapshot.rows,
            snapshot.curves,
            metric=metric,
            log=self.log(snapshot.spec, metric, ends),
            worse=self.worse(snapshot.spec, metric),
            best=self.best(),
            threshold=line.points if line is not None and line.metric == metric else (),
            selected=snapshot.selected,
            brushed=snapshot.brushed,
        )


class ImportanceCard(Card):
    """Which variables matter."""

    title = "Importance"
    empty = "Which variables matter, and how much: as soon as a few trials are complete."
    menus = ("by",)

    def arrange(self, snapshot: Snapshot) -> None:
        """Say how many trials it rests on, or why there is none."""
        found = snapshot.importance
        self.offer_metrics(list(found.shares) if found is not None else [])
        self.say(f"of {found.trials} trials" if self._shares(snapshot) and found else "")
        self._empty.set_text(found.because if found and found.because else self.empty)

    def _shares(self, snapshot: Snapshot) -> dict[str, float]:
        found = snapshot.importance
        if found is None or not found.shares:
            return {}
        metric = self.chosen("metric", next(iter(found.shares)))
        return found.shares.get(metric, {})

    def option(self, snapshot: Snapshot) -> Option | None:
        """Bars, once they are known."""
        shares = self._shares(snapshot)
        grouped = self.chosen("by", "variables") == "groups"
        return bars.importance(shares, grouped=grouped) if shares else None

    def wanted_height(self, snapshot: Snapshot) -> int:
        """As many bars want, but no less than the cards beside it."""
        return max(self.height, bars.height(len(self._shares(snapshot))))


class VariablesCard(MetricCard):
    """A card about some of the variables, the most important ones unless a person chooses."""

    at_first = 8

    def __init__(self, *arguments: object) -> None:
        self._menu: VariablesMenu | None = None
        super().__init__(*arguments)  # type: ignore[arg-type]

    def arrange(self, snapshot: Snapshot) -> None:
        """Offer the variables."""
        super().arrange(snapshot)
        if self._menu is None:
            with self.controls:
                self._menu = VariablesMenu(self.title, lambda paths: self.choose("paths", paths))
        names = [variable.path for variable in searched(snapshot.spec.objective.space)]
        self._menu.show(names, [variable.path for variable in self.variables(snapshot)])

    def variables(self, snapshot: Snapshot) -> list[Variable]:
        """Those that are shown, in the order of the configuration."""
        known = searched(snapshot.spec.objective.space)
        paths: Sequence[str] | None = self.chosen("paths", None)
        if paths is None:
            shares = {} if snapshot.importance is None else snapshot.importance.shares
            order = list(next(iter(shares.values()), {})) or [each.path for each in known]
            paths = order[: self.at_first]
        return [variable for variable in known if variable.path in paths]


class ParallelCard(VariablesCard):
    """Each trial a line through its values to what came out."""

    title = "Parallel coordinates"
    empty = (
        "Each complete trial as a line through its values to what came out. Drag along an axis to "
        "leave only the trials that pass there, in every chart and in the table."
    )
    takes = "tmq-card-row"
    every = 2.0
    at_first = coordinates.AXES - 1

    def make_chart(self) -> Chart:
        """A chart that is told of brushes."""
        self._snapshot: Snapshot | None = None
        return Chart(height=300, pick=self.pick, brush=self._brush, width=self._resized)

    async def draw(self, snapshot: Snapshot) -> None:
        """Draw, and bring the brush up to what ended since."""
        self._snapshot = snapshot
        if (intervals := self.chosen("brush", None)) is not None:
            self._leave(snapshot, intervals)
        await super().draw(snapshot)

    def option(self, snapshot: Snapshot) -> Option | None:
        """`parallel`, once a trial is complete."""
        variables, metric = self.variables(snapshot), self.metric(snapshot)
        complete = [r for r in snapshot.trials if r.state is TrialState.COMPLETE]
        if not complete or not variables:
            return None
        return coordinates.parallel(
            snapshot.spec,
            complete,
            variables,
            metric=metric,
            log=self.log(snapshot.spec, metric, values_of(snapshot, metric)),
            worse=self.worse(snapshot.spec, metric),
            best=self.best(),
            selected=snapshot.selected,
            narrow=self.width < NARROW,
        )

    def wanted_height(self, snapshot: Snapshot) -> int:
        """More where the axes lie one under the other."""
        axes = len(self.variables(snapshot)) + 1
        return 300 if self.width >= NARROW else 60 + 46 * axes

    def _brush(self, intervals: Intervals) -> None:
        self.selection.choices[f"{self.title} brush"] = intervals or None
        if self._snapshot is not None:
            self._leave(self._snapshot, intervals)

    def _leave(self, snapshot: Snapshot, intervals: Intervals) -> None:
        complete = [r for r in snapshot.trials if r.state is TrialState.COMPLETE]
        variables, metric = self.variables(snapshot), self.metric(snapshot)
        left = coordinates.brushed(snapshot.spec, complete, variables, metric, intervals)
        self.selection.brush(left)

    def unbrush(self) -> None:
        """Take the brush away."""
        self.selection.choices.pop(f"{self.title} brush", None)
        self.chart.unbrush()
        self.selection.brush(None)


class SlicesCard(VariablesCard):
    """One small plot a variable."""

    title = "Slices"
    empty = "What came out over each variable: from the first trial that is complete."
    takes = "tmq-card-row"
    every = 2.0
    at_first = 6

    def option(self, snapshot: Snapshot) -> Option | None:
        """`slices`, once a trial is complete."""
        variables, metric = self.variables(snapshot), self.metric(snapshot)
        values = values_of(snapshot, metric)
        complete = any(r.state is TrialState.COMPLETE for r in snapshot.rows.values())
        if not complete or not variables:
            return None
        return plots.slices(
            snapshot.spec,
            snapshot.trials,
            variables,
            metric=metric,
            width=self.width,
            log=self.log(snapshot.spec, metric, values),
            worse=self.worse(snapshot.spec, metric),
            best=self.best(),
            selected=snapshot.selected,
            brushed=snapshot.brushed,
        )

    def wanted_height(self, snapshot: Snapshot) -> int:
        """As many rows of plots as the width makes."""
        return plots.height(self.width, len(self.variables(snapshot)))


class ParetoCard(Card):
    """Two metrics against each other; only for a study that has two."""

    title = "Pareto front"
    empty = "Two metrics against each other, with the trials that no other one beats in both."
    menus = ("scale",)
    _two = False

    def arrange(self, snapshot: Snapshot) -> None:
        """Offer which two."""
        names = [metric.name for metric in snapshot.spec.objective.metrics]
        if len(names) > 2 and not self._two:
            self._two = True
            self.menu("across", {name: name for name in names})
            self.menu("upwards", {name: name for name in names}, names[1])

    def option(self, snapshot: Snapshot) -> Option | None:
        """`pareto`, once a trial is complete."""
        names = [metric.name for metric in snapshot.spec.objective.metrics]
        if not any(row.state is TrialState.COMPLETE for row in snapshot.rows.values()):
            return None
        return pareto(
            snapshot.spec,
            snapshot.trials,
            first=self.chosen("across", names[0]),
            second=self.chosen("upwards", names[1]),
            log=self.log(snapshot.spec, names[0]),
            selected=snapshot.selected,
            brushed=snapshot.brushed,
        )


class TimelineCard(Card):
    """What ran when, on which slot."""

    title = "Timeline"
    empty = "What ran when, a lane for each slot of each runner: from the first trial that starts."
    takes = "tmq-card-two"
    every = 1.0
    moves = True

    def option(self, snapshot: Snapshot) -> Option | None:
        """`timeline`, once something started."""
        if not snapshot.spans:
            return None
        return lanes.timeline(
            snapshot.spans,
            now=snapshot.now,
            selected=snapshot.selected,
            brushed=snapshot.brushed,
        )

    def wanted_height(self, snapshot: Snapshot) -> int:
        """As many lanes want."""
        return lanes.height(len(lanes.lanes(snapshot.spans, snapshot.now)))
