"""The view for a pipe or a log file: a plain line when there is news, and seldom otherwise."""

from rich.console import Console

from schema.durations import shown_duration
from schema.figures import measured
from schema.results import Progress
from trialmq.cli.estimate import time_left
from trialmq.cli.view import LOADING, View, lost_sentence

NEWS_SECONDS = 5.0
NO_NEWS_SECONDS = 60.0


class LineView(View):
    """Writes a line when the best value changes or, every few seconds, when trials ended."""

    def __init__(
        self, console: Console, *, runners: int | None, limit: float | None, loading: str = LOADING
    ) -> None:
        super().__init__()
        self._console = console
        self._runners = runners
        self._limit = limit
        self._loading = loading
        self._lost = False
        self._last: Progress | None = None
        self._at = 0.0

    def tell(self, line: str) -> None:
        """Write it."""
        self._write(line)

    def show(self, progress: Progress | None) -> None:
        """Write a line if it is worth one."""
        if progress is None:
            if self._at == 0.0:
                self._at = self.elapsed
                self._write(self._loading)
            return
        if self.lost_seconds:
            if not self._lost or self.elapsed - self._at >= NO_NEWS_SECONDS:
                self._lost, self._at = True, self.elapsed
                self._write(lost_sentence(self.lost_seconds))
            return
        if not self._is_news(progress):
            return
        self._last, self._at, self._lost = progress, self.elapsed, False
        left = time_left(progress, runners=self._runners, elapsed=self.elapsed, limit=self._limit)
        self._write(line_of(progress, left))

    def _is_news(self, progress: Progress) -> bool:
        last = self._last
        if last is None or self._lost or _standing(last) != _standing(progress):
            return True
        silent = self.elapsed - self._at
        if progress.ended == last.ended:
            return silent >= NO_NEWS_SECONDS
        return progress.best != last.best or silent >= NEWS_SECONDS

    def _write(self, text: str) -> None:
        self._console.print(text, soft_wrap=True, markup=False)


def _standing(progress: Progress) -> tuple[str, bool]:
    return progress.closed_because, progress.paused


def line_of(progress: Progress, left: float | None) -> str:
    """``18 of 40 trials · 12 complete, 5 pruned, 1 failed · best f1 0.88 (trial 14) · …``."""
    of = "" if progress.limit is None else f" of {progress.limit}"
    counts = f"{progress.complete} complete, {progress.pruned} pruned, {progress.failed} failed"
    parts = [f"{progress.study}: {progress.ended}{of} trials", counts]
    if progress.best is not None:
        number, value = progress.best
        parts.append(f"best {progress.metric} {measured(value)} (trial {number})")
    if progress.closed_because:
        parts.append(f"stopping: {progress.closed_because}")
    elif progress.paused:
        parts.append("paused")
    elif left is not None and progress.ended != progress.limit:
        parts.append(f"about {shown_duration(left)} left")
    return " · ".join(parts)
