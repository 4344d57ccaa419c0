"""A study file: the options of ``trialmq run`` in TOML, so that a study can be kept and shared.

    leave_out = ["augmentation"]

    [study]
    trials = 100                        # the options of the command line, by the same names
    aggressiveness = "conservative"

    [set.training]
    epochs = 12

    [search.training]
    learning_rate = { low = 1e-4, high = 1e-2, log = true }

    [pruner]
    prune_on = "f1"                     # a metric, "pareto" or "constraints"; or in [study]
    min_resource = 2

What stands on the command line wins.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cyclopts import App, ArgumentCollection
from cyclopts.config import Dict

from schema.errors import UnknownName, WrongInput
from schema.overrides import Overrides, overrides_from_tables

OPTION = "--study-file"
PRUNE_ON = "prune_on"
"""The option that may stand in [pruner] as well, where one looks for it."""

TABLES = ("study", "set", "search", "leave_out", "pruner")
ELSEWHERE = ("study-file", "set", "search", "leave-out", "pruner-parameter", "debug", "help")
"""Options that make no sense in [study], or that have a table of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFile:
    """What one file says: options by name, overrides of the space, numbers of the pruner."""

    options: Mapping[str, Any] = field(default_factory=dict)
    overrides: Overrides = field(default_factory=Overrides)
    parameters: Mapping[str, Any] = field(default_factory=dict)


def read_study_file(path: Path) -> StudyFile:
    """Read a study file.

    Raises:
        WrongInput: it cannot be read, is not TOML, or holds what a study file has no place for.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise WrongInput(f"there is no study file {path}") from error
    except OSError as error:
        raise WrongInput(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # not TOML, or not UTF-8
        raise WrongInput(f"{path} is not a TOML file: {error}") from error
    for name in tables:
        if name not in TABLES:
            raise UnknownName(f"key of a study file (in {path})", name, TABLES)
    for name in ("study", "pruner"):
        if not isinstance(tables.get(name, {}), dict):
            raise WrongInput(f"{path}: write {name} as a table, [{name}]")
    try:
        overrides = overrides_from_tables({k: tables[k] for k in TABLES[1:4] if k in tables})
    except WrongInput as error:
        raise WrongInput(f"{path}: {error}") from error
    options, parameters = dict(tables.get("study", {})), dict(tables.get("pruner", {}))
    if PRUNE_ON in parameters:
        if PRUNE_ON in options or PRUNE_ON.replace("_", "-") in options:
            raise WrongInput(f"{path}: write {PRUNE_ON} once, in [pruner] or in [study]")
        options[PRUNE_ON] = parameters.pop(PRUNE_ON)
    return StudyFile(options=options, overrides=overrides, parameters=parameters)


def fill_from_study_file(
    app: App, commands: tuple[str, ...], arguments: ArgumentCollection
) -> None:
    """Give every option that the command line leaves out the value it has in the study file.

    Raises:
        WrongInput: as `read_study_file`, or an option that does not exist.
    """
    chosen = next((a for a in arguments if a.name == OPTION), None)
    if chosen is None or not chosen.tokens:
        return
    path = Path(chosen.tokens[0].value)
    known = [a.name.removeprefix("--") for a in arguments if a.name.startswith("--")]
    known = [name for name in known if name not in ELSEWHERE]
    given = {name.replace("_", "-"): v for name, v in read_study_file(path).options.items()}
    for name, value in given.items():
        if name not in known:
            raise UnknownName(f"option in [study] of {path}:", name, known)
        if isinstance(value, dict | list):
            raise WrongInput(f"{path}: {name} in [study] takes one value")
    under_command: dict[str, Any] = given
    for command in reversed(commands):
        under_command = {command: under_command}
    Dict(under_command, source=str(path))(app, commands, arguments)
