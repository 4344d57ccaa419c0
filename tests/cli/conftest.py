"""A database made by a real sweep, and the command line in a process of its own."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from trialmq.cli.log import OURS
from trialmq.cli.main import main

OBJECTIVES = Path(__file__).parent / "objectives.py"
TRIALS = 12
Command = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one study of twelve trials, ``quick``; number 3 failed."""
    path = tmp_path_factory.mktemp("cli") / "t.db"
    words = ["run", f"{OBJECTIVES}:train", "--study", "quick", "--sampler", "random", "--quiet"]
    words += ["--trials", str(TRIALS), "--runners", "2", "--aggressiveness", "off"]
    assert main([*words, "--db", str(path)]) == 0
    return path


@pytest.fixture
def trialmq(tmp_path: Path) -> Command:
    """Starts ``trialmq`` in a process, in an empty directory."""

    def start(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "trialmq", *words],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    return start


@pytest.fixture(autouse=True)
def as_wide_as_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may say how wide a terminal is; what is checked here is a pipe."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """A command that logs configures it for its process, which here is that of all tests."""
    loggers = [logging.getLogger(name) for name in ("", *OURS)]
    before = [(logger, logger.level, list(logger.handlers)) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers
