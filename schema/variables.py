"""One variable of a search space, as plain data.

A user's class is read once (`schema.declaration`); from then on this is all that anybody needs to
know about a variable: the sampler, the page, the command line and the database. It travels as data,
so that no process but the one that trains imports the user's code. A variable that exists is
coherent: its own checks run whenever one is made, also when it is decoded or narrowed.
"""

from typing import TypeGuard

import msgspec

from schema.errors import InvalidValue
from schema.values import Kind, Value, kind_of, parse, shown, typed, written

Number = int | float
STEP_TOLERANCE = 1e-6
"""How far from its grid a stepped float may lie, as a share of a step."""


class Condition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The variable at `path` has one of `values`."""

    path: str
    values: tuple[Value, ...]

    def __str__(self) -> str:
        return f"{self.path} is {' or '.join(written(value) for value in self.values)}"


class Variable(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a variable is, which values it may have, and who may choose them.

    `low` and `high` are inclusive; with a `step` only ``low + k * step`` is allowed (a linear whole
    number always has one). `choices` stand in the declared order, which means something where
    `ordered`. Neither bounds nor choices: any value of the kind.

    Raises:
        InvalidValue: the parts contradict each other.
    """

    path: str
    kind: Kind
    default: Value
    low: float | int | None = None
    high: float | int | None = None
    log: bool = False
    step: float | int | None = None
    choices: tuple[Value, ...] | None = None
    ordered: bool = False
    when: tuple[Condition, ...] = ()
    searched: bool = False
    """The sampler chooses it before training."""
    live: bool = False
    """It may change while a training runs."""
    after_training: bool = False
    """It is tuned on the finished model, without training again; the sampler leaves it alone."""
    doc: str = ""
    unit: str | None = None
    aliases: tuple[str, ...] = ()
    """Paths that it had before; a profile of that time is read through them."""

    @property
    def group(self) -> str:
        """The path of the group it stands in; empty at the top."""
        return self.path.rpartition(".")[0]

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition(".")[2]

    @property
    def has_domain(self) -> bool:
        """Whether there is something to search: a range, several choices, or true and false."""
        if self.choices is not None:
            return len(self.choices) > 1
        return self.low is not None or self.kind == "bool"

    def __post_init__(self) -> None:
        if self.choices is not None:
            self._check_choices()
        elif self.low is not None or self.high is not None:
            self._check_bounds()
        elif self.log or self.step is not None:
            raise InvalidValue(self.path, "log and step belong to a range")
        if (self.searched or self.after_training) and not self.has_domain:
            raise InvalidValue(self.path, "there is nothing to search; give it a Range or OneOf")
        try:
            self._set("default", self.check(self.default))
        except InvalidValue as error:
            raise InvalidValue(self.path, f"the default {error.problem}") from error

    def check(self, value: object) -> Value:
        """`value`, typed.

        Raises:
            InvalidValue: another type, out of range, off the grid, or not one of the choices.
        """
        result = typed(self.kind, value, self.path)
        if self.choices is not None:
            if result not in self.choices:
                raise InvalidValue(self.path, f"{shown(value)} is not one of {self.domain()}")
        elif self.low is not None and self.high is not None and is_number(result):
            slack = self.step * STEP_TOLERANCE if self.step and self.kind == "float" else 0
            if result < self.low - slack:
                raise InvalidValue(self.path, f"{shown(value)} is below {written(self.low)}")
            if result > self.high + slack:
                raise InvalidValue(self.path, f"{shown(value)} is above {written(self.high)}")
            if self.step is not None and not on_grid(result, self.low, self.step):
                grid = f"{written(self.low)} plus a multiple of {written(self.step)}"
                raise InvalidValue(self.path, f"{shown(value)} is not {grid}")
            return min(max(result, self.low), self.high)
        return result

    def parse(self, text: str) -> Value:
        """The value that a person wrote as `text`, checked.

        Raises:
            InvalidValue: as `check`, or `text` does not read as a value of this kind.
        """
        return self.check(parse(self.kind, text, self.path))

    def nearest(self, value: Value) -> Value:
        """`value` if it is allowed, else the allowed number nearest to it.

        Where there is no distance, the first of the choices.
        """
        try:
            return self.check(value)
        except InvalidValue:
            pass
        if self.choices is not None:
            numbers = [choice for choice in self.choices if is_number(choice)]
            if not numbers or not is_number(value):
                return self.choices[0]
            wanted = value
            return min(numbers, key=lambda choice: abs(choice - wanted))
        if self.low is None or self.high is None or not is_number(value):
            return self.default
        inside = min(max(value, self.low), self.high)
        if self.step is not None:
            steps = round((inside - self.low) / self.step)
            inside = min(self.low + steps * self.step, self.high)
        return inside

    def domain(self) -> str:
        """The allowed values as ``--search`` takes them: ``1e-5..0.1,log`` or ``adamw,sgd``.

        Empty for a variable of which any value is allowed.
        """
        if self.choices is not None:
            return ",".join(written(choice) for choice in self.choices)
        if self.low is not None and self.high is not None:
            log = ",log" if self.log else ""
            usual = self.step is None or (self.kind, self.step) == ("int", 1)
            step = "" if usual else f",step={written(self.step or 0)}"
            return f"{written(self.low)}..{written(self.high)}{log}{step}"
        return "true,false" if self.kind == "bool" else ""

    def _check_bounds(self) -> None:
        if self.kind not in ("int", "float"):
            raise InvalidValue(self.path, f"a range needs a number, and this is a {self.kind}")
        for name in ("low", "high", "step"):
            bound = getattr(self, name)
            if name != "step" or bound is not None:
                self._set(name, typed(self.kind, bound, self.path))
        if self.kind == "int" and self.step is None and not self.log:
            self._set("step", 1)
        assert self.low is not None and self.high is not None
        if problem := range_problem(self.low, self.high, log=self.log, step=self.step):
            raise InvalidValue(self.path, problem)

    def _check_choices(self) -> None:
        assert self.choices is not None
        if self.low is not None or self.high is not None or self.log or self.step is not None:
            raise InvalidValue(self.path, "choices and a range exclude each other")
        choices = tuple(typed(self.kind, choice, self.path) for choice in self.choices)
        if not choices or len(set(choices)) < len(choices):
            raise InvalidValue(self.path, f"{shown(choices)} must be different values")
        self._set("choices", choices)

    def _set(self, name: str, value: object) -> None:
        msgspec.structs.force_setattr(self, name, value)


def range_problem(low: Number, high: Number, *, log: bool, step: Number | None) -> str | None:
    """What is wrong with a range of finite numbers, as a sentence; None if nothing is."""
    start, end = written(low), written(high)
    if low == high:
        return f"the range {start}..{end} holds a single value; give it as a plain value instead"
    if low > high:
        return f"the range goes from {start} down to {end}; low comes first"
    if log and step is not None:
        return "log and step do not go together; leave one of them out"
    if log and low <= 0:
        return f"a log range must lie above 0, and this one starts at {start}"
    if step is not None and step <= 0:
        return f"the step must be above 0, and it is {written(step)}"
    if step is not None and not on_grid(high, low, step):
        last = low + int((high - low) // step) * step
        return (
            f"steps of {written(step)} from {start} do not meet {end}; end at {last:.12g} instead"
        )
    return None


def is_number(value: object) -> TypeGuard[Number]:
    """Whether `value` is a whole or a decimal number; a bool is none."""
    return kind_of(value) in ("int", "float")


def on_grid(value: Number, low: Number, step: Number) -> bool:
    """Whether `value` is `low` plus a multiple of `step`, but for rounding."""
    if isinstance(value, int) and isinstance(low, int) and isinstance(step, int):
        return (value - low) % step == 0
    steps = (value - low) / step
    return abs(steps - round(steps)) <= STEP_TOLERANCE
