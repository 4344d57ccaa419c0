"""Hyperband: several brackets of successive halving side by side, from eager to patient.

Which bracket a trial belongs to follows from the study's name and the trial's number, in shares
that give every bracket about the same budget (Li et al., "Hyperband", JMLR 18, 2018, algorithm 1,
as Optuna adapts it to an unknown number of trials).
"""

from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from math import ceil, floor, log
from typing import Literal
from zlib import crc32

from orchestrator.pruning.curve import Curve
from orchestrator.pruning.pruner import Prune, Pruner
from orchestrator.pruning.rungs import Rungs


class HyperbandPruner(Pruner):
    """Bracket b is successive halving whose first b rungs are skipped.

    ``max_resource`` is the number of steps of a full trial, "auto" one more than the last step of
    the longest complete trial when the first decision falls; until then nothing is pruned.
    """

    def __init__(
        self,
        *,
        maximize: bool,
        study_name: str,
        min_resource: int = 1,
        max_resource: int | Literal["auto"] = "auto",
        reduction_factor: int = 3,
        bootstrap_count: int = 0,
    ) -> None:
        super().__init__(maximize=maximize)
        self._study_name = study_name
        self._min_resource = min_resource
        self._reduction_factor = reduction_factor
        self._bootstrap_count = bootstrap_count
        self._longest = -1  # the last step of the longest complete trial
        self._brackets: list[Rungs] = []
        self._shares: list[int] = []  # of the trials, by bracket, each added to those before
        self._bracket = lru_cache(maxsize=4096)(self._find_bracket)  # a hash at every report
        if max_resource != "auto":
            self._open_brackets(max_resource)

    def begin(self, trial: int) -> Curve:
        """A new curve; the rung values of an attempt that was lost are withdrawn."""
        if self._brackets:
            self._bracket(trial).withdraw(trial)
        return Curve()

    def judge(self, trial: int, curve: Curve) -> Prune | None:
        """Let the trial climb in its bracket as far as its last step and value carry it."""
        if not self._ready():
            return None
        return self._bracket(trial).climb(trial, curve.last_step, curve.last_value)

    def replay(self, trial: int, curve: Curve) -> None:
        """Put the trial on the rungs of its bracket that it reached."""
        if self._ready():
            self._bracket(trial).place(trial, curve.last_step, curve.last_value)

    def learn(self, trial: int, curve: Curve, value: float | None) -> None:
        """Keep the trial's rung values for good, and its length."""
        self._longest = max(self._longest, curve.last_step)
        if self._brackets:
            self._bracket(trial).settle(trial)

    def bracket_number(self, trial: int) -> int:
        """Which bracket a trial belongs to, 0 the most eager; once the brackets are open."""
        draw = crc32(f"{self._study_name}_{trial}".encode()) % self._shares[-1]
        return bisect_right(self._shares, draw)

    def _find_bracket(self, trial: int) -> Rungs:
        return self._brackets[self.bracket_number(trial)]

    def _ready(self) -> bool:
        if not self._brackets and self._longest >= 0:
            self._open_brackets(self._longest + 1)
        return bool(self._brackets)

    def _open_brackets(self, max_resource: int) -> None:
        factor = self._reduction_factor
        brackets = floor(log(max_resource / self._min_resource, factor)) + 1
        shares = (ceil(brackets * factor ** (s - 1) / s) for s in range(brackets, 0, -1))
        self._shares = list(accumulate(shares))
        for bracket in range(brackets):
            self._brackets.append(
                Rungs(
                    maximize=self.maximize,
                    min_resource=self._min_resource,
                    reduction_factor=factor,
                    min_early_stopping_rate=bracket,
                    bootstrap_count=self._bootstrap_count,
                )
            )
