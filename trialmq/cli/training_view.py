"""The view of one training: its name at the start, then a line when it has come farther."""

from rich.console import Console

from schema.figures import shown_metrics
from schema.results import Progress
from trialmq.cli.view import LOADING, View, lost_sentence

NEWS_SECONDS = 5.0


class TrainingView(View):
    """Writes the step and the metrics every few seconds, and each new attempt at once."""

    def __init__(self, screen: Console) -> None:
        super().__init__()
        self._screen = screen
        self._told = ""
        self._attempt = 0
        self._step: int | None = None
        self._at = -NEWS_SECONDS

    def tell(self, line: str) -> None:
        """Write it."""
        self._say(line)

    def show(self, progress: Progress | None) -> None:
        """Write a line if it is worth one."""
        if progress is None or self.lost_seconds:
            self._say(lost_sentence(self.lost_seconds) if progress else LOADING, again=False)
            return
        if not progress.running:
            self._say(f"session {progress.study}: waits for a runner", again=False)
            return
        running = progress.running[0]
        if running.attempt != self._attempt:
            self._attempt, self._step, self._at = running.attempt, None, -NEWS_SECONDS
            self._say(f"session {progress.study}: attempt {running.attempt} on {running.runner}")
        late = self.elapsed - self._at >= NEWS_SECONDS
        if running.step is not None and running.step != self._step and late:
            self._step, self._at = running.step, self.elapsed
            self._say(f"step {running.step}: {shown_metrics(running.metrics)}")

    def _say(self, text: str, *, again: bool = True) -> None:
        if again or text != self._told:
            self._told = text
            self._screen.print(text, soft_wrap=True, markup=False)
