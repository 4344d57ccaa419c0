"""Commands on a database of a test's own, and what they say."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from trialmq.cli.main import main


class Answer(NamedTuple):
    """What a command printed on standard output and standard error."""

    out: str
    err: str


class Place:
    """The command line with one database."""

    def __init__(self, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.database = database
        self._capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> Answer:
        """Run a command that ends with this code."""
        self._capsys.readouterr()
        ended = main([*words, "--db", str(self.database)])
        said = self._capsys.readouterr()
        assert ended == code, said.err
        return Answer(said.out, said.err)

    def refused(self, *words: str) -> str:
        """The one sentence with which the words are refused."""
        said = self(*words, code=2).err.strip()
        assert said.startswith("trialmq: ")
        assert "\n" not in said
        return said.removeprefix("trialmq: ")

    def run(self, objective: str, *words: str) -> Answer:
        """A quiet search on one runner."""
        return self("run", objective, "--quiet", "--sampler", "random", "--runners", "1", *words)

    def json(self, *words: str) -> Any:
        """What a command writes as JSON."""
        return json.loads(self(*words, "--json").out)

    def values(self, profile: str) -> dict[str, Any]:
        """The values of a profile by group."""
        found: dict[str, Any] = self.json("profile", "show", profile)
        del found["trialmq"]
        return found

    def config(self, study: str, number: int) -> dict[str, Any]:
        """The configuration of a trial."""
        found: dict[str, Any] = json.loads(self.cell("config", study, number))
        return found

    def cell(self, column: str, study: str, number: int) -> Any:
        """What is stored of a trial."""
        with closing(sqlite3.connect(self.database)) as db:
            [(found,)] = db.execute(
                f"SELECT {column} FROM trial t JOIN study s ON s.id = t.study "
                "WHERE s.name = ? AND t.number = ?",
                (study, number),
            )
        return found


def copied(database: Path, folder: Path) -> Path:
    """A copy of a database that nobody has open."""
    return Path(shutil.copy(database, folder / "own.db"))
