"""The space that one run searches: the declared one with the user's overrides in force.

A narrowed space only ever allows less: a value that the class refuses stays refused.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from schema.errors import InvalidValue, UnknownName
from schema.overrides import Interval, Overrides, Search
from schema.space import Space
from schema.values import Value, written
from schema.variables import Variable, is_number, on_grid


def narrow(space: Space, overrides: Overrides) -> Space:
    """The space with the overrides in force; the more specific one wins over `leave_out`.

    A variable that is set has that value as its default and is searched no more, not after training
    either. One that is searched in a range or among values of its own is searched from now on, also
    if it was not before; its default moves to the nearest allowed value. A single value is the same
    as setting it.

    Raises:
        UnknownName: a path that does not exist; the message offers the nearest.
        InvalidValue: a value or range that the declared variable does not allow.
    """
    changed = {variable.path: variable for variable in space.variables}
    for name in overrides.leave_out:
        for path in _paths_in(space, name):
            changed[path] = _fixed(changed[path], changed[path].default)
    for path, value in overrides.set.items():
        if path in overrides.search:
            raise InvalidValue(path, "it is both set and searched; leave one of them out")
        changed[path] = _fixed(space.variable(path), value)
    for path, search in overrides.search.items():
        changed[path] = _searched(space.variable(path), search)
    return Space(variables=tuple(changed.values()))


def _fixed(variable: Variable, value: Value) -> Variable:
    value = variable.check(value)
    return replace(variable, default=value, searched=False, after_training=False)


def _searched(variable: Variable, search: Search) -> Variable:
    if not isinstance(search, Interval):
        return _searched_among(variable, search)
    if variable.choices is None:
        return _searched_within(variable, search)
    inside = [c for c in variable.choices if is_number(c) and search.low <= c <= search.high]
    if not (variable.ordered and inside) or search.log or search.step:
        raise InvalidValue(variable.path, f"there is no range; choose among {variable.domain()}")
    return _searched_among(variable, inside)


def _searched_among(variable: Variable, values: Sequence[Value]) -> Variable:
    choices = list(dict.fromkeys(variable.check(value) for value in values))
    if len(choices) == 1:
        return _fixed(variable, choices[0])
    if not choices:
        raise InvalidValue(variable.path, "write the values to search, or one to set")
    if variable.kind == "bool":
        return _with_domain(variable, variable.default)
    if variable.choices is not None:
        choices.sort(key=variable.choices.index)
        return _with_domain(variable, choices[0], choices=tuple(choices))
    ordered = variable.kind != "str"
    return _with_domain(
        variable,
        choices[0],
        choices=tuple(sorted(choices, key=float) if ordered else choices),
        ordered=ordered,
        low=None,
        high=None,
        log=False,
        step=None,
    )


def _searched_within(variable: Variable, interval: Interval) -> Variable:
    if variable.kind in ("bool", "str"):
        raise InvalidValue(variable.path, "it has no range; write its values")
    declared, step = variable.step, interval.step
    log = variable.log if interval.log is None else interval.log
    if step is None:
        step = None if log and variable.kind == "int" and declared == 1 else declared
    elif declared is not None and not on_grid(step, 0, declared):
        grid = f"write a multiple of {written(declared)}"
        message = f"a step of {written(step)} leaves the declared grid; {grid}"
        raise InvalidValue(variable.path, message)
    low, high = variable.check(interval.low), variable.check(interval.high)
    return _with_domain(variable, low, low=low, high=high, log=log, step=step)


def _with_domain(variable: Variable, allowed: Value, **domain: object) -> Variable:
    """The variable searched in `domain`, its default moved to the nearest value `allowed` there."""
    searched = not variable.after_training
    narrowed = replace(variable, default=allowed, searched=searched, **domain)
    return replace(narrowed, default=narrowed.nearest(variable.default))


def _paths_in(space: Space, name: str) -> list[str]:
    """The variable called `name`, or those in the group of that name."""
    paths = [variable.path for variable in space.variables]
    inside = [path for path in paths if path == name or path.startswith(f"{name}.")]
    if not inside:
        groups = {variable.group for variable in space.variables}
        raise UnknownName("group or variable", name, [*sorted(groups), *paths])
    return inside
