"""A profile: a named, versioned, complete configuration, and where it comes from.

A profile is made from a trial (or the defaults) and edits to it, and never changed: what is saved
again under its name is its next version. It is flat values by path like every configuration, so
that it outlives the class it was made for: `schema.adaptation` fits it to a newer one.

Nothing here happens silently: an edit that the space refuses, or that would have no effect, is
refused, and what an edit switches off is an edit as well.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from schema.errors import ConfigurationError, InvalidValue, WrongInput
from schema.identity import checked_name
from schema.space import Space
from schema.values import Value, difference

DEFAULT = "default"
"""What a person calls the default configuration; no profile can have this name."""
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}
)
"""Windows takes a file of such a name for a device, whatever its extension."""

LATEST_SECONDS = 253_402_300_799.0
"""The end of the year 9999, in seconds since 1970."""


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """A value that was changed by a person, or fell back to its default because of that."""

    path: str
    old: Value
    new: Value


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where the values of a profile come from.

    ``study``, ``trial`` and ``metrics`` are those of the trial that was taken (empty and ``None``
    where it was none), ``edits`` all that differs from it, ``at`` wall-clock seconds.
    """

    study: str = ""
    trial: int | None = None
    metrics: dict[str, float] = {}
    edits: tuple[Edit, ...] = ()
    author: str = ""
    at: Annotated[float, msgspec.Meta(ge=0, le=LATEST_SECONDS)] | None = None
    because: str = ""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A named configuration.

    ``version`` counts from 1 under each name, ``objective`` is the entry point it is for,
    ``values`` are complete, and ``fingerprint`` is that of the space they were checked by, empty
    where a person wrote them.
    """

    name: str
    version: Annotated[int, msgspec.Meta(ge=1)]
    objective: str
    values: dict[str, Value]
    fingerprint: str = ""
    provenance: Provenance = Provenance()


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A variable that two configurations do not have in common; ``None`` where it is missing.

    ``active`` where it has an effect in one of them.
    """

    path: str
    left: Value | None
    right: Value | None
    active: bool


def checked_profile_name(name: str) -> str:
    """``name`` if a profile can have it, and a file on any system can be called after it.

    Raises:
        WrongInput: unless it is as `checked_name` wants it, does not end in a dot, and neither
            means the default configuration nor a device of Windows.
    """
    checked_name("profile", name)
    if name.lower() == DEFAULT:
        raise WrongInput(f"profile name {name!r}: it means the default configuration; take another")
    if name.partition(".")[0].lower() in _DEVICES:
        raise WrongInput(f"profile name {name!r}: it is a device on Windows; take another")
    if name.endswith("."):
        raise WrongInput(f"profile name {name!r}: end it with something else than a dot")
    return name


def edited(
    values: Mapping[str, Value], edits: Mapping[str, Value], space: Space
) -> dict[str, Value]:
    """The complete configuration `values` with `edits`, which take effect all together.

    What the edits make inactive falls back to its default.

    Raises:
        InvalidValue: a value is refused, or would have no effect because the variable is inactive.
        UnknownName: there is no such variable.
        ConfigurationError: `values` are not complete.
    """
    for variable in space.variables:
        if variable.path not in values:
            raise ConfigurationError(f"{variable.path} is missing")
    wanted = {path: space.check(path, value) for path, value in edits.items()}
    result = space.complete({**values, **wanted})
    for path, value in wanted.items():
        if result[path] != value:
            unmet = space.unmet(space.variable(path), result)
            raise InvalidValue(path, f"it has no effect unless {unmet}")
    return result


def with_edits(profile: Profile, edits: Mapping[str, Value], space: Space) -> Profile:
    """The profile with `edits`, noted in its provenance; name and version are as before.

    A variable that was edited before is noted once, from its first value to its last.

    Raises:
        InvalidValue, UnknownName, ConfigurationError: as `edited`.
    """
    values = edited(profile.values, edits, space)
    noted = {edit.path: edit for edit in profile.provenance.edits}
    for change in difference(profile.values, values):
        assert change.old is not None and change.new is not None  # both are complete
        before = noted.pop(change.path, None)
        old = before.old if before else change.old
        if old != change.new:
            noted[change.path] = Edit(path=change.path, old=old, new=change.new)
    return msgspec.structs.replace(
        profile,
        values=values,
        fingerprint=space.fingerprint(),
        provenance=msgspec.structs.replace(profile.provenance, edits=tuple(noted.values())),
    )


def differences(
    left: Mapping[str, Value], right: Mapping[str, Value], space: Space
) -> list[Difference]:
    """What two flat configurations do not have in common, in the order of `space`.

    Either may be that of a profile, of a trial, or the defaults. Variables that `space` does not
    have come last and are not active.
    """
    order = {variable.path: place for place, variable in enumerate(space.variables)}

    def active(path: str) -> bool:
        if path not in order:
            return False
        variable = space.variable(path)
        return any(path in side and space.is_active(variable, side) for side in (left, right))

    found = sorted(difference(left, right), key=lambda c: order.get(c.path, len(order)))
    return [Difference(path=c.path, left=c.old, right=c.new, active=active(c.path)) for c in found]
