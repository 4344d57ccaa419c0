"""The values of variables: which types there are, and how one is recognised, read and compared.

In comes whatever Python, TOML, JSON or a command line hands over; out goes a plain ``bool``,
``int``, ``float`` or ``str`` that every process and the database can hold, or an `InvalidValue`
that says what would be right. A whole configuration is a flat ``{"training.epochs": 6, …}`` or,
for files and people, the same as tables nested by group.
"""

from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Literal, TypeAlias

import msgspec

from schema.errors import ConfigurationError, InvalidValue

Value: TypeAlias = bool | int | float | str
Kind: TypeAlias = Literal["bool", "int", "float", "str"]

KINDS: dict[type, Kind] = {bool: "bool", int: "int", float: "float", str: "str"}
WHAT_IT_IS: dict[Kind, str] = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "str": "text",
}
WORDS_FOR_BOOL = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
BITS_OF_AN_INT = 63
"""SQLite and msgpack hold whole numbers of 64 bits, one of them the sign."""


def typed(kind: Kind, value: object, path: str) -> Value:
    """`value` as exactly a `kind`; a whole number becomes a float where a float is wanted.

    Nothing else is converted: text is not a number, a bool is not a whole number.

    Raises:
        InvalidValue: another type, NaN, infinite, too large, or text that is not Unicode.
    """
    if kind == "float" and isinstance(value, float | int) and not isinstance(value, bool):
        if isinstance(value, float):
            if not isfinite(value):
                raise InvalidValue(path, f"{value} is not a finite number")
            return float(value)
        return float(_of_64_bits(value, path))
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        return _of_64_bits(value, path)
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind == "str" and isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise InvalidValue(path, f"{shown(value)} is not valid Unicode text") from error
        return str(value)
    raise InvalidValue(path, f"{_short(repr(value))} is not {WHAT_IT_IS[kind]}")


def _of_64_bits(value: int, path: str) -> int:
    if value.bit_length() > BITS_OF_AN_INT:
        raise InvalidValue(path, "a whole number must fit in 64 bits")
    return int(value)


def parse(kind: Kind, text: str, path: str) -> Value:
    """The value that a person wrote as `text`: ``3e-4``, ``true``, ``adamw``.

    Raises:
        InvalidValue: `text` does not read as a `kind`.
    """
    text = text.strip()
    value: object = text
    if kind == "bool":
        value = WORDS_FOR_BOOL.get(text.lower(), text)
    elif kind != "str":
        value = _number(text)
        if kind == "int" and isinstance(value, float) and value.is_integer():
            value = int(value)
    return typed(kind, value, path)


def _number(text: str) -> int | float | str:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text


def kind_of(value: object) -> Kind | None:
    """The kind of a plain value; None when it is of no type that a variable can have."""
    return KINDS.get(type(value))


def shown(value: object) -> str:
    """`value` as it stands in a sentence: quoted if text, shortened if long."""
    return _short(_figure(value) if isinstance(value, float) else repr(value))


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"


def written(value: Value) -> str:
    """`value` as a person writes it on a command line: ``5``, ``1e-5``, ``true``.

    `parse` reads exactly this value back.
    """
    if isinstance(value, float):
        return _figure(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _figure(number: float) -> str:
    """As few digits as tell it from any other, and none that say nothing: ``5``, ``1e-5``."""
    digits, e, exponent = repr(float(number)).partition("e")
    if digits != "-0.0":
        digits = digits.removesuffix(".0")
    return f"{digits}e{int(exponent)}" if e else digits


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One variable that differs between two configurations; None where it is missing."""

    path: str
    old: Value | None
    new: Value | None


def difference(old: Mapping[str, Value], new: Mapping[str, Value]) -> list[Change]:
    """What must change to get from `old` to `new`, both flat, in the order of `old`."""
    paths = dict.fromkeys([*old, *new])
    changes = (Change(path=p, old=old.get(p), new=new.get(p)) for p in paths)
    return [c for c in changes if c.old != c.new or type(c.old) is not type(c.new)]


def nest(values: Mapping[str, Value]) -> dict[str, object]:
    """Flat values as tables by group: ``{"a.b": 1}`` becomes ``{"a": {"b": 1}}``.

    Raises:
        ConfigurationError: a path is both a variable and a group.
    """
    root: dict[str, object] = {}
    tables = {"": root}
    for path, value in values.items():
        group, _, name = path.rpartition(".")
        table = tables.get(group)
        if table is None:
            table = _table_of(root, group)
            tables[group] = table
        if name in table:
            raise ConfigurationError(f"{path} is both a variable and a group")
        table[name] = value
    return root


def _table_of(root: dict[str, object], group: str) -> dict[str, object]:
    table = root
    for name in group.split("."):
        inner = table.setdefault(name, {})
        if not isinstance(inner, dict):
            raise ConfigurationError(f"{group} is both a variable and a group")
        table = inner
    return table


def unnest(tables: Mapping[str, object], group: str = "") -> Iterator[tuple[str, object]]:
    """The leaves of nested tables with their dotted paths: the inverse of `nest`."""
    for name, value in tables.items():
        path = f"{group}.{name}" if group else name
        if isinstance(value, Mapping):
            yield from unnest(value, path)
        else:
            yield path, value
