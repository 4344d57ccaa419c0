"""``trialmq thresholds`` and ``trialmq importance``, on a database and of a study by name."""

import json
from pathlib import Path

import pytest

from tests.cli.test_bad_input import refusal
from trialmq.cli.importance import bar
from trialmq.cli.main import main

Capture = pytest.CaptureFixture[str]
OBJECTIVE = Path(__file__).with_name("detecting_objective.py")


@pytest.fixture(scope="module")
def detectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with one study of fourteen trials, ``d``."""
    path = tmp_path_factory.mktemp("insight") / "t.db"
    words = ["run", f"{OBJECTIVE}:train", "--study", "d", "--sampler", "random", "--quiet"]
    assert main([*words, "--trials", "14", "--runners", "1", "--db", str(path)]) == 0
    return path


def said(capsys: Capture, *words: str) -> str:
    """What a command prints."""
    assert main(words) == 0
    return capsys.readouterr().out


def test_thresholds_of_the_best_trial_as_a_table_and_a_picture(
    detectors: Path, capsys: Capture
) -> None:
    text = said(capsys, "thresholds", "--points", "3", "--db", str(detectors))
    assert "10 clips, 5 of them to be detected · 1 min of streams with 1 event" in text
    table = text.partition("F1 on clips by")[0]
    rows = {line.split()[0]: line.split()[1:] for line in table.splitlines() if line.split()}
    assert rows["0.25"] == ["0.5000", "1.000", "0.6667", "0.03333", "1.000", "0.06452", "1740"]
    assert rows["0.5"][:7] == ["1.000", "1.000", "1.000", "0.03333", "1.000", "0.06452", "1740"]
    assert rows["0.5"][7:] == ["←", "configured"]
    assert rows["0.8"][7:] == ["←", "best", "F1", "on", "clips"]
    assert "F1 on streams by inference.threshold" in text
    assert "trialmq profile save NAME --from d:" in text


def test_other_values_are_judged_at_once(detectors: Path, capsys: Capture) -> None:
    words = ["thresholds", "d:3", "--db", str(detectors), "--json", "-", "--points", "9"]
    found = json.loads(said(capsys, *words, "--smoothing", "1", "--smoothing", "2"))
    assert (found["study"], found["trial"]) == ("d", 3)
    assert found["roles"]["smoothing"] == "inference.smoothing"
    first, second = found["curves"]
    assert [curve["decision"]["smoothing"] for curve in (first, second)] == [1, 2]
    at_half = [p for curve in (first, second) for p in curve["points"] if p["threshold"] == 0.5]
    assert [point["false_alarms_per_hour"] for point in at_half] == [29 * 60, 0]
    assert [point["stream"]["recall"] for point in at_half] == [1, 1]
    words += ["--set", "inference.threshold=0.7", "--set", "inference.smoothing=3"]
    [other] = json.loads(said(capsys, *words))["curves"]
    assert other["decision"] == {
        "threshold": 0.7,
        "smoothing": 3,
        "high": None,
        "low": None,
        "cool_down": 0.0,
    }
    assert [p["threshold"] for p in other["points"] if "configured" in p["said"]] == [0.7]


def test_importance_shows_bars(detectors: Path, capsys: Capture) -> None:
    text = said(capsys, "importance", "d", "--db", str(detectors))
    assert "d  what decided f1, of 14 trials" in text
    assert [line.split()[0] for line in text.splitlines() if "%" in line] == ["quality", "noise"]
    assert (bar(1.0), bar(0.5), bar(0.0)) == ("█" * 30, "█" * 15, "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["thresholds", "d:99"], "there is no trial in study 'd': '99'"),
        (["thresholds", "d:x"], "write STUDY:NUMBER"),
        (["thresholds", "--points", "0"], "--points 0: it should be at least 1"),
        (["thresholds", "--smoothing", "0"], "--smoothing 0: it should be at least 1"),
        (["thresholds", "--set", "quality=1"], "no variable of the decision: 'quality'"),
        (["thresholds", "--set", "inference.threshold=2"], "inference.threshold: "),
        (["thresholds", "--set", "inference.threshold"], "write VAR=VALUE"),
        (["importance", "e"], "there is no study 'e'"),
    ],
)
def test_what_is_wrong_is_answered_with_what_would_be_right(
    words: list[str], sentence: str, detectors: Path, capsys: Capture
) -> None:
    assert sentence in refusal(capsys, *words, "--db", str(detectors))


def test_a_trial_without_scores_says_how_they_are_stored(database: Path, capsys: Capture) -> None:
    sentence = refusal(capsys, "thresholds", "quick:0", "--db", str(database))
    assert "trial.store_scores(clips=…, labels=…, threshold=…)" in sentence
