"""``trialmq train`` on one machine: from the defaults, a trial or a profile; ended and resumed."""

import json
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from trialmq.cli.main import main

LIVE = Path(__file__).with_name("live_objectives.py")
QUICK, TRAIN = f"{LIVE}:quick", f"{LIVE}:train"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a training leaves lies in the test's directory."""
    monkeypatch.chdir(tmp_path)


def stored() -> dict[str, tuple[str, dict[str, float], dict[str, float]]]:
    """State, configuration and metrics of each session."""
    with sqlite3.connect("trialmq.db") as db:
        rows = db.execute(
            "SELECT s.name, t.state, t.config, t.metrics "
            "FROM trial t JOIN study s ON s.id = t.study"
        )
        return {name: (s, json.loads(c), json.loads(m or "{}")) for name, s, c, m in rows}


def test_a_training_begins_with_what_is_set_and_nothing_is_searched(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["train", QUICK, "--session", "one", "--set", "training.rate=0.02", "--quiet"]
    assert main(words) == 0
    state, config, metrics = stored()["one"]
    assert (state, metrics) == ("complete", {"score": 0.02, "width": 4.0})
    assert config == {"training.rate": 0.02, "training.smoothing": 0.0, "training.width": 4}
    assert "session one is complete: score 0.02" in capsys.readouterr().out


def test_a_training_begins_with_the_best_trial_of_a_study_or_with_a_profile(
    capsys: pytest.CaptureFixture[str],
) -> None:
    search = ["run", QUICK, "--study", "search", "--trials", "4", "--sampler", "random"]
    assert main([*search, "--runners", "1", "--quiet"]) == 0
    with sqlite3.connect("trialmq.db") as db:
        [best] = db.execute("SELECT max(value) FROM trial").fetchone()
    assert main(["train", QUICK, "--session", "best", "--from", "search", "--quiet"]) == 0
    changed = ["--from", "search:0", "--set", "training.width=9"]
    assert main(["train", QUICK, "--session", "first", *changed, "--quiet"]) == 0
    assert main(["profile", "save", "good", "--from", "search"]) == 0
    assert main(["train", QUICK, "--session", "profiled", "--profile", "good", "--quiet"]) == 0
    sessions = stored()
    assert sessions["best"][2]["score"] == sessions["profiled"][2]["score"] == best
    assert sessions["first"][2] == {"score": 1e-3, "width": 9.0}
    assert main(["session", "apply", "search", "training.rate=0.01"]) == 2
    assert "'search' is a search: say which of its trials, as in search:12" in (
        capsys.readouterr().err
    )
    assert main(["train", QUICK, "--from", "search:77"]) == 2
    assert "there is no such trial" in capsys.readouterr().err
    assert main(["train", QUICK, "--set", "training.rate=5"]) == 2
    assert "training.rate: 5 is above 0.1" in capsys.readouterr().err


def test_an_interrupted_training_is_edited_and_goes_on_from_its_checkpoint(
    trialmq: Callable[..., subprocess.Popen[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    first = trialmq("train", TRAIN, "--session", "long")
    assert first.stdout is not None
    while "step " not in first.stdout.readline():
        pass
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=30)
    assert first.returncode == 130
    assert f"go on with: trialmq train {TRAIN} --session long" in said
    assert main(["session", "apply", "long", "training.rate=0.02"]) == 0
    assert "sent (revision 1); the training has not taken it yet" in capsys.readouterr().out
    second = trialmq("train", TRAIN, "--session", "long")
    assert second.stdout is not None
    while "attempt 2" not in second.stdout.readline():
        pass
    Path("end").touch()
    second.communicate(timeout=30)
    assert second.returncode == 0
    with sqlite3.connect("trialmq.db") as db:
        begun = db.execute("SELECT text FROM event WHERE kind = 'begins'").fetchall()
    assert begun == [("attempt 2 goes on from attempt-1/step",)]
    assert stored()["long"][2]["score"] == 0.02
    assert main(["session", "show", "long"]) == 0
    assert "training.rate 0.001 → 0.02 applied in attempt 2" in capsys.readouterr().out
    assert main(["session", "apply", "long", "training.rate=0.03"]) == 2
    assert "session 'long' has ended already" in capsys.readouterr().err
