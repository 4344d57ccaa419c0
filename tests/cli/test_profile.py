"""Profiles on the command line: saved from trials, looked at, compared, moved by files, kept."""

import json
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import OBJECTIVES
from tests.cli.profiles import Place, copied
from trialmq.local_user import local_user

TRAIN = f"{OBJECTIVES}:train"


@pytest.fixture
def place(database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    """A database with the study ``quick``, and no profile yet."""
    return Place(copied(database, tmp_path), capsys)


def rows(table: str) -> list[list[str]]:
    """The words of each line under the titles."""
    return [line.split() for line in table.splitlines()[1:]]


def test_there_is_no_profile_until_one_is_saved(place: Place) -> None:
    assert "there is no profile yet" in place("profile", "list").out
    assert place.json("profile", "list") == []


def test_the_best_trial_of_a_study_is_saved_with_where_it_comes_from(place: Place) -> None:
    best = json.loads(place("best", "quick", "--format", "json").out)
    said = place("profile", "save", "quiet", "--from", "quick", "--because", "for the demo").out
    [listed] = place.json("profile", "list")
    source = listed["provenance"]
    assert said == f"profile quiet@1 is saved: trial {source['trial']} of study quick\n"
    assert (listed["name"], listed["version"], listed["objective"]) == ("quiet", 1, TRAIN)
    assert (source["study"], source["because"], source["author"]) == (
        "quick",
        "for the demo",
        local_user(),
    )
    assert source["metrics"] == json.loads(place.cell("metrics", "quick", source["trial"]))
    assert place.values("quiet") == best


def test_a_trial_is_saved_with_values_changed_and_the_changes_are_noted(place: Place) -> None:
    words = ["--from", "quick:2", "--set", "model.slope=0.25", "--set", "training.epochs=12"]
    said = place("profile", "save", "edited", *words).out
    assert said == "profile edited@1 is saved: trial 2 of study quick, 2 values edited\n"
    before = place.config("quick", 2)
    shown = place("profile", "show", "edited").out
    assert "edited: training.epochs 8 → 12" in shown
    values = place.values("edited")
    assert (values["model"]["slope"], values["training"]["epochs"]) == (0.25, 12)
    assert values["training"]["rate"] == before["training.rate"]


def test_a_failed_trial_can_be_saved_too(place: Place) -> None:
    place("profile", "save", "odd", "--from", "quick:3")
    assert place.json("profile", "list")[0]["provenance"]["metrics"] == {}


def test_saving_again_makes_a_new_version_and_the_first_stays(place: Place) -> None:
    place("profile", "save", "quiet", "--from", "quick:1")
    first = place.values("quiet")
    assert "quiet@2" in place("profile", "save", "quiet", "--from", "quick:2").out
    assert place.values("quiet@1") == first != place.values("quiet")
    assert [row[:2] for row in rows(place("profile", "list").out)] == [["quiet", "2"]]


def test_a_profile_is_changed_by_saving_it_with_other_values(place: Place) -> None:
    place("profile", "save", "quiet", "--from", "quick:1", "--set", "training.epochs=12")
    place("profile", "save", "quiet", "--set", "training.epochs=14")
    table = place.json("profile", "show", "quiet")["trialmq"]
    assert table["edits"] == [{"path": "training.epochs", "old": 8, "new": 14}]
    assert (table["version"], table["trial"]) == (2, 1)


def test_a_profile_is_shown_by_group_with_what_differs_from_the_default(place: Place) -> None:
    place("profile", "save", "quiet", "--from", "quick:1", "--because", "for the demo")
    shown = place("profile", "show", "quiet").out
    assert shown.startswith("quiet  version 1  saved ")
    assert f"by {local_user()}" in shown
    assert "trial 1 of study quick: loss " in shown
    assert "because: for the demo" in shown
    assert "In brackets: the default, where it differs" in shown


def test_two_configurations_are_compared_side_by_side(place: Place) -> None:
    place("profile", "save", "a", "--from", "quick:0")
    words = ["--set", "model.slope=0.5", "--set", "model.kind=curved", "--set", "model.bend=0.75"]
    place("profile", "save", "b", "--from", "quick:0", *words)
    titles, *lines = place("profile", "diff", "a", "b").out.splitlines()
    assert titles.split() == ["variable", "a@1", "b@1"]
    assert [line.split() for line in lines] == [
        ["model"],
        ["kind", "linear", "curved"],
        ["slope", "1", "0.5"],
        ["bend", "0.5", "0.75"],
    ]


def test_values_that_differ_in_the_fifth_digit_are_shown_in_full(place: Place) -> None:
    for version in ("0.123411", "0.123412"):
        place("profile", "save", "a", "--from", "quick:0", "--set", f"model.slope={version}")
    table = place("profile", "diff", "a@1", "a").out
    assert table.split()[-3:] == ["slope", "0.123411", "0.123412"]
    assert "model.slope 0.123411 → 0.123412" in place("profile", "history", "a").out


def test_a_trial_is_compared_with_the_default_and_with_a_profile_of_it(place: Place) -> None:
    found = place.json("profile", "diff", "default", "quick:1")
    slope = next(difference for difference in found if difference["path"] == "model.slope")
    assert (slope["left"], slope["right"]) == (1.0, place.config("quick", 1)["model.slope"])
    turned = place.json("profile", "diff", "quick:1", "default")
    assert [(d["left"], d["right"]) for d in turned] == [(d["right"], d["left"]) for d in found]
    place("profile", "save", "quiet", "--from", "quick:1")
    same = place("profile", "diff", "quick:1", "quiet").out
    assert same == "quick:1 and quiet@1 are the same configuration\n"


@pytest.mark.parametrize("ending", ["toml", "json", "yaml"])
def test_a_profile_goes_through_a_file_and_comes_back_equal(
    ending: str, place: Place, tmp_path: Path
) -> None:
    place("profile", "save", "quiet", "--from", "quick:1", "--set", "training.epochs=12")
    file = str(tmp_path / f"q.{ending}")
    assert place("profile", "export", "quiet", file).out.startswith("profile quiet@1 is written")
    imported = place("profile", "import", file)
    assert imported.err == ""
    assert "quiet@2 is saved: trial 1 of study quick, 1 value edited" in imported.out
    one, two = (place.json("profile", "show", name)["trialmq"] for name in ("quiet@1", "quiet"))
    assert {**one, "version": 2} == two
    assert place("profile", "diff", "quiet@1", "quiet").out.endswith("same configuration\n")


def test_what_was_changed_in_a_file_is_noted_as_an_edit(place: Place, tmp_path: Path) -> None:
    place("profile", "save", "quiet", "--from", "quick:1")
    file = tmp_path / "q.toml"
    place("profile", "export", "quiet", str(file))
    assert tomllib.loads(file.read_text())["training"]["epochs"] == 8
    file.write_text(file.read_text().replace("epochs = 8", "epochs = 21"))
    place("profile", "import", str(file), "--because", "by hand")
    table = place.json("profile", "show", "quiet")["trialmq"]
    assert table["edits"] == [{"path": "training.epochs", "old": 8, "new": 21}]
    assert table["because"] == "by hand"


def test_a_file_that_was_written_by_hand_is_filled_in_and_says_so(
    place: Place, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("training: {epochs: 3}\n")
    said = place("profile", "import", str(file))
    assert f"trialmq: {file}: model.slope: not in the profile; the default 1 is taken" in said.err
    assert said.out == "profile mine@1 is saved\n"
    assert place.values("mine")["training"]["epochs"] == 3
    assert "other@1" in place("profile", "import", str(file), "--name", "other").out


def test_a_renamed_profile_keeps_its_versions_and_its_history(place: Place) -> None:
    place("profile", "save", "quiet", "--from", "quick:1")
    place("profile", "save", "quiet", "--from", "quick:2")
    place("profile", "rename", "quiet", "loud")
    assert place("profile", "save", "loud", "--from", "quick:4").out.startswith("profile loud@3")
    steps = place.json("profile", "history", "loud")
    assert [(step["step"], step["version"]) for step in steps] == [
        ("saved", 1),
        ("saved", 2),
        ("renamed", 2),
        ("saved", 3),
    ]
    assert steps[2]["text"] == "quiet to loud"
    assert place.values("loud@1")["model"]["slope"] == place.config("quick", 1)["model.slope"]
    assert "there is no profile 'quiet'" in place.refused("profile", "show", "quiet")


def test_a_deleted_profile_is_gone_from_the_list_and_honest_in_its_history(place: Place) -> None:
    place("profile", "save", "quiet", "--from", "quick:1", "--because", "first")
    place("profile", "save", "quiet", "--set", "training.epochs=12")
    place("profile", "delete", "quiet")
    assert place.json("profile", "list") == []
    assert "there is no profile 'quiet'" in place.refused("profile", "show", "quiet")
    assert "there is no profile 'quiet'" in place.refused("profile", "delete", "quiet")
    assert place.values("quiet@2")["training"]["epochs"] == 12
    table = place("profile", "history", "quiet").out
    assert [row[0] for row in rows(table)] == ["1", "2", "deleted"]
    assert "training.epochs 8 → 12" in table
    assert "quiet@3" in place("profile", "save", "quiet", "--from", "quick:1").out
    assert [row[:2] for row in rows(place("profile", "list").out)] == [["quiet", "3"]]


def test_a_study_that_starts_from_a_profile_tries_it_first_and_searches_on(place: Place) -> None:
    words = ["--set", "training.epochs=2", "--set", "model.slope=0.125"]
    place("profile", "save", "quiet", "--from", "quick:1", *words)
    wanted = place.json("profile", "diff", "default", "quiet")
    said = place.run(TRAIN, "--profile", "quiet", "--study", "next", "--trials", "3")
    assert said.err == ""
    tried = place.json("profile", "diff", "quiet", "next:0")
    assert tried == []
    assert {d["path"] for d in wanted} >= {"training.epochs", "model.slope"}
    second = place.config("next", 1)
    assert second["training.epochs"] == 2
    assert second["model.slope"] != 0.125


def test_the_same_command_goes_on_with_a_study_that_started_from_a_profile(place: Place) -> None:
    place("profile", "save", "quiet", "--from", "quick:1")
    words = ["--profile", "quiet", "--study", "next"]
    place.run(TRAIN, *words, "--trials", "1")
    place.run(TRAIN, *words, "--trials", "2")
    assert place.cell("count(*)", "next", 1) == 1
    place("profile", "save", "quiet", "--from", "quick:2")
    place.run(TRAIN, "--profile", "quiet@1", "--study", "next", "--trials", "3")
    refused = place.refused("run", TRAIN, *words, "--trials", "4", "--quiet")
    assert "study 'next' was made from profile quiet@1, not from profile quiet@2" in refused


def test_what_is_set_for_a_run_wins_over_its_profile(place: Place) -> None:
    place("profile", "save", "quiet", "--from", "quick:1", "--set", "training.epochs=2")
    words = ["--profile", "quiet", "--study", "next", "--trials", "1", "--set", "training.epochs=3"]
    place.run(TRAIN, *words)
    assert place.config("next", 0)["training.epochs"] == 3


def test_a_study_file_can_name_the_profile(place: Place, tmp_path: Path) -> None:
    place("profile", "save", "quiet", "--from", "quick:1", "--set", "training.epochs=2")
    file = tmp_path / "study.toml"
    file.write_text('[study]\nprofile = "quiet"\nstudy = "next"\ntrials = 1\n')
    place.run(TRAIN, "--study-file", str(file))
    assert place.config("next", 0)["training.epochs"] == 2


def test_profiles_leave_a_database_in_order(place: Place) -> None:
    place("profile", "save", "quiet", "--from", "quick:1")
    place("profile", "rename", "quiet", "loud")
    place("queue", "quick", "--profile", "loud")
    place("verify")
