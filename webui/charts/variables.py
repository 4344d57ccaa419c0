"""A variable as an axis: its values in their order, or its range, logarithmic where it is so."""

from collections.abc import Iterable

from schema.results import TrialResult
from schema.space import Space
from schema.values import Value, written
from schema.variables import Variable, is_number
from webui.charts.option import Option
from webui.charts.scale import between, short

INACTIVE = "—"
"""Where a variable has no effect, it stands here among its values."""


def searched(space: Space) -> list[Variable]:
    """The variables that trials differ in."""
    return [v for v in space.variables if v.searched or v.after_training]


def is_category(variable: Variable) -> bool:
    """Whether its values stand side by side, and not on a scale."""
    return variable.choices is not None or variable.low is None


def values_of(variable: Variable, rows: Iterable[TrialResult]) -> list[Value | None]:
    """The value that each trial had; ``None`` where the variable has no effect."""
    path, chosen_after = variable.path, variable.after_training
    return [
        row.config.get(path) if chosen_after or path in row.sampled or not row.sampled else None
        for row in rows
    ]


def place(variable: Variable, value: Value | None) -> str | float | None:
    """Where a value stands on the axis of its variable; ``None`` for nowhere."""
    if is_category(variable):
        return INACTIVE if value is None else written(value)
    return short(value) if value is not None and is_number(value) else None


def axis(variable: Variable, values: Iterable[Value | None]) -> Option:
    """The axis of a variable on which all of ``values`` have a place."""
    seen = list(values)
    if is_category(variable):
        choices = variable.choices or ((False, True) if variable.kind == "bool" else ())
        names = dict.fromkeys(written(choice) for choice in choices)
        names |= dict.fromkeys(written(value) for value in seen if value is not None)
        if None in seen and variable.when:
            names[INACTIVE] = None
        return {"type": "category", "data": list(names)}
    numbers = [value for value in seen if value is not None and is_number(value)]
    if variable.low is not None and variable.high is not None:
        numbers += [variable.low, variable.high]
    if variable.log:
        numbers = [number for number in numbers if number > 0]
    axis: Option = {"type": "log" if variable.log else "value"}
    if numbers:
        axis |= between(short(min(numbers)), short(max(numbers)), log=variable.log)
    if variable.kind == "int" and not variable.log:
        axis["minInterval"] = 1
    return axis
