"""Patient pruning: another pruner is asked only once a trial has stopped getting better.

A trial has stopped when its best value before the last ``patience`` + 1 steps is better, by more
than ``min_delta``, than anything in them.
"""

from bisect import bisect_left
from math import nan

from orchestrator.pruning.pruner import Prune, Pruner


class RecentSteps:
    """The last ``length`` steps of one trial, in order, and the range of its values before them.

    The range is NaN while no number lies before them. Whatever the order of the reports, each new
    step pushes exactly one value, its own or a later one, out of the window.
    """

    __slots__ = ("_length", "_seen", "_steps", "highest_before", "lowest_before", "values")

    def __init__(self, length: int) -> None:
        self._length = length
        self._seen: set[int] = set()
        self._steps: list[int] = []
        self.values: list[float] = []
        self.lowest_before = nan
        self.highest_before = nan

    def add(self, step: int, value: float) -> None:
        """Take one value in; a step that was reported before changes nothing."""
        if step in self._seen:
            return
        self._seen.add(step)
        position = bisect_left(self._steps, step)
        self._steps.insert(position, step)
        self.values.insert(position, value)
        if len(self._steps) > self._length:
            del self._steps[0]
            out = self.values.pop(0)
            if out < self.lowest_before or self.lowest_before != self.lowest_before:
                self.lowest_before = out
            if out > self.highest_before or self.highest_before != self.highest_before:
                self.highest_before = out


class PatientPruner(Pruner):
    """Asks ``wrapped`` about trials that have stopped getting better; ``None`` prunes them all."""

    def __init__(
        self,
        *,
        maximize: bool,
        wrapped: Pruner | None,
        patience: int,
        min_delta: float = 0.0,
    ) -> None:
        super().__init__(maximize=maximize)
        self._wrapped = wrapped
        self._window = patience + 1
        self._min_delta = min_delta
        self._recent: dict[int, RecentSteps] = {}

    def observe(self, trial: int, step: int, value: float) -> None:
        """Take one value in, here and in the wrapped pruner."""
        recent = self._recent.get(trial)
        if recent is None:
            recent = self._recent[trial] = RecentSteps(self._window)
        recent.add(step, value)
        if self._wrapped is not None:
            self._wrapped.observe(trial, step, value)

    def judge(self, trial: int) -> Prune | None:
        """Ask the wrapped pruner when the trial has stopped getting better."""
        if not self._has_stopped(trial):
            return None
        if self._wrapped is not None:
            return self._wrapped.judge(trial)
        return Prune(f"no better value in the last {self._window} steps")

    def replay(self, trial: int, step: int, value: float) -> None:
        """Take one value of the past in; the wrapped pruner had a say only after the patience."""
        self.observe(trial, step, value)
        if self._wrapped is not None and self._has_stopped(trial):
            self._wrapped.replay(trial, step, value)

    def complete(self, trial: int, value: float | None = None) -> None:
        """The trial is evidence for the wrapped pruner."""
        self._recent.pop(trial, None)
        if self._wrapped is not None:
            self._wrapped.complete(trial, value)

    def drop(self, trial: int) -> None:
        """Forget what the trial reported, here and in the wrapped pruner."""
        self._recent.pop(trial, None)
        if self._wrapped is not None:
            self._wrapped.drop(trial)

    def _has_stopped(self, trial: int) -> bool:
        recent = self._recent.get(trial)
        if recent is None:
            return False
        numbers = [value for value in recent.values if value == value]
        if not numbers:
            return False
        if self.maximize:
            return recent.highest_before - self._min_delta > max(numbers)
        return recent.lowest_before + self._min_delta < min(numbers)
