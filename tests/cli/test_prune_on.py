"""Studies of several metrics on the command line: pruned, shown as a front, warned of."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.test_bad_input import refusal
from trialmq.cli.main import main

OBJECTIVES = Path(__file__).parent / "pareto_objectives.py"
Capture = pytest.CaptureFixture[str]


def run(path: Path, *words: str, objective: str = "several") -> int:
    """Run thirty trials of an objective, one after the other."""
    common = ["--study", "s", "--sampler", "random", "--runners", "1", "--db", str(path)]
    return main(["run", f"{OBJECTIVES}:{objective}", "--trials", "30", *common, *words])


def pruned(path: Path) -> list[str]:
    """Why trials were pruned."""
    with sqlite3.connect(path) as db:
        return [text for (text,) in db.execute("SELECT reason FROM trial WHERE state = 'pruned'")]


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a study that was pruned on its Pareto rank, which nobody asked for."""
    path = tmp_path_factory.mktemp("front") / "t.db"
    assert run(path, "--quiet") == 0
    return path


def test_a_study_of_two_metrics_is_pruned_on_their_pareto_rank(front: Path) -> None:
    reasons = pruned(front)
    assert reasons
    assert all("dominated by at least 4 of " in reason for reason in reasons)


def test_show_tells_why_a_trial_was_dominated(front: Path, capsys: Capture) -> None:
    with sqlite3.connect(front) as db:
        (number,) = db.execute("SELECT number FROM trial WHERE state = 'pruned'").fetchone()
    assert main(["show", str(number), "--db", str(front)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "because: step " in text
    assert "finished trials (f1 0." in text


def test_best_shows_the_front_from_one_end_to_the_other(front: Path, capsys: Capture) -> None:
    assert main(["best", "--db", str(front)]) == 0
    lines = capsys.readouterr().out.splitlines()
    head = next(i for i, line in enumerate(lines) if line.split() == ["trial", "f1", "rate"])
    rows = []
    for line in lines[head + 1 :]:
        if len(line.split()) != 3:
            break
        rows.append([float(cell) for cell in line.split()])
    assert len(rows) > 2
    assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
    assert [row[2] for row in rows] == sorted((row[2] for row in rows), reverse=True)


def test_replay_compares_the_pareto_rank_with_the_pruners_of_one_metric(
    front: Path, capsys: Capture, tmp_path: Path
) -> None:
    file = tmp_path / "replay.json"
    assert main(["pruning", "replay", "--db", str(front), "--json", str(file)]) == 0
    found = json.loads(file.read_text())
    assert {"median", "hyperband", "pareto", "constraints"} <= {
        row["pruner"] for row in found["replayed"]
    }
    assert found["front"] > 2
    saved = {row["pruner"]: row["steps_saved"] for row in found["replayed"]}
    assert saved["median"] > 0
    assert "the front" in capsys.readouterr().out


def test_prune_on_names_the_metric_that_decides(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    assert run(path, "--quiet", "--pruner", "median", "--prune-on", "rate") == 0
    reasons = pruned(path)
    assert reasons
    assert all("is above the median" in reason for reason in reasons)


@pytest.mark.parametrize("table", ["study", "pruner"])
def test_a_study_file_says_what_to_prune_on(tmp_path: Path, table: str) -> None:
    path, file = tmp_path / "t.db", tmp_path / "study.toml"
    file.write_text(f'[{table}]\nprune_on = "f1"\n[pruner]\n' if table == "study" else
                    '[pruner]\nprune_on = "f1"\nn_startup_trials = 3\n')  # fmt: skip
    assert run(path, "--quiet", "--pruner", "median", "--study-file", str(file)) == 0
    reasons = pruned(path)
    assert reasons
    assert all("is below the median" in reason for reason in reasons)


def test_what_to_prune_on_is_said_once_in_a_study_file(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "study.toml"
    file.write_text('[study]\nprune-on = "f1"\n[pruner]\nprune_on = "rate"\n')
    assert run(tmp_path / "t.db", "--study-file", str(file)) == 2
    assert "write prune_on once, in [pruner] or in [study]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--prune-on", "f2"], "prune_on 'f2': it should be f1 or rate or pareto or constraints"),
        (["--pruner", "hyperband"], "say which one with prune_on"),
        (["--pruner-parameter", "dominate_by=3"], "'dominate_by'"),
    ],
)
def test_what_cannot_be_pruned_on_is_refused(
    words: list[str], sentence: str, tmp_path: Path, capsys: Capture
) -> None:
    objective = f"{OBJECTIVES}:several"
    assert sentence in refusal(capsys, "run", objective, "--db", str(tmp_path / "t.db"), *words)


def test_explain_shows_the_numbers_of_the_pareto_rank(capsys: Capture) -> None:
    assert main(["pruning", "explain", "--prune-on", "pareto", "--steps", "20"]) == 0
    text = capsys.readouterr().out
    assert "dominated_by" in text
    assert "pareto  for trials of 20 steps" in text


def test_a_metric_that_is_never_reported_is_warned_of(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "t.db"
    assert run(path, objective="misnamed") == 0
    warning = "no trial can be pruned on f1: trial 0 reported val_f1 at its steps"
    assert warning in " ".join(capsys.readouterr().out.split())
    assert main(["show", "0", "--db", str(path)]) == 0
    assert f"warning: {warning}" in " ".join(capsys.readouterr().out.split())
