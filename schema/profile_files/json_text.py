"""A profile as JSON: no comments, and nothing that only some readers of JSON understand."""

import json
from typing import Any

from schema.errors import WrongInput
from schema.profile import Profile
from schema.profile_files.document import tables_of


def write_json(profile: Profile) -> str:
    """The file that holds `profile`.

    Raises:
        ConfigurationError: its variables cannot stand in a file; see `tables_of`.
    """
    return json.dumps(tables_of(profile), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(text: str) -> dict[str, Any]:
    """The tables of the JSON file that has this text; NaN is read, for others to refuse by name.

    Raises:
        WrongInput: it is not JSON (says the line and column), not an object, or has a key twice.
    """
    try:
        tables: object = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        place = f"(at line {error.lineno}, column {error.colno})"
        raise WrongInput(f"not JSON: {error.msg} {place}") from error
    except ValueError as error:  # a whole number of thousands of digits
        raise WrongInput("not JSON: a whole number must fit in 64 bits") from error
    if not isinstance(tables, dict):
        raise WrongInput('write an object by group, like {"training": {"epochs": 6}}')
    return tables


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise WrongInput(f"{twice!r} stands twice in the same object")
    return found
