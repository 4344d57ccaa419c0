"""What a user changes about a search space without touching the class: the overrides of one run.

They come from the command line (``--set training.epochs=6 --search training.momentum=0.8..0.95``)
and from the tables of a TOML study file::

    leave_out = ["augmentation"]
    [set.training]
    epochs = 6
    [search.training]
    learning_rate = { low = 1e-4, high = 1e-2 }
    optimizer = ["adamw", "sgd"]

`merge` joins the two; `schema.narrowing` makes the space that is searched out of the declared one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from schema.errors import ConfigurationError, InvalidValue
from schema.space import Space
from schema.values import Value, parse, shown, unnest
from schema.variables import Variable, is_number

RANGE_HELP = "write LOW..HIGH and, if you like, ,log or ,linear or ,step=STEP"
TABLE_HELP = "write { low = …, high = … } or a list of values"
T = TypeVar("T")


class Interval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A range to search, both ends included; None keeps what the variable declares."""

    low: float | int
    high: float | int
    log: bool | None = None
    step: float | int | None = None


Search = Interval | tuple[Value, ...]


class Overrides(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is fixed, what is searched in a range or among values of its own, what is left alone."""

    set: dict[str, Value] = {}
    search: dict[str, Search] = {}
    leave_out: tuple[str, ...] = ()
    """Variables, or groups with all that is in them. They keep their defaults."""


def merge(base: Overrides, over: Overrides) -> Overrides:
    """Both together; where they speak of the same variable, `over` wins."""
    named = over.set.keys() | over.search.keys()
    return Overrides(
        set=_without(base.set, named) | over.set,
        search=_without(base.search, [*named, *over.leave_out]) | over.search,
        leave_out=tuple(dict.fromkeys([*base.leave_out, *over.leave_out])),
    )


def parse_set(text: str, space: Space) -> tuple[str, Value]:
    """Path and value of ``training.epochs=6``.

    Raises:
        UnknownName: there is no such variable.
        InvalidValue: it cannot have that value.
        ConfigurationError: there is no ``=``.
    """
    path, value = _split(text, "group.variable=value")
    return path, space.parse(path, value)


def parse_search(text: str, space: Space) -> tuple[str, Search]:
    """Path and range of ``training.learning_rate=1e-4..1e-2,log``, or values of ``…=adamw,sgd``.

    Raises:
        UnknownName: there is no such variable.
        InvalidValue: it does not read as such a range or such values.
        ConfigurationError: there is no ``=``.
    """
    path, domain = _split(text, "group.variable=1e-4..1e-2 or group.variable=adamw,sgd")
    variable = space.variable(path)
    ends, *options = domain.split(",")
    if ".." not in ends or variable.kind in ("bool", "str"):
        return path, tuple(variable.parse(value) for value in (ends, *options))
    return path, _interval(variable, ends, options)


def overrides_from_tables(tables: Mapping[str, object]) -> Overrides:
    """The overrides of a study file: of its keys exactly ``set``, ``search`` and ``leave_out``.

    Raises:
        ConfigurationError: what stands there is not of the expected shape.
    """
    leave_out = tables.get("leave_out", [])
    if not (isinstance(leave_out, list) and all(isinstance(name, str) for name in leave_out)):
        raise ConfigurationError('leave_out: write a list of names, like ["augmentation"]')
    fixed: dict[str, Value] = {}
    for path, value in unnest(_table(tables, "set")):
        if not isinstance(value, Value):
            raise InvalidValue(path, f"{shown(value)} is not a value; write true, 6, 1e-3 or text")
        fixed[path] = value
    return Overrides(
        set=fixed,
        search=dict(_searches(_table(tables, "search"), "")),
        leave_out=tuple(leave_out),
    )


def _without(paths: Mapping[str, T], names: Iterable[str]) -> dict[str, T]:
    """Those of `paths` that are not, and are in no group that is, among `names`."""
    gone = tuple(names)
    inside = tuple(f"{name}." for name in gone)
    return {
        path: x for path, x in paths.items() if path not in gone and not path.startswith(inside)
    }


def _split(text: str, form: str) -> tuple[str, str]:
    path, equals, value = text.partition("=")
    if not equals:
        raise ConfigurationError(f"{text!r}: write {form}")
    return path.strip(), value.strip()


def _interval(variable: Variable, ends: str, options: Sequence[str]) -> Interval:
    def number(text: str) -> float:
        value = parse(variable.kind, text, variable.path)
        assert is_number(value)
        return value

    log: bool | None = None
    step: float | None = None
    for option in options:
        name, _, value = option.strip().partition("=")
        if name in ("log", "linear") and not value:
            log = name == "log"
        elif name == "step":
            step = number(value)
        else:
            raise InvalidValue(variable.path, f"{option!r} is not understood; {RANGE_HELP}")
    low, _, high = ends.partition("..")
    return Interval(low=number(low), high=number(high), log=log, step=step)


def _table(tables: Mapping[str, object], name: str) -> Mapping[str, object]:
    table = tables.get(name, {})
    if not isinstance(table, Mapping):
        raise ConfigurationError(f"{name}: write a table, like [{name}.training]")
    return table


def _searches(table: Mapping[str, object], group: str) -> Iterator[tuple[str, Search]]:
    for name, value in table.items():
        path = f"{group}.{name}" if group else name
        try:
            if isinstance(value, list):
                yield path, msgspec.convert(value, tuple[Value, ...])
            elif isinstance(value, Mapping) and _is_interval(value):
                yield path, msgspec.convert(value, Interval)
            elif isinstance(value, Mapping):
                yield from _searches(value, path)
            else:
                raise InvalidValue(path, f"{shown(value)} is no range; {TABLE_HELP}")
        except msgspec.ValidationError as error:
            raise InvalidValue(path, f"{error}; {TABLE_HELP}") from error


def _is_interval(table: Mapping[str, object]) -> bool:
    """Whether it is a range, not a group: variables may be called low and high, too."""
    return any(is_number(table.get(name)) for name in ("low", "high"))
