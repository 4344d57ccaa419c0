"""A profile outlives its configuration class; what became of each variable is said."""

from pathlib import Path

import pytest

from tests.cli.profiles import Place

OLD = """
from typing import Annotated
import trialmq as tq

class Training(tq.Group):
    rate: Annotated[float, tq.Range(1e-5, 1e-1, log=True)] = 1e-3
    momentum: Annotated[float, tq.Range(0.0, 0.99)] = 0.9
    batch: int = 32
    gone: int = 3

class Settings(tq.Config):
    training: Training = Training()

@tq.objective(minimize="loss")
def train(config: Settings, trial: tq.Trial) -> dict[str, float]:
    return {"loss": config.training.momentum}
"""
NEW = (
    OLD.replace("    rate: Annotated[float,", '    step: Annotated[float, tq.Alias("rate"),')
    .replace("tq.Range(0.0, 0.99)] = 0.9", "tq.Range(0.0, 0.5)] = 0.25")
    .replace("batch: int = 32", 'batch: str = "small"')
    .replace("gone: int = 3", "depth: int = 2")
)
OTHER = OLD.replace("training", "learning")
SAID = [
    "profile quiet@1: training.step: taken over from training.rate, as it was called",
    "profile quiet@1: training.depth: not in the profile; the default 2 is taken",
    "profile quiet@1: training.batch: 32 is not text; the default small is taken",
    "profile quiet@1: training.momentum: 0.75 is above 0.5; the default 0.25 is taken",
    "profile quiet@1: training.gone: there is no such variable any more; 7 is left out",
]


@pytest.fixture
def place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Place:
    """A database with a profile of the old class, and the class as it is today beside it."""
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path / "t.db", capsys)
    Path("train.py").write_text(OLD)
    place.run("train.py:train", "--study", "old", "--trials", "1")
    words = ["training.rate=0.02", "training.momentum=0.75", "training.gone=7"]
    sets = [word for value in words for word in ("--set", value)]
    place("profile", "save", "quiet", "--from", "old:0", *sets)
    Path("train.py").write_text(NEW)
    return place


def notes(err: str) -> list[str]:
    """The sentences on standard error, but for `trialmq:` before each."""
    return [line.removeprefix("trialmq: ") for line in err.splitlines()]


def test_a_run_takes_over_what_fits_and_says_what_does_not(place: Place) -> None:
    said = place.run("train.py:train", "--profile", "quiet", "--study", "new", "--trials", "1")
    assert notes(said.err) == SAID
    assert place.config("new", 0) == {
        "training.step": 0.02,
        "training.momentum": 0.25,
        "training.batch": "small",
        "training.depth": 2,
    }


def test_an_import_takes_over_what_fits_and_says_what_does_not(place: Place) -> None:
    place.run("train.py:train", "--study", "new", "--trials", "1")
    place("profile", "export", "quiet", "old.toml")
    said = place("profile", "import", "old.toml", "--study", "new")
    assert notes(said.err) == [note.replace("profile quiet@1", "old.toml") for note in SAID]
    assert place.values("quiet")["training"]["step"] == 0.02
    steps = place.json("profile", "history", "quiet")
    assert {"path": "training.step", "old": None, "new": 0.02} in steps[1]["changes"]
    table = place("profile", "diff", "quiet@1", "quiet").out
    lines = [line.split() for line in table.splitlines()]
    assert ["gone", "7", "—", "only", "in", "quiet@1"] in lines
    assert ["depth", "—", "2", "only", "in", "quiet@2"] in lines


def test_a_file_of_the_very_class_that_is_stored_fits_it_without_a_word(place: Place) -> None:
    place.run("train.py:train", "--study", "new", "--trials", "1")
    place("profile", "export", "quiet", "old.toml")
    assert place("profile", "import", "old.toml").err == ""
    assert place.values("quiet@2") == place.values("quiet@1")


def test_what_the_study_does_not_allow_is_not_queued_until_it_is_set(place: Place) -> None:
    place.run("train.py:train", "--study", "new", "--trials", "1")
    words = ["queue", "new", "--profile", "quiet"]
    assert place.refused(*words) == "training.batch: 32 is not text"
    words += ["--set", "training.batch=large"]
    assert place.refused(*words) == "training.momentum: 0.75 is above 0.5"
    said = place(*words, "--set", "training.momentum=0.5")
    told = [SAID[0], SAID[1], SAID[4]]
    assert notes(said.err) == [note.replace("quiet@1", "quiet") for note in told]
    place.run("train.py:train", "--study", "new", "--trials", "2")
    assert place.config("new", 1) == {
        "training.step": 0.02,
        "training.momentum": 0.5,
        "training.batch": "large",
        "training.depth": 2,
    }


def test_a_profile_that_has_nothing_in_common_is_refused(place: Place) -> None:
    Path("train.py").write_text(OTHER)
    refused = place.refused("run", "train.py:train", "--profile", "quiet", "--study", "x")
    assert refused.endswith("'quiet' is one of train.py:train: none of its variables exists here")
