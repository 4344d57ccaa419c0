"""Settings of a study as they are written on the command line: ``limits.trials=80``. Pure.

Names and types are those of `StudySettings`, so what can be set follows from the struct.
"""

from collections.abc import Sequence
from enum import StrEnum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from schema.durations import parse_duration
from schema.errors import UnknownName, WrongInput
from schema.study import StudySettings
from trialmq.cli.options import number_or_word

NOTHING = ("none", "auto")
WANTED = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}


def settings_patch(changes: Sequence[str]) -> dict[str, Any]:
    """The nested patch of ``name=value`` texts.

    Raises:
        WrongInput: one of them is no setting, or not a value of it.
    """
    if not changes:
        raise WrongInput("write what to change: NAME=VALUE, such as limits.trials=80")
    patch: dict[str, Any] = {}
    for text in changes:
        path, equals, value = text.partition("=")
        if not equals:
            raise WrongInput(f"{text!r}: write NAME=VALUE, such as limits.trials=80")
        *groups, name = path.strip().split(".")
        inner = patch
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[name] = _value(path.strip(), value.strip())
    return patch


def _value(path: str, text: str) -> Any:
    kind = _kind(path)
    if kind is None:
        return number_or_word(text)
    try:
        if path.endswith("seconds") and text not in NOTHING:
            return parse_duration(text)
        value = None if text in NOTHING else text
        return msgspec.to_builtins(msgspec.convert(value, kind, strict=False))
    except (msgspec.ValidationError, WrongInput) as error:
        raise WrongInput(f"{path}: {text!r} is not {_wanted(path, kind)}") from error


def _kind(path: str) -> Any:
    """The type of the setting at ``path``; ``None`` for a number of the pruner."""
    kind: Any = StudySettings
    for part in path.split("."):
        if get_origin(kind) is dict:
            return None
        hints = get_type_hints(kind) if _is_struct(kind) else {}
        if part not in hints:
            raise UnknownName("setting", path, paths())
        kind = hints[part]
    if _is_struct(kind) or get_origin(kind) is dict:
        inside = ", ".join(name for name in paths() if name.startswith(path))
        raise WrongInput(f"{path}: name one setting of it: {inside}")
    return kind


def _wanted(path: str, kind: Any) -> str:
    """What would be right."""
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return f"one of {', '.join(kind)}"
    kinds = get_args(kind) or (kind,)
    if path.endswith("seconds"):
        what = "a duration such as 90s, 10m or 2h"
    else:
        what = next(words for known, words in WANTED.items() if known in kinds)
    return f"{what}, or none" if NoneType in kinds else what


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def paths(kind: type = StudySettings, prefix: str = "") -> Sequence[str]:
    """Every setting by its dotted path."""
    found: list[str] = []
    for name, inner in get_type_hints(kind).items():
        if _is_struct(inner):
            found += paths(inner, f"{prefix}{name}.")
        else:
            found.append(f"{prefix}{name}{'.NAME' if get_origin(inner) is dict else ''}")
    return found
