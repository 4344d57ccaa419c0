"""Bad input to the commands on profiles: a sentence that says what would be right, exit code 2."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.store.database import APPLICATION_ID, write_lock
from orchestrator.store.queries import migrations
from tests.cli.conftest import OBJECTIVES
from tests.cli.profiles import Place, copied

TRAIN = f"{OBJECTIVES}:train"


@pytest.fixture
def place(database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    """A database with the study ``quick`` and the profile ``quiet``."""
    place = Place(copied(database, tmp_path), capsys)
    place("profile", "save", "quiet", "--from", "quick:0")
    return place


def untouched(place: Place) -> bool:
    """Whether the one profile is as it was."""
    with closing(sqlite3.connect(place.database)) as db:
        versions = db.execute("SELECT name, version FROM profile").fetchall()
        steps = db.execute("SELECT count(*) FROM profile_step").fetchall()
    return (versions, steps) == ([("quiet", 1)], [(0,)])


NAMES = [
    ("", "profile name '': use 1 to 64 letters"),
    ("a/b", "profile name 'a/b': use 1 to 64 letters"),
    ("../quiet", "profile name '../quiet': use 1 to 64 letters"),
    ("C:\\quiet", "use 1 to 64 letters"),
    ("quiet loud", "use 1 to 64 letters"),
    ("ü", "use 1 to 64 letters"),
    ("x" * 65, "use 1 to 64 letters"),
    ("default", "it means the default configuration"),
    ("Default", "it means the default configuration"),
    ("nul.toml", "it is a device on Windows"),
    ("quiet.", "end it with something else than a dot"),
]


@pytest.mark.parametrize(("name", "sentence"), NAMES, ids=[repr(name) for name, _ in NAMES])
def test_a_name_that_no_profile_can_have_is_refused_by_every_command(
    name: str, sentence: str, place: Place, tmp_path: Path
) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"training": {"epochs": 3}}')
    assert sentence in place.refused("profile", "save", name, "--from", "quick")
    assert sentence in place.refused("profile", "rename", "quiet", name)
    assert sentence in place.refused("profile", "export", name, str(tmp_path / "b.toml"))
    if name:  # an empty one is none: the file's name is taken
        assert sentence in place.refused("profile", "import", str(file), "--name", name)
    if name.lower() != "default":
        assert sentence in place.refused("profile", "diff", name.replace(":", "/"), "quiet")
    assert sentence in place.refused("run", TRAIN, "--profile", name)
    assert untouched(place)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["save", "new"], "say what to save: --from STUDY[:NUMBER], or --set"),
        (["save", "new", "--set", "training.epochs=3"], "there is no profile 'new'"),
        (["save", "quiet", "--from", "quikc"], "no study 'quikc'; did you mean 'quick'?"),
        (["save", "quiet", "--from", "quick:99"], "there is no trial in study 'quick': '99'"),
        (["save", "quiet", "--from", "quick:-1"], "--from quick:-1: write STUDY:NUMBER"),
        (["save", "quiet", "--from", "quick:"], "--from quick:: write STUDY:NUMBER"),
        (["save", "quiet", "--from", "quick:best"], "--from quick:best: write STUDY:NUMBER"),
        (["save", "quiet", "--from", "a/b:1"], "study name 'a/b'"),
        (["save", "quiet", "--set", "model.slope=9"], "model.slope: 9 is above 5"),
        (["save", "quiet", "--set", "model.slope=steep"], "model.slope: 'steep' is not a number"),
        (["save", "quiet", "--set", "model.slope=NaN"], "model.slope: nan is not a finite number"),
        (["save", "quiet", "--set", "model.slop=1"], "did you mean 'model.slope'?"),
        (["save", "quiet", "--set", "model.bend=0.7"], "no effect unless model.kind is curved"),
        (
            ["save", "quiet", "--set", "model.slope=1", "--set", "model.slope=2"],
            "model.slope: it is set twice",
        ),
        (["show", "quite"], "there is no profile 'quite'; did you mean 'quiet'?"),
        (["show", "quiet@2"], "there is no version of profile 'quiet': '2'"),
        (["show", "quiet@0"], "'quiet@0': write NAME@VERSION"),
        (["show", "quiet@last"], "'quiet@last': write NAME@VERSION"),
        (["history", "quite"], "there is no profile 'quite'; did you mean 'quiet'?"),
        (["history", "quiet@1"], "a history has all versions; write quiet"),
        (["delete", "quite"], "there is no profile 'quite'; did you mean 'quiet'?"),
        (["rename", "quite", "loud"], "there is no profile 'quite'; did you mean 'quiet'?"),
        (["rename", "quiet", "quiet"], "there is or was a profile called so already"),
        (["diff", "default", "default"], "name a profile or a trial to compare it with"),
        (["diff", "quiet", "quick:x"], "diff quick:x: write STUDY:NUMBER"),
        (["diff", "quiet", "quick:99"], "there is no trial in study 'quick': '99'"),
        (["diff", "quiet"], "see trialmq profile diff --help"),
        (["export", "quiet", "q.txt"], "'.txt' is no format of profiles; end the file in .toml"),
        (["export", "quiet", "q"], "'' is no format of profiles"),
        (["export", "quiet", "no/such/q.toml"], "no/such/q.toml cannot be written"),
        (["import", "none.toml"], "there is no profile file none.toml"),
        (["shwo"], "see trialmq profile --help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_makes_no_sense_is_refused_with_what_would_be_right(
    words: list[str],
    sentence: str,
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sentence in place.refused("profile", *words)
    assert untouched(place)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.toml", "[training]\nepochs = = 3\n", "(at line 2, column 10)"),
        ("a.toml", "[training]\nepochs = nan\n", "training.epochs: nan is not a "),
        ("a.toml", "[model]\nslope = 9.0\n", "model.slope: 9 is above 5"),
        ("a.toml", "[model]\nslope = inf\n", "model.slope: inf is not a finite number"),
        ("a.toml", "[model]\nslop = 1.0\n", "'model.slop'; did you mean 'model.slope'?"),
        ("a.toml", "[modle]\nslope = 1.0\n", "'modle'; did you mean 'model'?"),
        ("a.json", '{"model": {"slope": "x"}}', "model.slope: 'x' is not a number"),
        ("a.json", '{"model": {"slope": }}', "(at line 1, column 21)"),
        ("a.yaml", "model: {slope: [1]}", "model.slope: [1] is not a value"),
        ("a.yaml", "model: &x {slope: 1}", "(at line 1, column 8)"),
        ("a.txt", "", "'.txt' is no format of profiles"),
        ("a b.toml", "[model]\nslope = 1.0\n", "profile name 'a b'"),
    ],
    ids=lambda text: text.strip()[:20],
)
def test_a_file_with_a_mistake_is_refused_by_its_place(
    name: str, text: str, sentence: str, place: Place, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text(text)
    assert sentence in place.refused("profile", "import", str(file))
    assert untouched(place)


def test_a_file_of_an_objective_that_is_not_known_here_needs_a_study(
    place: Place, tmp_path: Path
) -> None:
    file = tmp_path / "a.toml"
    file.write_text('[training]\nepochs = 3\n[trialmq]\nname = "a"\nobjective = "x.py:other"\n')
    refused = place.refused("profile", "import", str(file))
    assert "its objective x.py:other is not known here; name a study with --study" in refused
    assert "a@1 is saved" in place("profile", "import", str(file), "--study", "quick").out


def test_a_name_that_was_deleted_is_not_given_to_another_profile(place: Place) -> None:
    place("profile", "delete", "quiet")
    place("profile", "save", "loud", "--from", "quick:1")
    refused = place.refused("profile", "rename", "loud", "quiet")
    assert "there is or was a profile called so already" in refused


@pytest.mark.parametrize(
    "words",
    [
        ["profile", "list"],
        ["profile", "save", "a", "--from", "s"],
        ["queue", "s", "--set", "a=1"],
        ["run", TRAIN, "--profile", "quiet"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_database_that_is_not_there_is_not_made(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(tmp_path / "none.db", capsys)
    assert f"there is no database {place.database}" in place.refused(*words)
    assert list(tmp_path.iterdir()) == []


def test_while_a_run_has_the_database_profiles_are_read_and_not_changed(place: Place) -> None:
    with write_lock(place.database):
        assert "quiet" in place("profile", "list").out
        place("profile", "show", "quiet")
        place("profile", "history", "quiet")
        place("profile", "diff", "quiet", "quick:2")
        for words in (
            ["profile", "save", "quiet", "--from", "quick"],
            ["profile", "delete", "quiet"],
            ["queue", "quick", "--profile", "quiet"],
        ):
            refused = place.refused(*words)
            assert "is in use by a `trialmq run` or `trialmq serve` (process " in refused
            assert "that does not listen here: ask the service to do it with --connect" in refused
    assert untouched(place)


def make_older(database: Path, version: int) -> None:
    """What the database holds, in one as it was at an earlier version."""
    older = database.with_suffix(".older")
    with closing(sqlite3.connect(older)) as db:
        for _, script in migrations()[:version]:
            db.executescript(script)
        db.execute("ATTACH ? AS newer", (str(database),))
        tables = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sql%'"
        for (table,) in db.execute(tables).fetchall():
            names = ", ".join(row[1] for row in db.execute(f"PRAGMA main.table_info({table})"))
            db.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM newer.{table}")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {version}")
        db.commit()
    older.replace(database)


def test_a_database_of_an_older_trialmq_has_no_profiles_until_one_is_saved(place: Place) -> None:
    make_older(place.database, 2)
    assert "there is no profile yet" in place("profile", "list").out
    assert "there is no profile 'quiet'" in place.refused("profile", "show", "quiet")
    place("profile", "save", "quiet", "--from", "quick:1")
    assert "quiet" in place("profile", "list").out
