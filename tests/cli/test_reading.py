"""The reading commands on a database made by a real sweep."""

import csv
import io
import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import OBJECTIVES, TRIALS
from trialmq.cli.main import main


@pytest.fixture
def said(database: Path, capsys: pytest.CaptureFixture[str]) -> "Said":
    """What a command prints about the database of the tests."""
    return Said(database, capsys)


class Said:
    """Runs a reading command and returns what it prints."""

    def __init__(self, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._database = database
        self._capsys = capsys

    def __call__(self, *words: str) -> str:
        assert main([*words, "--db", str(self._database)]) == 0
        return self._capsys.readouterr().out


def column(table: str, index: int) -> list[str]:
    """The cells of one column, without its title."""
    return [line.split()[index] for line in table.splitlines()[1:]]


def test_studies_shows_how_many_trials_ended_in_which_way(said: Said) -> None:
    row = said("studies").splitlines()[1].split()
    assert row[:5] == ["quick", str(TRIALS - 1), "0", "1", "0"]
    assert row[5] == "loss"


def test_trials_come_best_first(said: Said) -> None:
    table = said("trials")
    assert column(table, 1) == ["complete"] * (TRIALS - 1) + ["failed"]
    losses = [float(cell) for cell in column(table, 2)[:-1]]
    assert losses == sorted(losses)
    assert column(table, 0)[-1] == "3"


def test_trials_can_be_sorted_and_limited(said: Said) -> None:
    assert column(said("trials", "--sort", "number", "--limit", "4"), 0) == ["0", "1", "2", "3"]
    rates = [
        float(line.split()[-1])
        for line in said("trials", "quick", "--sort", "training.rate").splitlines()[1:]
    ]
    assert rates == sorted(rates)


def test_all_variables_are_shown_only_on_wish(said: Said) -> None:
    assert "epochs" not in said("trials").splitlines()[0]
    assert "training.epochs" in said("trials", "--all-variables").splitlines()[0]


def test_best_as_toml_and_as_json_is_the_configuration_alone(said: Said) -> None:
    as_json = json.loads(said("best", "quick", "--format", "json"))
    assert tomllib.loads(said("best", "--format", "toml")) == as_json
    assert as_json.keys() == {"model", "training"}
    assert as_json["model"].keys() == {"kind", "slope", "bend"}
    table = said("best")
    assert "training" in table
    assert "(0.001)" in table or as_json["training"]["rate"] == 0.001


def test_the_best_configuration_can_be_run_again(
    said: Said, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said("best", "--format", "toml")
    tables = text.replace("[model]", "[set.model]").replace("[training]", "[set.training]")
    (tmp_path / "again.toml").write_text(tables)
    words = ["run", f"{OBJECTIVES}:train", "--db", str(tmp_path / "t.db"), "--trials", "1"]
    assert main([*words, "--study-file", str(tmp_path / "again.toml"), "--json", "-"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["best"]["config"] == tomllib.loads(text)


def test_show_draws_the_curve_of_a_complete_trial(said: Said) -> None:
    text = said("show", "quick", "0")
    assert "trial 0  complete" in text
    assert "loss by step" in text
    assert "2.000┤" in text
    assert "1.125┤" in text
    assert "data for trial 0" in text


def test_show_has_the_traceback_of_a_failed_trial(said: Said) -> None:
    text = said("show", "3")
    assert "exception: ValueError: the data has no positive example" in text
    assert f'File "{OBJECTIVES}"' in text
    assert "data for trial 3" in text


def test_export_as_csv_has_a_line_a_trial_and_a_column_a_variable(said: Said) -> None:
    rows = list(csv.DictReader(io.StringIO(said("export"))))
    assert [row["number"] for row in rows] == [str(n) for n in range(TRIALS)]
    assert rows[0]["training.rate"] == "0.001"
    assert float(rows[0]["metrics.loss"]) == float(rows[0]["value"])
    assert rows[3]["failure"] == "exception"
    assert rows[3]["metrics.loss"] == ""


def test_export_as_json_nests_the_configuration(said: Said, tmp_path: Path) -> None:
    target = tmp_path / "trials.json"
    assert said("export", "--format", "json", "--output", str(target)) == ""
    exported = json.loads(target.read_text())
    assert exported["study"] == "quick"
    assert exported["trials"][0]["config"]["training"] == {"rate": 0.001, "epochs": 8}


def test_of_several_studies_one_must_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = str(tmp_path / "t.db")
    for name in ("one", "two"):
        words = ["--study", name, "--trials", "1", "--quiet", "--db", database]
        assert main(["run", f"{OBJECTIVES}:train", *words]) == 0
    assert main(["best", "--db", database]) == 2
    assert "holds 2 studies, name one: one, two" in capsys.readouterr().err
    assert main(["best", "two", "--db", database]) == 0
