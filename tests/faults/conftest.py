"""A sweep as a user starts it: the command in a process group of its own, on its own database."""

import os
import resource
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


class Sweep:
    """The command, what it stored, and every process that it started."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "t.db"
        self.truth = folder / "truth"
        self.truth.touch()
        self.notice = folder / "notice"
        os.mkfifo(self.notice)
        self._reader = os.open(self.notice, os.O_RDWR)  # never sees an end of file
        self._notices = os.fdopen(self._reader, "r")
        self._mark = uuid.uuid4().hex

    def start(
        self, entry: str, *options: str, file_bytes: int | None = None
    ) -> "subprocess.Popen[str]":
        """Start `trialmq run`; with ``file_bytes`` no file of its can grow beyond that."""

        def limit() -> None:
            if file_bytes is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))

        command = [sys.executable, "-m", "trialmq", "run", entry, "--db", str(self.database)]
        return self.spawn(
            [*command, "--runners", "2", "--sampler", "random", *options], {}, before=limit
        )

    def spawn(
        self,
        command: list[str],
        environment: dict[str, str],
        before: Callable[[], None] | None = None,
    ) -> "subprocess.Popen[str]":
        """Start a command that runs the objectives of these tests."""
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env={
                **os.environ,
                "TRUTH": str(self.truth),
                "NOTICE": str(self.notice),
                "TRIALMQ_TEST_MARK": self._mark,
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=before,
        )

    def run(self, entry: str, *options: str) -> tuple[int, str]:
        """Run `trialmq run` to its end; its exit code and what it said."""
        process = self.start(entry, "--quiet", *options)
        said, _ = process.communicate(timeout=90)
        return process.returncode, said

    def await_notice(self) -> list[str]:
        """The next notice of an objective, as words."""
        return self._notices.readline().split()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database says."""
        with sqlite3.connect(self.database) as db:
            return db.execute(sql).fetchall()

    def true_lines(self, kind: str) -> list[list[str]]:
        """The lines of the truth file that begin with ``kind``."""
        lines = (line.split() for line in self.truth.read_text().splitlines())
        return [words[1:] for words in lines if words[0] == kind]

    def living(self) -> list[int]:
        """The processes of these sweeps that still live, wherever they are in the tree."""
        found = []
        for entry in Path("/proc").iterdir():
            try:
                environment = (entry / "environ").read_bytes()
                state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
            except (OSError, IndexError):
                continue
            if self._mark.encode() in environment and state not in "ZX":
                found.append(int(entry.name))
        return found

    def close(self) -> None:
        """End whatever is left."""
        self._notices.close()
        for process in self.living():
            os.kill(process, signal.SIGKILL)


@pytest.fixture
def sweep(tmp_path: Path) -> Iterator[Sweep]:
    """A sweep whose processes are all gone afterwards."""
    running = Sweep(tmp_path)
    yield running
    running.close()
