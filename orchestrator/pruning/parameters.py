"""Which numbers each pruner has, by Optuna's names, and which values they may take.

What a user wrote goes in, the same values come out with their right type; whatever is wrong is
answered with the sentence that says what would be right.
"""

from collections.abc import Mapping
from math import inf, isfinite
from typing import NamedTuple

from schema.errors import UnknownName, WrongInput
from schema.pruning import CONSTRAINTS, PARETO

Value = int | float | str


class Parameter(NamedTuple):
    """A number within bounds, both included, or one of some words."""

    low: float = 0
    high: float = inf
    whole: bool = True
    words: tuple[str, ...] = ()

    def check(self, name: str, value: bool | Value) -> Value:
        """The value with its right type: 3.0 becomes 3 where whole numbers are meant.

        Raises:
            WrongInput: when it is none of the values that ``describe`` names.
        """
        if isinstance(value, str):
            if value in self.words:
                return value
        elif not isinstance(value, bool) and self.low <= value <= self.high:
            if not self.whole:
                return float(value)
            if isfinite(value) and value == int(value):
                return int(value)
        raise WrongInput(f"pruner parameter {name}: {value!r} should be {self.describe()}")

    def describe(self) -> str:
        """For example "a whole number of at least 1, or 'auto'"."""
        words = " or ".join(repr(word) for word in self.words)
        if self.low > self.high:
            return words
        kind = "a whole number" if self.whole else "a number"
        if self.low == -inf:
            bounds = ""
        elif self.high == inf:
            bounds = f" of at least {self.low:g}"
        else:
            bounds = f" from {self.low:g} to {self.high:g}"
        return kind + bounds + (f", or {words}" if words else "")


COUNT = Parameter()
POSITIVE = Parameter(low=1)
POSITIVE_OR_AUTO = Parameter(low=1, words=("auto",))
FACTOR = Parameter(low=2)
LEVEL = Parameter(low=-inf, whole=False)

CHECKS = {"n_warmup_steps": COUNT, "interval_steps": POSITIVE}
MEDIAN = {"n_startup_trials": COUNT, **CHECKS, "n_min_trials": POSITIVE}
WRAPPABLE = ("median", "percentile", "threshold", "successive_halving", "hyperband", "wilcoxon")

PARAMETERS: dict[str, dict[str, Parameter]] = {
    "nop": {},
    "median": MEDIAN,
    "percentile": {"percentile": Parameter(high=100, whole=False), **MEDIAN},
    "threshold": {"lower": LEVEL, "upper": LEVEL, **CHECKS},
    "patient": {
        "wrapped_pruner": Parameter(low=1, high=0, words=("none", *WRAPPABLE)),
        "patience": COUNT,
        "min_delta": Parameter(whole=False),
    },
    "successive_halving": {
        "min_resource": POSITIVE_OR_AUTO,
        "reduction_factor": FACTOR,
        "min_early_stopping_rate": COUNT,
        "bootstrap_count": COUNT,
    },
    "hyperband": {
        "min_resource": POSITIVE,
        "max_resource": POSITIVE_OR_AUTO,
        "reduction_factor": FACTOR,
        "bootstrap_count": COUNT,
    },
    "wilcoxon": {
        "p_threshold": Parameter(high=1, whole=False),
        "n_startup_steps": COUNT,
    },
}

RULES: dict[str, dict[str, Parameter]] = {
    PARETO: {"dominated_by": POSITIVE, "n_startup_trials": COUNT, **CHECKS},
    CONSTRAINTS: {"n_min_trials": POSITIVE, **CHECKS},
}
"""What can be pruned on beside a metric, with its numbers, which are ours alone."""


def check_parameters(pruner: str, given: Mapping[str, bool | Value]) -> dict[str, Value]:
    """The given parameters of a pruner, or of one of `RULES`, each within its bounds.

    A patient pruner also takes those of the pruner that it wraps.

    Raises:
        UnknownName: no such pruner, or no such parameter of it; the nearest name is offered.
        WrongInput: a value out of bounds.
    """
    if pruner not in PARAMETERS and pruner not in RULES:
        raise UnknownName("pruner", pruner, PARAMETERS)
    known = RULES[pruner] if pruner in RULES else PARAMETERS[pruner]
    if pruner == "patient":
        wrapped = given.get("wrapped_pruner", "median")
        known = known | PARAMETERS.get(str(wrapped), {})
    for name in given:
        if name not in known:
            what = f"pruning on {pruner}" if pruner in RULES else f"the {pruner} pruner"
            raise UnknownName(f"parameter of {what}", name, known)
    return {name: known[name].check(name, value) for name, value in given.items()}
