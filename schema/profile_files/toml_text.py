"""A profile as TOML: a table a group, and beside each variable what a person wants to know of it.

    [training]
    # step size, in 1/step
    learning_rate = 0.003  # 1e-05..0.1,log; default 0.001; live
    momentum = 0.9  # 0.0..0.99; inactive unless training.optimizer is sgd

Comments are for people alone; reading does not look at them.
"""

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import tomli_w

from schema.errors import WrongInput
from schema.profile import Profile
from schema.profile_files.document import ABOUT, tables_of
from schema.space import Space
from schema.values import written
from schema.variables import Variable


def write_toml(profile: Profile, space: Space) -> str:
    """The file that holds `profile`, commented with what `space` knows of its variables.

    Raises:
        ConfigurationError: its variables cannot stand in a file; see `tables_of`.
    """
    about = tables_of(profile)[ABOUT]
    groups: dict[str, list[str]] = {"": []}  # what is in no group comes first: TOML wants it so
    declared = [variable.path for variable in space.variables if variable.path in profile.values]
    for path in dict.fromkeys([*declared, *profile.values]):
        groups.setdefault(path.rpartition(".")[0], []).append(path)
    lines = [_comment(_origin(profile))]
    for group, paths in groups.items():
        if paths:
            lines += ["", f"[{_dotted(group)}]"] if group else [""]
            lines += [line for path in paths for line in _lines(path, profile, space)]
    return "\n".join([*lines, "", tomli_w.dumps({ABOUT: about})])


def read_toml(text: str) -> dict[str, Any]:
    """The tables of the TOML file that has this text.

    Raises:
        WrongInput: it is not TOML; says the line and column.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        end = f"at line {text.count(chr(10)) + 1}, column {len(text) - text.rfind(chr(10))}"
        raise WrongInput(f"not TOML: {str(error).replace('at end of document', end)}") from error
    except ValueError as error:  # a whole number of thousands of digits
        raise WrongInput("not TOML: a whole number must fit in 64 bits") from error


def _lines(path: str, profile: Profile, space: Space) -> Iterator[str]:
    line = tomli_w.dumps({path.rpartition(".")[2]: profile.values[path]}).rstrip("\n")
    if not space.has(path):
        yield f"{line}  # not in the configuration class of today"
        return
    variable = space.variable(path)
    if meaning := ", in ".join(text for text in (variable.doc, variable.unit) if text):
        yield _comment(meaning)
    facts = "; ".join(_facts(variable, profile, space))
    yield f"{line}  {_comment(facts)}" if facts else line


def _facts(variable: Variable, profile: Profile, space: Space) -> Iterator[str]:
    if domain := variable.domain():
        yield domain
    if profile.values[variable.path] != variable.default:
        yield f"default {written(variable.default)}"
    if variable.live:
        yield "live"
    if variable.after_training:
        yield "after training"
    if unmet := space.unmet(variable, profile.values):
        yield f"inactive unless {unmet}"


def _origin(profile: Profile) -> str:
    """``profile quiet, version 3: trial 7 of study a, edited; 2026-05-01 12:30 UTC; by Ann``."""
    source = profile.provenance
    text = f"profile {profile.name}, version {profile.version}"
    if source.study:
        trial = "" if source.trial is None else f"trial {source.trial} of "
        text += f": {trial}study {source.study}"
    if source.edits:
        text += ", edited"
    if source.at is not None:
        text += f"; {datetime.fromtimestamp(source.at, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{text}; by {source.author}" if source.author else text


def _comment(text: str) -> str:
    """`text` as a comment of one line; a character that TOML forbids there is replaced."""
    line = " ".join(text.split())
    return "# " + "".join(s if s.isprintable() else "\N{REPLACEMENT CHARACTER}" for s in line)


def _dotted(group: str) -> str:
    """The name of a table: each part as a key, in quotes where it must be."""
    keys = (tomli_w.dumps({name: 0}).rpartition(" = ")[0] for name in group.split("."))
    return ".".join(keys)
