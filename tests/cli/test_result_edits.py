"""``trialmq trial``: results are corrected, hidden and noted, and every look at them says so."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.profiles import Place, copied


@pytest.fixture
def place(database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    """A database with the study ``quick`` of twelve trials."""
    return Place(copied(database, tmp_path), capsys)


def best(place: Place) -> int:
    """The number of the best trial."""
    return int(place("best", "quick").out.split("trial ")[1].split()[0])


def test_a_hidden_trial_is_neither_best_nor_listed_until_it_is_shown_again(place: Place) -> None:
    first = best(place)
    said = place("trial", "hide", f"quick:{first}", "--because", "leaked").out
    assert said.startswith(f"trial quick:{first}: complete, ")
    assert said.strip().endswith("hidden")
    second = best(place)
    assert second != first
    table = place("trials", "quick").out
    assert "1 hidden trial: --hidden" in table
    assert len(table.splitlines()) == 13
    assert "hidden" in place("trials", "quick", "--hidden").out
    assert "(leaked)" in place("show", f"quick:{first}").out
    place("trial", "unhide", f"quick:{first}")
    assert best(place) == first


def test_a_corrected_metric_is_shown_with_the_one_before(place: Place) -> None:
    worse = next(n for n in (0, 1, 2) if n != best(place))
    before = json.loads(place("export", "quick", "--format", "json").out)["trials"][worse]
    place("trial", "rescore", f"quick:{worse}", "loss=-99", "--because", "wrong labels")
    head = place("best", "quick").out
    assert f"trial {worse}" in head
    assert "rescored" in head
    shown = place("show", f"quick:{worse}").out
    assert "→ -99 (wrong labels)" in shown
    assert "its training returned loss" in shown
    after = json.loads(place("export", "quick", "--format", "json").out)["trials"][worse]
    assert (after["value"], after["measured"]) == (-99.0, before["metrics"])
    row = list(csv.DictReader(io.StringIO(place("export", "quick").out)))[worse]
    assert float(row["measured.loss"]) == before["value"]
    assert (row["rescored"], row["hidden"]) == ("True", "False")


def test_notes_and_tags_are_put_on_and_taken_off(place: Place) -> None:
    place("trial", "note", "quick:1", "looks odd")
    place("trial", "tag", "quick:1", "odd", "later")
    said = place("trial", "tag", "quick:1", "odd", "--remove").out
    assert said.strip().endswith("note, #later")
    assert "note: looks odd" in place("show", "quick:1").out
    assert place("trial", "note", "quick:1", "").out.strip().endswith("#later")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["hide", "quick"], "trial quick: write STUDY:NUMBER, as in quick:12"),
        (["hide", "quick:99"], "there is no trial in study 'quick': '99'"),
        (["hide", "quik:1"], "there is no study 'quik'; did you mean 'quick'?"),
        (["rescore", "quick:1", "loss"], "loss: write NAME=NUMBER, as in f1=0.93"),
        (["rescore", "quick:1", "loss=nan"], "loss: nan is not a finite number; hide a trial"),
        (["rescore", "quick:1", "los=1"], "did you mean 'loss'?"),
        (["rescore", "quick:1"], "say which metric is to be corrected, and how: f1=0.93"),
        (["rescore", "quick:3", "loss=1"], "is failed: only a complete trial has metrics"),
        (["learn", "quick:1"], "is no fork: nobody edited it while it ran"),
        (["tag", "quick:1"], "tag: write trialmq trial tag quick:1 TAG, one or more"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_is_refused(words: list[str], sentence: str, place: Place) -> None:
    assert sentence in place.refused("trial", *words)
