"""What a profile file holds, whatever its format: the values by group, and a table about them.

    {"training": {"learning_rate": 0.001, …}, …, "trialmq": {"name": "best", "version": 3, …}}

The table is optional, so that a person can write a file by hand: it is then a profile that is
called after the file. Formats only carry these tables; everything that a file may get wrong but
its syntax is refused here, values by the same sentences as everywhere.
"""

from collections.abc import Mapping
from math import isfinite
from typing import Annotated, Any, Literal

import msgspec

from schema.errors import ConfigurationError, InvalidValue, UnknownName, WrongInput
from schema.profile import LATEST_SECONDS, Edit, Profile, Provenance
from schema.values import Value, kind_of, nest, shown, typed, unnest

ABOUT = "trialmq"
"""The table that is not a group: whose values these are, and where they come from."""


class About(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A profile without its values, flat; numbers that are not finite stand as text."""

    name: str
    version: Annotated[int, msgspec.Meta(ge=1)] = 1
    objective: str = ""
    fingerprint: str = ""
    study: str = ""
    trial: int | None = None
    author: str = ""
    at: Annotated[float, msgspec.Meta(ge=0, le=LATEST_SECONDS)] | None = None
    because: str = ""
    metrics: dict[str, float | Literal["nan", "inf", "-inf"]] = {}
    edits: tuple[Edit, ...] = ()


def tables_of(profile: Profile) -> dict[str, Any]:
    """The tables of a file that holds `profile`.

    Raises:
        ConfigurationError: a group or variable is called as the table about the profile is.
    """
    values = nest(profile.values)
    if ABOUT in values:
        raise ConfigurationError(f"a variable or group called {ABOUT} cannot stand in a file")
    source = profile.provenance
    about = About(
        name=profile.name,
        version=profile.version,
        objective=profile.objective,
        fingerprint=profile.fingerprint,
        study=source.study,
        trial=source.trial,
        author=source.author,
        at=source.at,
        because=source.because,
        metrics={k: v if isfinite(v) else _word(v) for k, v in source.metrics.items()},
        edits=source.edits,
    )
    # Version 1 is a default, but a file that says nothing of its version looks unfinished.
    table = {"name": profile.name, "version": profile.version, **msgspec.to_builtins(about)}
    return {**values, ABOUT: table}


def profile_of(tables: Mapping[str, object], name: str) -> Profile:
    """The profile that stands in the tables of a file; `name` is its name where they say none.

    Raises:
        InvalidValue: a value that no variable can have: NaN, a list, nothing.
        ConfigurationError: a path is both a variable and a group.
        UnknownName: the table about the profile has a key that is none.
        WrongInput: it is otherwise not as it should be. The name is checked when it is saved.
    """
    about = _about(tables.get(ABOUT, {}), name)
    values: dict[str, Value] = {}
    for path, value in unnest({key: table for key, table in tables.items() if key != ABOUT}):
        if path in values:  # once in its table and once as a key with dots
            raise WrongInput(f"{path} stands there twice")
        if not all(path.split(".")):
            raise WrongInput(f"{path!r}: a variable or group has no name")
        values[path] = _plain(path, value)
    nest(values)  # refuses what is both a variable and a group
    for edit in about.edits:
        for value in (edit.old, edit.new):
            _plain(edit.path, value)
    profile = Profile(
        name=about.name,
        version=about.version,
        objective=about.objective,
        values=values,
        fingerprint=about.fingerprint,
        provenance=Provenance(
            study=about.study,
            trial=about.trial,
            metrics={key: float(value) for key, value in about.metrics.items()},
            edits=about.edits,
            author=about.author,
            at=about.at,
            because=about.because,
        ),
    )
    try:
        msgspec.msgpack.encode(profile)
    except (UnicodeEncodeError, OverflowError) as error:
        raise WrongInput("it holds text that is not Unicode, or a number too large") from error
    return profile


def _about(table: object, name: str) -> About:
    if not isinstance(table, Mapping):
        raise WrongInput(f"write {ABOUT} as a table, with the name of the profile")
    for key in table:
        if key not in About.__struct_fields__:
            raise UnknownName(f"key of the table {ABOUT}", str(key), About.__struct_fields__)
    try:
        return msgspec.convert({"name": name, **table}, About)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$")
        raise WrongInput(f"{ABOUT}{place.rstrip('`')}: {problem}") from error


def _plain(path: str, value: object) -> Value:
    kind = kind_of(value)
    if kind is None:
        raise InvalidValue(path, f"{shown(value)} is not a value; write true, 6, 1e-3 or text")
    return typed(kind, value, path)


def _word(number: float) -> Literal["nan", "inf", "-inf"]:
    if number != number:
        return "nan"
    return "inf" if number > 0 else "-inf"
