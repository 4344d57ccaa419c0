"""Settings that a client sends: checked, and patched onto those in force. Pure."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from orchestrator.pruning.build import build_study_pruner
from schema.errors import UnknownName, WrongInput
from schema.study import ObjectiveDescription, StudySettings, StudySpec

LEAVES = {"parameters"}
"""Replaced as a whole, because another pruner has other ones."""


def check_settings(settings: StudySettings, objective: ObjectiveDescription, study: str) -> None:
    """Can a study of this objective run under these settings?

    Raises:
        WrongInput: a number makes no sense, or they describe no pruner.
    """
    limits = settings.limits
    if not 0 < settings.weight < math.inf:
        raise WrongInput(f"weight {settings.weight}: a share is a number above 0")
    whole = {"parallelism": settings.parallelism, "limits.trials": limits.trials}
    for name, number in whole.items():
        if number is not None and not 1 <= number < 2**31:
            raise WrongInput(f"{name} {number}: at least one trial, or none for no limit")
    for name, seconds in (("seconds", limits.seconds), ("trial_seconds", limits.trial_seconds)):
        if seconds is not None and not 0 < seconds < math.inf:
            raise WrongInput(f"limits.{name} {seconds}: seconds above 0, or none for no limit")
    build_study_pruner(settings.pruner, objective, study)


def patched(spec: StudySpec, patch: Mapping[str, Any]) -> StudySettings:
    """The study's settings with those of ``patch`` in their places, checked.

    Raises:
        UnknownName: there is no such setting; the message offers the nearest.
        WrongInput: a setting is of the wrong type, or makes no sense.
    """
    merged = _merged(msgspec.to_builtins(spec.settings), patch, "")
    try:
        settings = msgspec.convert(merged, StudySettings)
    except msgspec.ValidationError as error:
        raise WrongInput(f"settings of study {spec.name!r}: {error}") from error
    check_settings(settings, spec.objective, spec.name)
    return settings


def _merged(before: dict[str, Any], patch: Mapping[str, Any], at: str) -> dict[str, Any]:
    merged = dict(before)
    for name, value in patch.items():
        if name not in before:
            raise UnknownName("setting", f"{at}{name}", [at + known for known in before])
        group = before[name]
        if isinstance(group, dict) and isinstance(value, Mapping) and name not in LEAVES:
            merged[name] = _merged(group, value, f"{at}{name}.")
        else:
            merged[name] = value
    return merged
