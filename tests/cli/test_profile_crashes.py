"""Killed at the moment of a commit: a profile is saved or it is not, what is queued runs once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from schema.failpoints import VARIABLE
from tests.cli.conftest import OBJECTIVES, TRIALS
from tests.cli.profiles import Place, copied


@pytest.fixture
def place(database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    """A database with the finished study ``quick``."""
    return Place(copied(database, tmp_path), capsys)


def killed(place: Place, nth: int, *words: str) -> bool:
    """Run a command in a process that dies just before its nth commit; whether it got so far."""
    process = subprocess.run(
        [sys.executable, "-m", "trialmq", *words, "--db", str(place.database)],
        env={**os.environ, VARIABLE: f"service.before_commit:{nth}:kill"},
        cwd=OBJECTIVES.parents[2],
        capture_output=True,
        check=False,
    )
    assert process.returncode in (0, -signal.SIGKILL), process.stderr
    return process.returncode != 0


def test_a_profile_whose_commit_did_not_happen_is_not_there(place: Place) -> None:
    words = ["profile", "save", "quiet", "--from", "quick:1"]
    assert killed(place, 1, *words)
    assert place.json("profile", "list") == []
    assert "quiet@1" in place(*words).out
    place("verify")


def test_what_is_queued_becomes_one_trial_however_often_the_run_is_killed(place: Place) -> None:
    queueing = ["queue", "quick", "--set", "model.slope=0.125"]
    assert killed(place, 1, *queueing)
    place(*queueing)
    words = [f"{OBJECTIVES}:train", "--study", "quick", "--sampler", "random", "--quiet"]
    words += ["--aggressiveness", "off", "--runners", "1", "--trials", str(TRIALS + 2)]
    deaths = [killed(place, nth, "run", *words) for nth in (2, 3, 4)]
    assert any(deaths)
    place("run", *words)
    made = [place.config("quick", TRIALS + i)["model.slope"] for i in range(2)]
    assert made[0] == 0.125 != made[1]
    assert place.cell("state", "quick", TRIALS) == "complete"
    place("verify")
