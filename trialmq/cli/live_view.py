"""The view in a terminal: the study at a glance, and what each runner does, eight times a second.

`LiveView` keeps what a single picture does not know (how long it runs, how the best value rose);
`screen_of` draws a picture and is pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from schema.durations import shown_duration
from schema.figures import measured
from schema.results import Progress, RunningTrial
from trialmq.cli.curve import sparkline
from trialmq.cli.estimate import time_left
from trialmq.cli.view import LOADING, View, lost_sentence

PARTING = "Ctrl-C stops; the same command goes on where it was"
ROWS_AROUND = 12
"""Rows of the screen that are not runners."""
BAR_WIDTH, METRIC_WIDTH, GAP = 12, 10, 3
REST_WIDTH = 52
"""Columns of the table of runners that are not metrics."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A picture, with what it does not know: seconds of the run and the best values so far.

    ``lost_seconds`` is how old it is, where the connection is lost; ``parting`` what Ctrl-C does.
    """

    progress: Progress
    elapsed: float
    left: float | None
    bests: Sequence[float]
    lost_seconds: float = 0.0
    parting: str = PARTING
    told: str = ""


class LiveView(View):
    """Draws the study in place."""

    beat_seconds = 0.125

    def __init__(
        self,
        console: Console,
        *,
        runners: int | None,
        limit: float | None,
        loading: str = LOADING,
        parting: str = PARTING,
    ) -> None:
        super().__init__()
        self._console = console
        self._runners = runners
        self._limit = limit
        self._parting = parting
        self._told = ""
        self._bests: dict[int, float] = {}
        self._loading = Spinner("dots", Text(loading, "faint"), style="running")
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def tell(self, line: str) -> None:
        """It stands at the end of each picture."""
        self._told = line

    def show(self, progress: Progress | None) -> None:
        """Draw it."""
        if progress is None:
            self._live.update(Padding(self._loading, (1, 1)), refresh=True)
            return
        width, height = self._console.size
        self._live.update(screen_of(self.moment(progress), width, height), refresh=True)

    def moment(self, progress: Progress) -> Moment:
        """A picture with what it does not know."""
        if progress.best is not None:
            self._bests[progress.ended] = progress.best[1]
        left = time_left(progress, runners=self._runners, elapsed=self.elapsed, limit=self._limit)
        if self.lost_seconds:
            left = None
        bests = [self._bests[ended] for ended in sorted(self._bests)]
        return Moment(
            progress=progress,
            elapsed=self.elapsed,
            left=left,
            bests=bests,
            lost_seconds=self.lost_seconds,
            parting=self._parting,
            told=self._told,
        )

    async def __aenter__(self) -> Self:
        self._live.start()
        self._console.show_cursor(True)  # a process that is killed has no time to bring it back
        return await super().__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        finally:
            self._live.stop()


def screen_of(moment: Moment, width: int, height: int) -> RenderableType:
    """The whole view, for a terminal of so many columns and rows."""
    inner = width - 2
    progress = moment.progress
    blocks = [
        _title(progress, moment.elapsed, inner),
        _bar(moment, inner),
        Text(),
        _counts(progress),
        _best(moment, inner),
        Text(),
        _lost(moment) or _runners(progress, inner, max(1, height - ROWS_AROUND)),
        Text(),
        _last_line(moment),
    ]
    if moment.told:
        blocks.append(Text(moment.told, "faint"))
    return Padding(Group(*blocks), (1, 1, 0, 1))


def _title(progress: Progress, elapsed: float, width: int) -> RenderableType:
    goal = f"{'maximize' if progress.maximize else 'minimize'} {progress.metric}"
    line = Table.grid(expand=True)
    line.width = width
    line.add_column(no_wrap=True, overflow="ellipsis")
    line.add_column(justify="right", no_wrap=True)
    title = Text.assemble((progress.study, "name"), ("   " + goal, "faint"))
    line.add_row(title, Text(shown_duration(elapsed), "faint"))
    return line


def _bar(moment: Moment, width: int) -> RenderableType:
    progress, left = moment.progress, moment.left
    if progress.limit is None:
        words = Text(f"{progress.ended} trials")
        share = moment.elapsed / (moment.elapsed + left) if left is not None else 0.0
    else:
        words = Text(f"{progress.ended} of {progress.limit} trials")
        share = progress.ended / progress.limit
    if left is not None and not progress.closed_because and share < 1:
        words.append(f" · about {shown_duration(left)} left" if left >= 1 else " · almost done")
        if progress.limit is not None and progress.typical_seconds is not None:
            words.append(f", at {shown_duration(progress.typical_seconds)} a trial", "faint")
    line = Table.grid(padding=(0, 2, 0, 0))
    bar = max(8, width - words.cell_len - 2)
    line.add_row(_progress_bar(share, bar), words)
    return line


def _progress_bar(share: float, width: int) -> ProgressBar:
    return ProgressBar(
        total=1.0,
        completed=min(1.0, share),
        width=width,
        style="grey30",
        complete_style="running",
        finished_style="complete",
    )


def _counts(progress: Progress) -> Text:
    parts = [
        (len(progress.running), "running", "running"),
        (progress.complete, "complete", "complete"),
        (progress.pruned, "pruned", "pruned"),
        (progress.failed, "failed", "failed"),
        (progress.cancelled, "cancelled", "faint"),
    ]
    text = Text()
    for count, word, style in parts:
        if count or word != "cancelled":
            text.append(f"{count} {word}", style if count else "faint").append("   ")
    return text


def _best(moment: Moment, width: int) -> Text:
    progress = moment.progress
    if progress.best is None:
        return Text("no trial has completed yet", "faint")
    number, value = progress.best
    text = Text.assemble(
        ("best ", "faint"), (f"{progress.metric} {measured(value)}", "best"), f"  trial {number}"
    )
    room = min(32, width - text.cell_len - 3)
    if room >= 8 and len(set(moment.bests)) > 1:
        text.append("   ").append(sparkline(moment.bests, room), "complete")
    return text


def _lost(moment: Moment) -> RenderableType | None:
    """Instead of what the runners did when they were last heard of, as if they did it now."""
    return Text(lost_sentence(moment.lost_seconds), "failed") if moment.lost_seconds else None


def _runners(progress: Progress, width: int, rows: int) -> RenderableType:
    if not progress.running:
        idle = "waiting for the runners…" if not progress.closed_because else "no trial runs"
        return Text(idle, "faint")
    running = sorted(progress.running, key=lambda trial: (trial.runner, trial.number))
    shown = running if len(running) <= rows else running[: rows - 1]
    names = _metrics(progress, shown, width)
    table = Table(box=None, padding=(0, GAP, 0, 0), header_style="faint", pad_edge=False)
    table.add_column("runner", no_wrap=True)
    table.add_column("trial", justify="right")
    table.add_column("step", no_wrap=True, min_width=BAR_WIDTH + 6 if progress.steps else 8)
    for name in names:
        table.add_column(_shortened(name), justify="right", no_wrap=True, min_width=METRIC_WIDTH)
    table.add_column("time", justify="right", no_wrap=True, min_width=8)
    for trial in shown:
        table.add_row(
            trial.runner,
            str(trial.number),
            _step(trial, progress.steps),
            *(measured(trial.metrics[n]) if n in trial.metrics else "" for n in names),
            "ending" if trial.ending else shown_duration(trial.seconds),
        )
    if len(shown) == len(running):
        return table
    return Group(table, Text(f"and {len(running) - len(shown)} more", "faint"))


def _metrics(progress: Progress, running: Sequence[RunningTrial], width: int) -> list[str]:
    """The metrics that fit, the study's own first."""
    seen = dict.fromkeys([progress.metric, *(name for trial in running for name in trial.metrics)])
    return list(seen)[: max(1, (width - REST_WIDTH) // (METRIC_WIDTH + GAP))]


def _shortened(name: str) -> str:
    return name if len(name) <= METRIC_WIDTH else name[: METRIC_WIDTH - 1] + "…"


def _step(trial: RunningTrial, steps: int | None) -> RenderableType:
    if not trial.reports:
        return Text("starting", "faint")
    if steps is None:
        return Text(str(trial.step))
    line = Table.grid(padding=(0, 1, 0, 0))
    done = min(trial.reports, steps)
    line.add_row(_progress_bar(done / steps, BAR_WIDTH), f"{done}/{steps}")
    return line


def _last_line(moment: Moment) -> Text:
    progress = moment.progress
    if progress.closed_because == "interrupted":
        return Text("stopping: the running trials are kept as waiting · Ctrl-C again ends at once")
    if progress.closed_because:
        return Text(f"ending: {progress.closed_because}")
    if progress.paused:
        return Text(f"paused; go on with: trialmq study resume {progress.study}")
    return Text(moment.parting, "faint")
