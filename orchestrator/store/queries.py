"""The SQL of the store, read from the files beside it: numbered migrations and named queries."""

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (.+)$", re.MULTILINE)


@cache
def query(name: str) -> str:
    """The statement that stands under ``-- name: <name>`` in ``queries.sql``."""
    return named_queries("queries.sql")[name]


@cache
def named_queries(file: str) -> dict[str, str]:
    """Every statement of a file beside this one, by the name above it."""
    text = (files(__package__) / "sql" / file).read_text("utf-8")
    parts = _NAME.split(text)[1:]
    return {name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)}


def migrations() -> list[tuple[int, str]]:
    """Number and text of every migration, in order; they only go forward."""
    scripts = (files(__package__) / "sql").iterdir()
    numbered = [s for s in scripts if s.name[:4].isdigit() and s.name.endswith(".sql")]
    return sorted((int(s.name[:4]), s.read_text("utf-8")) for s in numbered)
