"""The search space: every variable of a configuration, in the declared order, as plain data.

In go values from a sampler, a person or a file; out comes a complete, typed, checked configuration
as a flat mapping from path to value. The sampler walks `Space.sampling_order` and suggests what is
active; `Space.complete` makes the stored configuration of a trial out of what was suggested.
"""

import hashlib
from collections.abc import Mapping
from functools import cached_property

import msgspec

from schema.errors import ConfigurationError, UnknownName
from schema.values import Value
from schema.variables import Condition, Variable


class Space(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The variables of a configuration, searched or not.

    Raises:
        ConfigurationError: a path stands twice, or conditions depend on each other in a circle.
        UnknownName: a condition names a variable that does not exist.
    """

    variables: tuple[Variable, ...]

    def __post_init__(self) -> None:
        if len(self._by_path) < len(self.variables):
            paths = [variable.path for variable in self.variables]
            twice = next(path for path in paths if paths.count(path) > 1)
            raise ConfigurationError(f"{twice}: there are two variables of this name")
        _ = self._conditions_first

    @cached_property
    def _by_path(self) -> dict[str, Variable]:
        return {variable.path: variable for variable in self.variables}

    @cached_property
    def _conditions_first(self) -> tuple[Variable, ...]:
        ordered: dict[str, Variable] = {}
        for variable in self.variables:
            self._place(variable, ordered, ())
        return tuple(ordered.values())

    def _place(
        self, variable: Variable, ordered: dict[str, Variable], waiting: tuple[str, ...]
    ) -> None:
        if variable.path in ordered:
            return
        if variable.path in waiting:
            circle = " depends on ".join([*waiting[waiting.index(variable.path) :], variable.path])
            raise ConfigurationError(f"conditions go in a circle: {circle}")
        for condition in variable.when:
            self._place(self.variable(condition.path), ordered, (*waiting, variable.path))
        ordered[variable.path] = variable

    @cached_property
    def _conditional(self) -> tuple[Variable, ...]:
        return tuple(variable for variable in self._conditions_first if variable.when)

    @cached_property
    def _defaults(self) -> dict[str, Value]:
        return {variable.path: variable.default for variable in self.variables}

    def variable(self, path: str) -> Variable:
        """The variable at `path`.

        Raises:
            UnknownName: there is none; the message offers the nearest.
        """
        try:
            return self._by_path[path]
        except KeyError:
            raise UnknownName("variable", path, self._by_path) from None

    def has(self, path: str) -> bool:
        """Whether there is a variable at `path`."""
        return path in self._by_path

    def defaults(self) -> dict[str, Value]:
        """The default configuration, flat and complete."""
        return dict(self._defaults)

    def check(self, path: str, value: object) -> Value:
        """`value` typed as the variable at `path` wants it.

        Raises:
            InvalidValue: wrong type, or outside of what is allowed.
            UnknownName: there is no such variable.
        """
        return self.variable(path).check(value)

    def parse(self, path: str, text: str) -> Value:
        """The value of the variable at `path` that a person wrote as `text`.

        Raises:
            InvalidValue: it does not read as such a value, or is outside of what is allowed.
            UnknownName: there is no such variable.
        """
        return self.variable(path).parse(text)

    def is_active(self, variable: Variable, values: Mapping[str, Value]) -> bool:
        """Whether all conditions of `variable` hold in `values`, and those they name are active.

        A variable that is missing in `values` counts as at its default.
        """
        return self.unmet(variable, values) is None

    def unmet(self, variable: Variable, values: Mapping[str, Value]) -> Condition | None:
        """The first condition for which `variable` is not active in `values`; None where it is."""
        for condition in variable.when:
            other = self.variable(condition.path)
            if values.get(other.path, other.default) not in condition.values:
                return condition
            if other.when and (deeper := self.unmet(other, values)):
                return deeper
        return None

    def sampling_order(self) -> tuple[Variable, ...]:
        """The variables that the sampler chooses, each after those its conditions name."""
        return tuple(variable for variable in self._conditions_first if variable.searched)

    def searched_active(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """The part of `values` that the sampler chose, or could have: searched and active."""
        return {
            variable.path: values.get(variable.path, variable.default)
            for variable in self.sampling_order()
            if self.is_active(variable, values)
        }

    def complete(self, sampled: Mapping[str, Value]) -> dict[str, Value]:
        """A full configuration: the defaults, and on top of them the checked values of `sampled`.

        A variable whose conditions do not hold is at its default, whatever `sampled` says.

        Raises:
            InvalidValue: a value is of the wrong type or outside of what is allowed.
            UnknownName: there is no such variable.
        """
        values = dict(self._defaults)
        for path, value in sampled.items():
            values[path] = self.variable(path).check(value)
        for variable in self._conditional:
            if not self.is_active(variable, values):
                values[variable.path] = variable.default
        return values

    def fingerprint(self) -> str:
        """16 hexadecimal digits, equal for equal spaces whatever their texts, aliases and order."""
        by_path = sorted(self.variables, key=lambda variable: variable.path)
        bare = [msgspec.structs.replace(v, doc="", unit=None, aliases=()) for v in by_path]
        # As plain maps: those of a struct are written wider once it has more than 15 fields.
        encoded = msgspec.msgpack.encode(msgspec.to_builtins(bare))
        return hashlib.sha256(encoded).hexdigest()[:16]
