"""The base classes of a user's typed configuration, and the way between it and flat values.

A user derives `Group` and `Config`; everybody else speaks of flat values by path. `build` makes the
typed object that the objective is handed, `flatten` takes it apart again. The class itself is read
by `schema.declaration`.
"""

from collections.abc import Mapping
from typing import TypeVar, dataclass_transform

import msgspec

from schema.errors import ConfigurationError, UnknownName
from schema.values import Value, nest


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Group(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Variables that belong together: every field has a type and a default; groups nest.

    Derived classes are frozen, too. Type checkers are told so by `dataclass_transform`, because
    they do not see that msgspec inherits it.
    """


class Config(Group, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration of a training."""


AnyGroup = TypeVar("AnyGroup", bound=Group)


def build(cls: type[AnyGroup], values: Mapping[str, Value]) -> AnyGroup:
    """The typed configuration that holds exactly `values`; ranges are the business of `Space`.

    Raises:
        UnknownName: a path that `cls` does not have.
        ConfigurationError: a path is missing, a value is of the wrong type, or the user's own
            ``__post_init__`` refuses it with a ValueError.
    """
    try:
        config = msgspec.convert(nest(values), cls)
    except msgspec.ValidationError as error:
        known = flatten(cls())
        for path in values:
            if path not in known:
                raise UnknownName("variable", path, known) from error
        raise ConfigurationError(f"{cls.__name__}: {error}") from error
    missing = [path for path in flatten(config) if path not in values]
    if missing:
        raise ConfigurationError(f"{cls.__name__}: {missing[0]} is missing")
    return config


def flatten(config: Group) -> dict[str, Value]:
    """Every variable of `config` by its path, in the order of declaration."""
    values: dict[str, Value] = {}
    _flatten_into(values, config, "")
    return values


def _flatten_into(values: dict[str, Value], group: Group, prefix: str) -> None:
    for name in group.__struct_fields__:
        value = getattr(group, name)
        if isinstance(value, Group):
            _flatten_into(values, value, f"{prefix}{name}.")
        else:
            values[prefix + name] = value
