"""A space that is found while a study runs, as that of an Optuna objective is. Pure.

Such an objective says what it searches when it asks for a value. The runner tells with the end of
each trial which variables it asked for, and the study's space grows by them: it covers all that any
trial has asked for.
"""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from schema.errors import InvalidValue
from schema.space import Space
from schema.study import ObjectiveDescription
from schema.values import Value
from schema.variables import Variable


def grown(space: Space, found: Iterable[Variable]) -> Space:
    """``space`` with the variables that were ``found``; a range that was wider widens it.

    The same object where there is nothing new. A variable that changed its kind, its choices or
    its scale stays as it was.
    """
    variables = {variable.path: variable for variable in space.variables}
    for variable in found:
        known = variables.get(variable.path)
        variables[variable.path] = variable if known is None else _wider(known, variable)
    together = tuple(variables.values())
    return space if together == space.variables else Space(variables=together)


def _wider(known: Variable, found: Variable) -> Variable:
    """The range that holds both, where both are ranges on one scale."""
    same = known.kind == found.kind and (known.log, known.step) == (found.log, found.step)
    if not same or known.low is None or found.low is None:
        return known
    assert known.high is not None and found.high is not None
    low, high = min(known.low, found.low), max(known.high, found.high)
    if (low, high) == (known.low, known.high):
        return known
    try:
        return replace(known, low=low, high=high)
    except InvalidValue:  # their steps do not meet
        return known


def as_used(objective: ObjectiveDescription, values: Mapping[str, Value]) -> Space:
    """The space as one configuration shows it: of a dynamic one what the trial asked for, with
    nothing that could be called a default."""
    if not objective.dynamic:
        return objective.space
    used = (v for v in objective.space.variables if v.path in values)
    return Space(variables=tuple(replace(v, default=values[v.path]) for v in used))
