"""Profile files: path in, profile out, and back; the format goes by the ending of the path.

A file that comes from elsewhere is no reason to trust it: it is bounded, must be text, and whatever
is wrong with it becomes one sentence that begins with its path.
"""

import os
from pathlib import Path
from typing import Any

from schema.errors import TrialMQError, WrongInput
from schema.profile import Profile
from schema.profile_files.document import profile_of
from schema.profile_files.json_text import read_json, write_json
from schema.profile_files.toml_text import read_toml, write_toml
from schema.profile_files.yaml_text import read_yaml, write_yaml
from schema.space import Space

MOST_BYTES = 2**20
ENDINGS = (".toml", ".json", ".yaml", ".yml")


def profile_text(profile: Profile, space: Space, ending: str) -> str:
    """`profile` in the format of files that end in `ending`; `space` explains its variables.

    Raises:
        WrongInput: there is no such format.
        ConfigurationError: its variables cannot stand in a file; see `tables_of`.
    """
    match ending.lower():
        case ".toml":
            return write_toml(profile, space)
        case ".json":
            return write_json(profile)
        case ".yaml" | ".yml":
            return write_yaml(profile)
    raise _no_format(ending)


def profile_from_text(text: str, ending: str, name: str) -> Profile:
    """The profile that a file with this text and ending holds, called `name` where it says none.

    Raises:
        WrongInput: there is no such format, or the text is not in it; see `profile_of`.
    """
    try:
        return profile_of(_tables(text, ending.lower()), name)
    except RecursionError as error:
        raise WrongInput("it is nested too deeply") from error


def check_ending(path: Path) -> None:
    """Can a profile be written to a file of this name?

    Raises:
        WrongInput: its ending is no format of profiles.
    """
    if path.suffix.lower() not in ENDINGS:
        raise _no_format(path.suffix)


def write_profile(path: Path, profile: Profile, space: Space) -> None:
    """Write `profile` to the file at `path`, as a whole or not at all, in place of what is there.

    Raises:
        WrongInput: it cannot be written; otherwise as `profile_text`.
    """
    text = profile_text(profile, space, path.suffix)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8", newline="\n")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise WrongInput(f"{path} cannot be written: {error.strerror or error}") from error


def read_profile(path: Path) -> Profile:
    """The profile in the file at `path`; its values are typed, but not yet checked by a space.

    Raises:
        WrongInput: it is not there, no file, not text, above `MOST_BYTES`, or does not hold a
            profile; the sentence begins with the path.
    """
    text = _text(path)
    try:
        return profile_from_text(text, path.suffix, path.stem)
    except TrialMQError as error:
        raise WrongInput(f"{path}: {error}") from error


def _tables(text: str, ending: str) -> dict[str, Any]:
    match ending:
        case ".toml":
            return read_toml(text)
        case ".json":
            return read_json(text)
        case ".yaml" | ".yml":
            return read_yaml(text)
    raise _no_format(ending)


def _no_format(ending: str) -> WrongInput:
    return WrongInput(f"{ending!r} is no format of profiles; end the file in {', '.join(ENDINGS)}")


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise WrongInput(f"{path}: it is not a file; write the path of one")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise WrongInput(f"there is no profile file {path}") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        raise WrongInput(f"{path}: it cannot be read: {error}") from error
    if len(content) > MOST_BYTES:
        raise WrongInput(f"{path}: it is larger than {MOST_BYTES >> 10} KiB, no profile is")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise WrongInput(f"{path}: it is not a text file in UTF-8") from error
    if "\0" in text:
        raise WrongInput(f"{path}: it is a binary file")
    return text
