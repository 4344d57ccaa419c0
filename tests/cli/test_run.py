"""``trialmq run`` as users call it: exit codes, the JSON file, going on, Ctrl-C."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.cli.conftest import OBJECTIVES, Command
from trialmq.cli.main import main

TRAIN = f"{OBJECTIVES}:train"


def run(database: Path, *words: str, entry: str = "train") -> int:
    """The exit code of a quick run."""
    common = ["--db", str(database), "--runners", "2", "--sampler", "random"]
    return main(["run", f"{OBJECTIVES}:{entry}", *common, *words])


def numbers(database: Path) -> Counter[int]:
    """How often each trial number is stored."""
    with sqlite3.connect(database) as db:
        return Counter(number for (number,) in db.execute("SELECT number FROM trial"))


def test_the_json_file_holds_the_summary(tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    assert run(tmp_path / "t.db", "--trials", "6", "--quiet", "--json", str(target)) == 0
    summary = json.loads(target.read_text())
    assert summary["study"] == "cli-objectives-train"
    assert summary["trials"] == {"complete": 5, "pruned": 0, "failed": 1}
    assert summary["best"]["metrics"].keys() == {"loss", "size"}
    assert summary["best"]["config"].keys() == {"model", "training"}
    assert summary["best"]["config"]["training"]["epochs"] == 8
    assert summary["steps"] == 5 * 8
    assert summary["seconds"] > 0
    assert summary["trial_seconds"] > 0
    assert [path.name for path in tmp_path.glob(".out.json*")] == []


def test_json_on_standard_output_stands_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "t.db", "--trials", "2", "--json", "-") == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["trials"]["complete"] == 2
    assert "2 trials in" in said.err


def test_quiet_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "t.db", "--trials", "2", "--quiet") == 0
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_more_trials_go_on_with_the_study_and_no_more_trials_end_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "t.db"
    assert run(database, "--trials", "4") == 0
    assert run(database, "--trials", "6") == 0
    assert "6 trials, 2 of them now" in capsys.readouterr().out
    assert numbers(database) == Counter(range(6))
    assert run(database, "--trials", "6") == 0
    said = capsys.readouterr().out
    assert "has all its 6 trials already" in said
    assert "--trials 9" in said
    assert numbers(database) == Counter(range(6))


def test_the_last_screen_names_the_next_commands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "t.db"
    assert run(database, "--trials", "3", "--set", "model.kind=linear") == 0
    said = capsys.readouterr().out
    assert f"trialmq trials cli-objectives-train --db {database}" in said
    assert "--format toml" in said
    assert "--set model.kind=linear --trials 4" in said
    assert "bend" not in said  # inactive with model.kind=linear


def test_a_study_whose_trials_all_fail_alike_is_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "t.db", "--quiet", entry="broken") == 1
    said = capsys.readouterr().err
    assert "the first 5 trials all failed for the same reason" in said
    assert "ValueError: there is no data" in said
    assert f"trialmq show cli-objectives-broken 0 --db {tmp_path / 't.db'}" in said


def test_without_a_complete_trial_the_exit_code_is_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path / "t.db", "--trials", "4", "--quiet", entry="elsewhere") == 1
    assert "no trial completed (4 failed)" in capsys.readouterr().err
    assert main(["best", "--db", str(tmp_path / "t.db")]) == 1


def test_several_metrics_end_with_their_pareto_front(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "t.db"
    assert run(database, "--trials", "3", entry="two") == 0
    front = "Pareto front of loss and cost: 3 trials (0, 1, 2)"
    assert front in capsys.readouterr().out
    assert main(["best", "--db", str(database)]) == 0
    assert front in capsys.readouterr().out


def test_a_time_limit_ends_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "t.db", "--timeout", "0.3s", entry="slow") == 0
    said = capsys.readouterr().out
    assert "the time limit of 0.3 s is reached" in said
    assert 1 <= len(numbers(tmp_path / "t.db")) < 40


def test_the_command_line_wins_over_the_study_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "study.toml").write_text(
        'leave_out = ["model.kind"]\n'
        '[study]\nstudy = "mine"\ntrials = 9\nrunners = "auto"\ntimeout = "10m"\n'
        "[set.training]\nepochs = 3\nrate = 0.01\n"
        "[search.model]\nslope = { low = 2.0, high = 3.0 }\n"
        "[pruner]\nreduction_factor = 2\n"
    )
    words = ["--study-file", str(tmp_path / "study.toml"), "--trials", "2"]
    assert run(tmp_path / "t.db", *words, "--set", "training.epochs=2", "--json", "-") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["study"] == "mine"
    assert summary["trials"]["complete"] == 2
    assert summary["steps"] == 4
    config = summary["best"]["config"]
    assert config["training"] == {"rate": 0.01, "epochs": 2}
    assert 2.0 <= config["model"]["slope"] <= 3.0


def test_the_database_may_come_from_the_environment(
    database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRIALMQ_DB", str(database))
    assert main(["studies"]) == 0
    assert "quick" in capsys.readouterr().out


def test_ctrl_c_keeps_every_trial_and_the_same_command_goes_on(
    trialmq: Command, tmp_path: Path
) -> None:
    words = ["run", f"{OBJECTIVES}:slow", "--trials", "30", "--runners", "2", "--db", "t.db"]
    first = trialmq(*words)
    database = tmp_path / "t.db"
    while not (database.exists() and done(database) >= 3):
        assert first.poll() is None
        time.sleep(0.02)  # another process writes the database, which tells nobody
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=20)
    assert first.returncode == 130
    assert said.strip().startswith("trialmq: interrupted:")
    assert f"of 30 trials are done, none is lost; go on with: trialmq {' '.join(words)}" in said
    assert 3 <= done(database) < 30
    second = trialmq(*words, "--quiet", "--json", "-")
    output, _ = second.communicate(timeout=40)
    assert second.returncode == 0
    assert json.loads(output)["trials"]["complete"] == 30
    assert numbers(database) == Counter(range(30))


def done(database: Path) -> int:
    """How many trials are complete; none while the database is being made."""
    try:
        with sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True) as db:
            return int(
                db.execute("SELECT count(*) FROM trial WHERE state='complete'").fetchone()[0]
            )
    except sqlite3.OperationalError:
        return 0


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from trialmq.cli.main import main; main(['run', '--help']);"
        "print([m for m in ('torch', 'optuna', 'numpy', 'aiosqlite') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines()[-1] == "[]"


def test_help_names_every_sampler_and_pruner(capsys: pytest.CaptureFixture[str]) -> None:
    from orchestrator.pruning.parameters import PARAMETERS
    from orchestrator.sampling import _samplers

    assert main(["run", "--help"]) == 0
    said = set(re.findall(r"\w+", capsys.readouterr().out))
    assert said.issuperset([*PARAMETERS, *_samplers()])


def test_a_run_without_limits_gets_forty_trials(tmp_path: Path) -> None:
    assert run(tmp_path / "t.db", "--quiet") == 0
    assert numbers(tmp_path / "t.db") == Counter(range(40))


def test_a_trial_that_reports_nothing_any_more_is_ended_and_tried_again(tmp_path: Path) -> None:
    limits = ["--trials", "1", "--silence-timeout", "0.5", "--quiet"]
    assert run(tmp_path / "t.db", *limits, entry="hangs_at_first") == 0
    with sqlite3.connect(tmp_path / "t.db") as db:
        attempts = db.execute("SELECT outcome, failure FROM attempt ORDER BY number").fetchall()
    assert attempts == [("failed", "hang"), ("complete", None)]
