"""What differs between two settings of a study, line by line, and who changed them. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from schema.commands.studies import SettingsChange
from schema.study import StudySettings
from schema.values import written

NAMES = {
    "limits.trials": "trials in all",
    "limits.seconds": "start none after",
    "limits.trial_seconds": "a trial takes at most",
    "limits.silent_seconds": "it reports at least every",
    "parallelism": "trials at once",
    "weight": "share beside other studies",
    "pruner.control_fraction": "control trials",
    "pruner.prune_on": "judged by",
    "pruner.parameters": "numbers of the pruner",
    "pruner.steps": "steps of a full trial",
    "pruner.pruner": "pruner",
    "pruner.aggressiveness": "aggressiveness",
}


class Line(NamedTuple):
    """One setting that differs."""

    name: str
    old: str
    new: str


def differences(old: StudySettings, new: StudySettings) -> list[Line]:
    """The settings that differ, by the names that a person knows them by."""
    before, after = dict(_flat(old)), dict(_flat(new))
    return [
        Line(NAMES.get(path, path), _shown(path, before[path]), _shown(path, after[path]))
        for path in after
        if before[path] != after[path]
    ]


def patch(old: StudySettings, new: StudySettings) -> dict[str, Any]:
    """What has to be sent so that ``old`` becomes ``new``: nothing that is as it was."""
    before, after = msgspec.to_builtins(old), msgspec.to_builtins(new)
    changed: dict[str, Any] = {}
    for name, value in after.items():
        if isinstance(value, dict):
            inner = {key: v for key, v in value.items() if v != before[name][key]}
            if inner:
                changed[name] = inner
        elif value != before[name]:
            changed[name] = value
    return changed


class Version(NamedTuple):
    """One version of the settings: who put it in force, when, why, and what it changed."""

    number: int
    at: float
    author: str
    because: str
    lines: tuple[Line, ...]


def history(changes: Sequence[SettingsChange]) -> list[Version]:
    """The versions, the last one first; the first one is what the study began with."""
    found: list[Version] = []
    before: StudySettings | None = None
    for change in changes:
        lines = () if before is None else tuple(differences(before, change.settings))
        author = change.author or "who started it"
        found.append(Version(change.version, change.at, author, change.because, lines))
        before = change.settings
    return found[::-1]


def _flat(settings: StudySettings) -> Iterator[tuple[str, Any]]:
    for name, value in msgspec.to_builtins(settings).items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", inner) for key, inner in value.items())
        else:
            yield name, value


def _shown(path: str, value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{name}={written(number)}" for name, number in value.items()) or "none"
    if path == "pruner.control_fraction":
        return f"{value:.4g}" if value > 1 else f"{value * 100:.4g} %"
    return written(value) if isinstance(value, bool | int | float | str) else str(value)
