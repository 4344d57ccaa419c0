"""What one running trial has reported so far, with the summaries that a decision needs.

Optuna keeps the first value of each step and judges at the largest step, whatever the order of
the reports; so do we. Everything here is kept up to date value by value: a decision never walks
through the curve.
"""

from math import nan


class Curve:
    """The values of one running trial; steps are not negative.

    ``lowest`` and ``highest`` ignore NaN and are NaN while nothing else was reported.
    ``total`` is the sum in the order of the reports, not finite as soon as one value is not.
    ``second_last_step`` is the largest step but one, -1 while there is none.
    """

    __slots__ = ("highest", "last_step", "lowest", "second_last_step", "total", "values")

    def __init__(self) -> None:
        self.values: dict[int, float] = {}
        self.last_step = -1
        self.second_last_step = -1
        self.lowest = nan
        self.highest = nan
        self.total = 0.0

    def add(self, step: int, value: float) -> bool:
        """Take one value in; False, and nothing changes, when the step was reported before."""
        if step in self.values:
            return False
        self.values[step] = value
        self.total += value
        if step > self.last_step:
            self.second_last_step, self.last_step = self.last_step, step
        elif step > self.second_last_step:
            self.second_last_step = step
        if value < self.lowest or self.lowest != self.lowest:
            self.lowest = value
        if value > self.highest or self.highest != self.highest:
            self.highest = value
        return True

    @property
    def last_value(self) -> float:
        """The value at the largest step."""
        return self.values[self.last_step]

    def is_due(self, n_warmup_steps: int, interval_steps: int) -> bool:
        """True when a check falls on the last step: the first report of its interval.

        The intervals are counted from the end of the warm-up; a check at which nothing was
        reported is made up for at the next report.
        """
        step = self.last_step
        if step < n_warmup_steps:
            return False
        into_interval = (step - n_warmup_steps) % interval_steps
        return self.second_last_step < step - into_interval
