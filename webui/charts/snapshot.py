"""What the charts of a study are made from: one consistent look at it, and at what a tab picked.

It is taken on the event loop and read in a thread, so that a study of ten thousand trials is drawn
without holding anybody up. Nothing in it changes, but that a curve may grow.
"""

from collections.abc import Mapping, Sequence

import msgspec

from schema.commands.insight import Importance, PrunerLine
from schema.messages import Report
from schema.results import TrialResult
from schema.study import StudySpec
from webui.charts.timeline import Span


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A study at the moment ``now``, in seconds since 1970; without trials that a person hid.

    ``running`` are the last metrics of the trials that run; ``importance`` and ``line`` (the
    pruner's) are ``None`` as long as they are not known.
    """

    spec: StudySpec
    rows: Mapping[int, TrialResult]
    curves: Mapping[int, Sequence[Report]]
    running: Mapping[int, Mapping[str, float]]
    spans: Sequence[Span]
    now: float
    selected: tuple[int, ...] = ()
    brushed: frozenset[int] | None = None
    importance: Importance | None = None
    line: PrunerLine | None = None

    @property
    def trials(self) -> list[TrialResult]:
        """Every trial in the order of numbers."""
        return [row for _, row in sorted(self.rows.items())]

    def last(self, metric: str) -> dict[int, float]:
        """The last value of a metric of each trial that runs."""
        return {n: metrics[metric] for n, metrics in self.running.items() if metric in metrics}
