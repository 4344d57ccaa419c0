"""What a user writes beside a type: ``Annotated[float, Range(1e-5, 1e-1, log=True), Live()]``.

Markers say what may be searched, when, and what else is to know about a variable. They only hold
what was written and refuse what cannot be meant; `schema.declaration` turns them into variables.
"""

from schema.errors import ConfigurationError
from schema.values import Kind, kind_of
from schema.variables import is_number, range_problem


class Marker:
    """Something that a user writes beside a type."""

    __slots__ = ()


class Range(Marker):
    """Searched from `low` to `high`, both included; on a logarithmic scale if `log`.

    A `step` allows only ``low + k * step``; a whole number on a linear scale has a step of 1.

    Raises:
        ConfigurationError: low is not below high, a log range touches 0, `step` does not meet high,
            `log` and `step` together, or something is not a number.
    """

    __slots__ = ("high", "log", "low", "step")

    def __init__(
        self, low: float, high: float, *, log: bool = False, step: float | None = None
    ) -> None:
        for number in (low, high, step):
            if number is not None and not (is_number(number) and abs(number) < float("inf")):
                raise ConfigurationError(f"Range: {number!r} is not a finite number")
        if problem := range_problem(low, high, log=log, step=step):
            raise ConfigurationError(f"Range: {problem}")
        self.low = low
        self.high = high
        self.log = log
        self.step = step


class OneOf(Marker):
    """Searched among `values`, numbers or strings whose order means something.

    Raises:
        ConfigurationError: fewer than two values, equal ones, or of several types.
    """

    __slots__ = ("values",)

    def __init__(self, *values: int | float | str) -> None:
        kinds: set[Kind | None] = {kind_of(value) for value in values}
        if not (kinds <= {"int", "float"} or kinds == {"str"}):
            raise ConfigurationError(f"OneOf{values}: write either numbers or strings")
        if len(set(values)) < max(2, len(values)):
            raise ConfigurationError(f"OneOf{values}: write two or more different values")
        self.values = values


class When(Marker):
    """Active only while the variable at `path` has one of `values`; several `When` must all hold.

    `path` is looked up in the own group first, then from the top. Beside a group it holds for
    everything in the group.

    Raises:
        ConfigurationError: there are no values.
    """

    __slots__ = ("path", "values")

    def __init__(self, path: str, *values: bool | int | float | str) -> None:
        if not values:
            raise ConfigurationError(f"When({path!r}): write the value it must have, or several")
        self.path = path
        self.values = values


class Alias(Marker):
    """The variable or group was called so before: profiles that were saved then are still read.

    Each of `paths` is looked up like that of `When`: in the own group first, then from the top.

    Raises:
        ConfigurationError: there are no paths, or one is not made of names joined by dots.
    """

    __slots__ = ("paths",)

    def __init__(self, *paths: str) -> None:
        if not paths or not all(name.isidentifier() for p in paths for name in p.split(".")):
            raise ConfigurationError(f"Alias{paths}: write the former name, or several")
        self.paths = paths


class Fixed(Marker):
    """Not searched, though it has a range or choices: those only limit what a person may set."""

    __slots__ = ()


class Live(Marker):
    """May change while a training runs."""

    __slots__ = ()


class AfterTraining(Marker):
    """Tuned on the finished model, without training again; a decision threshold, for instance."""

    __slots__ = ()


class Doc(Marker):
    """What the variable means, in a few words, and the `unit` it is measured in."""

    __slots__ = ("text", "unit")

    def __init__(self, text: str, unit: str | None = None) -> None:
        self.text = text
        self.unit = unit
