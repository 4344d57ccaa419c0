"""What the trials of a study are worth: values, which of them count, which are the best. Pure."""

from collections.abc import Iterable, Sequence
from math import isfinite

from schema.results import TrialResult
from schema.study import Direction, Metric, StudySpec
from schema.trial import TrialState


def value_of(spec: StudySpec, row: TrialResult, metric: str) -> float | None:
    """The metric at the end of a trial, or the last one known of it; ``None`` where it is not."""
    value = (row.metrics or {}).get(metric)
    if value is None and metric == spec.metric.name:
        value = row.value
    return value if value is not None and isfinite(value) else None


def counts(spec: StudySpec, row: TrialResult) -> bool:
    """Whether the trial may be the best: complete, feasible, and neither hidden nor a fork."""
    return (
        row.state is TrialState.COMPLETE
        and row.counts
        and spec.objective.feasible(row.metrics or {})
    )


def objective_metric(spec: StudySpec, name: str) -> Metric | None:
    """The metric of this name if the study optimises it."""
    return next((metric for metric in spec.objective.metrics if metric.name == name), None)


def metric_names(spec: StudySpec, rows: Iterable[TrialResult]) -> list[str]:
    """What can be shown of trials: what is optimised, then all else that they ended with."""
    names = dict.fromkeys(metric.name for metric in spec.objective.metrics)
    for row in rows:
        names |= dict.fromkeys(row.metrics or ())
    return list(names)


def maximized(spec: StudySpec, metric: str) -> bool:
    """Whether more of the metric is better; of one that is not optimised, too."""
    found = objective_metric(spec, metric)
    return found is None or found.direction is Direction.MAXIMIZE


def ranked(spec: StudySpec, rows: Iterable[TrialResult], metric: str) -> list[TrialResult]:
    """The trials that count and have the metric, best first; of equals the earlier one first."""
    valued = [(value_of(spec, row, metric), row) for row in rows if counts(spec, row)]
    found = [(value, row) for value, row in valued if value is not None]
    sign = -1.0 if maximized(spec, metric) else 1.0
    return [row for _, row in sorted(found, key=lambda pair: (sign * pair[0], pair[1].number))]


def top(spec: StudySpec, rows: Sequence[TrialResult], metric: str, k: int | None) -> set[int]:
    """The numbers of the best ``k`` trials; of all trials where ``k`` is ``None``."""
    if k is None:
        return {row.number for row in rows}
    return {row.number for row in ranked(spec, rows, metric)[:k]}


def best_so_far(
    spec: StudySpec, rows: Iterable[TrialResult], metric: str
) -> list[tuple[int, float]]:
    """Number and value of every trial that was better than all before it; in order of number."""
    judge = objective_metric(spec, metric)
    steps: list[tuple[int, float]] = []
    if judge is None:
        return steps
    for row in sorted(rows, key=lambda each: each.number):
        value = value_of(spec, row, metric) if counts(spec, row) else None
        if value is not None and (not steps or judge.better(value, steps[-1][1])):
            steps.append((row.number, value))
    return steps
