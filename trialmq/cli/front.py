"""The Pareto front of a study with several metrics: in a sentence, and as a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestrator.reading.summary import front_of
from schema.figures import counted, measured
from schema.results import TrialResult
from schema.study import StudySpec

if TYPE_CHECKING:
    from rich.table import Table

ROWS = 12
"""Of a longer front, so many trials are shown, from one end to the other."""


def front_sentence(spec: StudySpec, trials: Sequence[TrialResult]) -> str:
    """Which trials no other one beats in every metric; empty where there is one metric."""
    metrics = [metric.name for metric in spec.objective.metrics]
    front = front_of(spec, trials) if len(metrics) > 1 else []
    if not front:
        return ""
    numbers = ", ".join(str(trial.number) for trial in front)
    what = f"{len(front)} trials" if len(front) > 1 else "1 trial"
    return f"Pareto front of {' and '.join(metrics)}: {what} ({numbers})"


def front_table(spec: StudySpec, trials: Sequence[TrialResult]) -> "Table":
    """The trials of the front, from the best in the first metric to the worst; each column's best
    stands out."""
    from rich.table import Table
    from rich.text import Text

    metrics = spec.objective.metrics
    front = front_of(spec, trials)
    points = sorted(
        ([(t.metrics or {})[m.name] for m in metrics] + [t.number] for t in front),
        reverse=metrics[0].better(1.0, 0.0),
    )
    best = [
        max((point[index] for point in points), key=lambda v: v if m.better(1.0, 0.0) else -v)
        for index, m in enumerate(metrics)
    ]
    shown = spread_out(points, ROWS)
    table = Table(box=None, header_style="faint", padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("trial", justify="right")
    for metric in metrics:
        table.add_column(metric.name, justify="right")
    for *values, number in shown:
        cells = [
            Text(measured(value), "best" if value == top else "")
            for value, top in zip(values, best, strict=True)
        ]
        table.add_row(str(int(number)), *cells)
    if left := len(points) - len(shown):
        table.caption, table.caption_justify = f"and {counted(left, 'trial')} between them", "left"
    return table


def spread_out(items: Sequence[list[float]], most: int) -> list[list[float]]:
    """At most so many of the items, first and last among them."""
    if len(items) <= most:
        return list(items)
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]
