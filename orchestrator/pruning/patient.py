"""Patient pruning: another pruner is asked only once a trial has stopped getting better.

A trial has stopped when its best value before the last ``patience`` + 1 steps is better, by more
than ``min_delta``, than anything in them.
"""

from bisect import bisect_left
from math import nan

from orchestrator.pruning.curve import Curve
from orchestrator.pruning.pruner import Prune, Pruner


class WindowedCurve(Curve):
    """A curve that knows its last ``window`` steps, in order, and the range of its values before.

    The range is NaN while no number lies before the window. Whatever the order of the reports,
    each new step pushes exactly one value, its own or an earlier one, out of the window.
    """

    __slots__ = ("_window", "_window_steps", "highest_before", "lowest_before", "window_values")

    def __init__(self, window: int) -> None:
        super().__init__()
        self._window = window
        self._window_steps: list[int] = []
        self.window_values: list[float] = []
        self.lowest_before = nan
        self.highest_before = nan

    def add(self, step: int, value: float) -> bool:
        """Take one value in; False, and nothing changes, when the step was reported before."""
        in_order = step > self.last_step
        if not Curve.add(self, step, value):
            return False
        steps, values = self._window_steps, self.window_values
        if in_order:
            steps.append(step)
            values.append(value)
        else:
            position = bisect_left(steps, step)
            steps.insert(position, step)
            values.insert(position, value)
        if len(steps) > self._window:
            del steps[0]
            out = values.pop(0)
            if out < self.lowest_before or self.lowest_before != self.lowest_before:
                self.lowest_before = out
            if out > self.highest_before or self.highest_before != self.highest_before:
                self.highest_before = out
        return True


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

    def begin(self, trial: int) -> WindowedCurve:
        """A new curve, which the wrapped pruner is shown as well."""
        if self._wrapped is not None:
            self._wrapped.begin(trial)
        return WindowedCurve(self._window)

    def judge(self, trial: int, curve: Curve) -> Prune | None:
        """Ask the wrapped pruner when the trial has stopped getting better."""
        if not self._has_stopped(curve):
            return None
        if self._wrapped is not None:
            return self._wrapped.judge(trial, curve)
        return Prune(f"step {curve.last_step}: no better value in the last {self._window} steps")

    def line(self, last: int) -> list[tuple[int, float]] | None:
        """That of the wrapped pruner, for trials that have stopped getting better."""
        return None if self._wrapped is None else self._wrapped.line(last)

    def replay(self, trial: int, curve: Curve) -> None:
        """The wrapped pruner had a say only where the trial had stopped getting better."""
        if self._wrapped is not None and self._has_stopped(curve):
            self._wrapped.replay(trial, curve)

    def learn(self, trial: int, curve: Curve, value: float | None) -> None:
        """The trial is evidence for the wrapped pruner."""
        if self._wrapped is not None:
            self._wrapped.learn(trial, curve, value)

    def _has_stopped(self, curve: Curve) -> bool:
        assert isinstance(curve, WindowedCurve)  # begin made it
        values = curve.window_values
        if values[0] != values[0]:  # max and min pass over a NaN unless it comes first
            values = [value for value in values if value == value] or [nan]
        if self.maximize:
            return max(values) < curve.highest_before - self._min_delta
        return min(values) > curve.lowest_before + self._min_delta
