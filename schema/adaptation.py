"""Fitting a profile to the configuration class of today: profile and space in, `Adapted` out.

A class changes while its profiles stay: variables come, go and are renamed, ranges narrow, types
and conditions change. `adapt` always finds a complete and allowed configuration, and tells of
every variable for which that is not what the profile says; what it could not take over is at its
default, and the caller decides whether that will do. Every value of the profile is taken over
(renamed or not) or told of in exactly one list.
"""

from collections.abc import Iterator, Mapping

import msgspec
from msgspec.structs import replace

from schema.errors import InvalidValue, UnknownName, WrongInput
from schema.profile import Profile
from schema.space import Space
from schema.values import Value, shown, typed, written
from schema.variables import Variable


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """A value of the profile that the variable at ``path`` no longer allows, and the reason.

    ``nearest`` is the allowed value nearest to it.
    """

    path: str
    value: Value
    problem: str
    nearest: Value


class Adapted(msgspec.Struct, frozen=True, kw_only=True):
    """The configuration that was made of a profile, complete and allowed, and what became of it."""

    values: dict[str, Value]
    filled: tuple[str, ...] = ()
    """Variables that the profile does not have: at their defaults."""
    renamed: dict[str, str] = {}
    """Variables whose values stand in the profile under a former path, which comes second."""
    dropped: dict[str, Value] = {}
    """What the profile has for variables that no longer exist."""
    changed_type: tuple[Refused, ...] = ()
    """Values of another type than is wanted now: the defaults stand instead."""
    out_of_range: tuple[Refused, ...] = ()
    """Values that are no longer allowed: the defaults stand instead."""
    inactive: dict[str, Value] = {}
    """What the profile has for variables whose conditions do not hold: the defaults stand."""

    @property
    def foreign(self) -> bool:
        """Whether nothing of the profile could be used: it is one of another configuration."""
        return len(self.filled) == len(self.values)

    @property
    def exact(self) -> bool:
        """Whether the values are those of the profile, no more and no less."""
        return not any(self.sentences())

    def sentences(self) -> Iterator[str]:
        """All that is to be told of, a sentence a variable."""
        for path, former in self.renamed.items():
            yield f"{path}: taken over from {former}, as it was called"
        for path in self.filled:
            yield f"{path}: not in the profile; {self._default(path)}"
        for refused in (*self.changed_type, *self.out_of_range):
            yield f"{refused.path}: {refused.problem}; {self._default(refused.path)}"
        for path, value in self.inactive.items():
            yield f"{path}: {shown(value)} has no effect here; {self._default(path)}"
        for path, value in self.dropped.items():
            yield f"{path}: there is no such variable any more; {shown(value)} is left out"

    def _default(self, path: str) -> str:
        return f"the default {written(self.values[path])} is taken"


def adapt(profile: Profile, space: Space) -> Adapted:
    """The configuration of `space` that is as much like `profile` as it allows."""
    origins = {v.path: _origin(v, profile.values, space) for v in space.variables}
    changed_type: list[Refused] = []
    out_of_range: list[Refused] = []
    taken: dict[str, Value] = {}
    for variable in space.variables:
        origin = origins[variable.path]
        if origin is None:
            continue
        value = profile.values[origin]
        try:
            taken[variable.path] = variable.check(value)
        except InvalidValue as error:
            refused = Refused(
                path=variable.path,
                value=value,
                problem=error.problem,
                nearest=variable.nearest(value),
            )
            (out_of_range if _is_of_its_type(variable, value) else changed_type).append(refused)
    values = space.complete(taken)
    used = set(origins.values())
    return Adapted(
        values=values,
        filled=tuple(path for path, origin in origins.items() if origin is None),
        renamed={path: o for path, o in origins.items() if o is not None and o != path},
        dropped={path: value for path, value in profile.values.items() if path not in used},
        changed_type=tuple(changed_type),
        out_of_range=tuple(out_of_range),
        inactive={path: value for path, value in taken.items() if values[path] != value},
    )


def as_defaults(values: Mapping[str, Value], space: Space) -> Space:
    """The space with `values`, which it allows, as its defaults; all that is searched stays so."""
    variables = (replace(v, default=values.get(v.path, v.default)) for v in space.variables)
    return Space(variables=tuple(variables))


def fit(profile: Profile, space: Space) -> Adapted:
    """As `adapt`, but wrong values of a profile that was made for `space`, or by hand, are refused.

    In such a profile a name that does not exist or a value that is not allowed is no sign of an
    older class, but a mistake of whoever edited the file.

    Raises:
        UnknownName: a group or variable that does not exist; the message offers the nearest.
        InvalidValue: a value that is not allowed.
        WrongInput: the profile has nothing in common with the space.
    """
    adapted = adapt(profile, space)
    if profile.fingerprint and profile.fingerprint != space.fingerprint():
        if adapted.foreign:
            objective = profile.objective or "another objective"
            raise WrongInput(
                f"profile {profile.name!r} is one of {objective}: none of its variables exists here"
            )
        return adapted
    for path in adapted.dropped:
        raise _unknown(path, space)
    for refused in (*adapted.changed_type, *adapted.out_of_range):
        raise InvalidValue(refused.path, refused.problem)
    return adapted


def _origin(variable: Variable, values: Mapping[str, Value], space: Space) -> str | None:
    """Where the value of `variable` stands in `values`; a path that exists is nobody's alias."""
    if variable.path in values:
        return variable.path
    former = (path for path in variable.aliases if path in values and not space.has(path))
    return next(former, None)


def _is_of_its_type(variable: Variable, value: Value) -> bool:
    try:
        typed(variable.kind, value, variable.path)
    except InvalidValue:
        return False
    return True


def _unknown(path: str, space: Space) -> UnknownName:
    group = path.rpartition(".")[0]
    paths = [variable.path for variable in space.variables]
    groups = {known[:end] for known in paths for end, sign in enumerate(known) if sign == "."}
    if group and group not in groups:
        return UnknownName("group", group, sorted(groups))
    return UnknownName("variable", path, paths)
