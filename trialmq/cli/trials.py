"""``trialmq trials``: the trials of a study as a table, best first or in another order."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from schema.durations import shown_duration
from schema.errors import UnknownName
from schema.figures import measured, shown_value
from schema.study import StudySpec
from trialmq.cli.marks import marks_of
from trialmq.cli.options import HERE, Place, at_least_one

if TYPE_CHECKING:
    from rich.table import Table

    from schema.results import TrialResult

ORDERS = ("value", "number", "seconds", "state")
GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table: its title, and what it holds of each trial."""

    title: str
    cells: list[str]
    left: bool = False

    @property
    def width(self) -> int:
        """How wide it is, with the gap to the next one."""
        return max(map(len, [self.title, *self.cells])) + GAP


def trials(
    study: str | None = None,
    /,
    *,
    sort: Annotated[str, Parameter(metavar="ORDER")] = "value",
    limit: Annotated[int | None, Parameter(metavar="N")] = None,
    all_variables: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    hidden: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    common: Place = HERE,
) -> None:
    """List the trials of a study.

    Args:
        study: Its name; not needed where the database has only one
        sort: value (best first), number, seconds, state, or a variable: training.learning_rate
        limit: Show only so many
        all_variables: Show every variable, searched or not, in as many tables as it takes
        hidden: Show hidden trials, too
    """
    from schema.figures import counted
    from trialmq.cli.reading import read_study
    from trialmq.cli.terminal import console

    at_least_one("--limit", limit)
    found = read_study(common, study)
    there = [trial for trial in found.trials if hidden or not trial.hidden]
    ordered = sorted(there, key=sort_key(sort, found.spec))[:limit]
    screen = console()
    results = list(result_columns(found.spec, ordered))
    variables = list(variable_columns(found.spec, ordered, all_variables))
    if not screen.is_terminal:
        screen.width = sum(column.width for column in [*results, *variables])
    shown = fitting(variables, screen.width - sum(column.width for column in results))
    screen.print(table_of([*results, *shown], ordered))
    if left := len(found.trials) - len(there):
        screen.print(f"{counted(left, 'hidden trial')}: --hidden", style="faint")
    rest = variables[len(shown) :]
    if not rest:
        return
    if not all_variables:
        screen.print(f"{counted(len(rest), 'more variable')}: --all-variables", style="faint")
        return
    while rest:
        shown = fitting(rest, screen.width - sum(c.width for c in results[:2])) or rest[:1]
        rest = rest[len(shown) :]
        screen.print()
        screen.print(table_of([*results[:2], *shown], ordered))


def sort_key(order: str, spec: StudySpec) -> "Callable[[TrialResult], tuple[object, ...]]":
    """What to sort trials by, ties by number.

    Raises:
        UnknownName: there is no such order and no such variable.
    """
    if order == "value":
        return lambda trial: (*_rank(trial, spec), trial.number)
    if order == "number":
        return lambda trial: (trial.number,)
    if order == "seconds":
        return lambda trial: (-trial.seconds, trial.number)
    if order == "state":
        return lambda trial: (trial.state, trial.number)
    known = [variable.path for variable in spec.objective.space.variables]
    if order not in known:
        raise UnknownName("order or variable to sort by:", order, [*ORDERS, *known])
    return lambda trial: (order not in trial.config, trial.config.get(order, 0), trial.number)


def _rank(trial: "TrialResult", spec: StudySpec) -> tuple[int, float]:
    """Feasible complete trials first, then other complete ones, pruned ones, and the rest, to which
    belongs what counts for nothing."""
    from schema.trial import TrialState

    value = math.nan if trial.value is None else trial.value
    if math.isnan(value) or not trial.counts:
        return 3, 0.0
    worse = -value if spec.metric.better(1.0, 0.0) else value
    if trial.state is not TrialState.COMPLETE:
        return 2, worse
    return (0 if spec.objective.feasible(trial.metrics or {}) else 1), worse


def result_columns(spec: StudySpec, trials: "Sequence[TrialResult]") -> Iterator[Column]:
    """What came out of each trial."""
    yield Column("trial", [str(trial.number) for trial in trials])
    yield Column("state", [trial.state.value for trial in trials], left=True)
    first = spec.metric.name
    names = dict.fromkeys([first, *(m.name for m in spec.objective.metrics[1:])])
    names |= dict.fromkeys(c.metric for c in spec.objective.constraints)
    for name in names:
        yield Column(name, [_metric(trial, name, name == first) for trial in trials])
    yield Column("steps", [str(trial.reports) for trial in trials])
    yield Column("time", [shown_duration(t.seconds) if t.seconds else "" for t in trials])
    marks = [marks_of(trial) for trial in trials]
    if any(marks):
        yield Column("edits", marks, left=True)


def _metric(trial: "TrialResult", name: str, first: bool) -> str:
    if trial.metrics and name in trial.metrics:
        return measured(trial.metrics[name])
    return measured(trial.value) if first and trial.value is not None else ""


def variable_columns(
    spec: StudySpec, trials: "Sequence[TrialResult]", everything: bool
) -> Iterator[Column]:
    """The variables that were searched, or all; empty where one was not active."""
    space = spec.objective.space
    for variable in space.variables:
        if everything or variable.searched or variable.after_training:
            cells = [
                shown_value(trial.config[variable.path])
                if variable.path in trial.config and space.is_active(variable, trial.config)
                else ""
                for trial in trials
            ]
            title = variable.path if everything else variable.name
            yield Column(title, cells, left=variable.kind in ("str", "bool"))


def fitting(columns: Sequence[Column], room: float) -> list[Column]:
    """The first columns, as far as there is room; the last one needs no gap after it."""
    shown: list[Column] = []
    for column in columns:
        room -= column.width
        if room < -GAP:
            break
        shown.append(column)
    return shown


def table_of(columns: Sequence[Column], trials: "Sequence[TrialResult]") -> "Table":
    """The columns as a table, a row a trial."""
    from rich.table import Table
    from rich.text import Text

    from trialmq.cli.terminal import STATE_STYLE

    table = Table(box=None, header_style="faint", padding=(0, GAP, 0, 0), pad_edge=False)
    for column in columns:
        table.add_column(column.title, justify="left" if column.left else "right", no_wrap=True)
    for row, trial in enumerate(trials):
        cells = [Text(column.cells[row]) for column in columns]
        cells[1].stylize(STATE_STYLE[trial.state])
        table.add_row(*cells)
    return table
