"""Bad input: one clear sentence on standard error, exit code 2, no traceback."""

import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import OBJECTIVES
from trialmq.cli.main import main

TRAIN = f"{OBJECTIVES}:train"


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The sentence with which the words are refused."""
    assert main(words) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("trialmq: ")
    assert "Traceback" not in said
    assert "\n" not in said
    return said.removeprefix("trialmq: ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--trials", "0"], "--trials 0: it should be at least 1"),
        (["--trials", "-3"], "--trials -3: it should be at least 1"),
        (["--trials", "ten"], '--trials: unable to convert "ten" into int; see trialmq run --help'),
        (["--timeout", "soon"], "--timeout: 'soon' is no duration"),
        (["--timeout", "0"], "--timeout: '0' is no duration"),
        (["--trial-timeout", "1x"], "--trial-timeout: '1x' is no duration"),
        (["--runners", "0"], "--runners 0: write a number from 1 on, or auto"),
        (["--runners", "many"], "--runners many: write a number from 1 on, or auto"),
        (["--aggressiveness", "hard"], 'Choose from: "off", "conservative"'),
        (["--trails", "3"], "Unknown option: --trails. Did you mean --trials?"),
        (["--sampler", "tppe"], "there is no sampler 'tppe'; did you mean 'tpe'?"),
        (["--pruner", "medain"], "there is no pruner 'medain'; did you mean 'median'?"),
        (["--pruner-parameter", "min_resorce=1"], "did you mean 'min_resource'?"),
        (["--pruner-parameter", "n_warmup_steps"], "write name=value"),
        (["--json", "no/such/dir.json"], "there is no directory no/such"),
        (["--json", "."], "--json .: it is a directory"),
        (["--db", "."], "--db .: it is a directory; write the path of a file"),
        (["--study-file", "none.toml"], "there is no study file none.toml"),
        (["one-more"], "see trialmq run --help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_option_of_run_is_refused_before_anything_starts(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sentence in refusal(capsys, "run", TRAIN, *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--set", "model.slop=1"],
            "there is no variable 'model.slop'; did you mean 'model.slope'",
        ),
        (["--set", "model.slope=steep"], "model.slope: 'steep' is not a number"),
        (["--set", "model.slope"], "write group.variable=value"),
        (["--search", "model.slope=9..20"], "model.slope: 9 is above 5"),
        (["--leave-out", "modle"], "there is no group or variable 'modle'; did you mean 'model'?"),
        (["--pruner", "threshold"], "the threshold pruner needs a number"),
        (["--study", "a/b"], "study name 'a/b'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_does_not_fit_the_objective_is_refused_and_leaves_no_database(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = tmp_path / "t.db"
    assert sentence in refusal(capsys, "run", TRAIN, "--quiet", "--db", str(database), *words)
    assert not database.exists()


@pytest.mark.parametrize(
    ("source", "entry", "sentence"),
    [
        ("x = 1 / 0", "it.py:train", "ZeroDivisionError: division by zero"),
        ("def train(:", "it.py:train", "SyntaxError: invalid syntax"),
        ("x = 1", "it.py:train", "there is no function in it.py 'train'"),
        ("x = 1", "ti.py:train", "'ti.py'; did you mean 'it.py'?"),
        ("x = 1", "nowhere.at.all:train", "there is no module 'nowhere'"),
        ("x = 1", "it.py", "write it as path/to/file.py:function"),
        ("train = 3", "it.py:train", "@tq.objective"),
    ],
    ids=lambda value: value,
)
def test_an_objective_that_cannot_be_loaded_is_refused_with_the_users_own_error(
    source: str,
    entry: str,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "it.py").write_text(source)
    assert sentence in refusal(capsys, "run", entry, "--quiet")
    assert not (tmp_path / "trialmq.db").exists()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[study]\ntrails = 3", "'trails'; did you mean 'trials'?"),
        ('[study]\ntrials = "x"', 'unable to convert "x" into int'),
        ('[study]\ntimeout = "soon"', "'soon' is no duration"),
        ("[study]\ntrials = [1]", "trials in [study] takes one value"),
        ("[study]\ntrials = 0", "--trials 0: it should be at least 1"),
        ("[study", "study.toml is not a TOML file"),
        ("study = 3", "write study as a table"),
        ("[sett.model]\nslope = 1", "'sett'; did you mean 'set'?"),
        ('leave_out = "model"', "leave_out: write a list of names"),
        ("[pruner]\nmin_resorce = 1", "did you mean 'min_resource'?"),
    ],
)
def test_a_wrong_study_file_is_refused(
    text: str,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.toml").write_text(text)
    assert sentence in refusal(capsys, "run", TRAIN, "--study-file", "study.toml")
    assert not (tmp_path / "trialmq.db").exists()


def test_a_database_of_another_program_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    for words in (["run", TRAIN, "--quiet"], ["studies"]):
        assert "of another program; choose another" in refusal(capsys, *words, "--db", str(path))


def test_a_database_of_a_newer_version_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    path = tmp_path / "newer.db"
    with sqlite3.connect(database) as source, sqlite3.connect(path) as copy:
        source.backup(copy)
        copy.execute("PRAGMA user_version = 99")
    for words in (["run", TRAIN, "--quiet"], ["best"]):
        assert "was written by a newer TrialMQ" in refusal(capsys, *words, "--db", str(path))


def test_a_study_of_another_objective_is_refused(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", f"{OBJECTIVES}:slow", "--study", "quick", "--quiet", "--db", str(database)]
    assert "take another name with --study" in refusal(capsys, *words)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["best", "quik"], "there is no study 'quik'; did you mean 'quick'?"),
        (["show", "quick", "99"], "study 'quick' has trials 0 to 11, not 99"),
        (["show"], "write trialmq show STUDY NUMBER"),
        (["show", "quick", "best"], "write trialmq show STUDY NUMBER"),
        (["trials", "--sort", "valeu"], "'valeu'; did you mean 'value'?"),
        (["trials", "--limit", "0"], "--limit 0: it should be at least 1"),
        (["export", "--format", "xml"], 'Choose from: "csv", "json"'),
        (["export", "--output", "no/such/file.csv"], "--output no/such/file.csv: No such file"),
        (["studeis"], 'Did you mean "studies"?'),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_reading_command_refuses_what_is_not_there(
    words: list[str], sentence: str, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence in refusal(capsys, *words, *(["--db", str(database)] * (words != ["studeis"])))


def test_a_missing_database_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "there is no database" in refusal(capsys, "best", "--db", str(tmp_path / "no.db"))


def test_debug_shows_the_users_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "it.py").write_text("x = 1 / 0")
    assert main(["run", "it.py:train", "--quiet", "--debug"]) == 2
    said = capsys.readouterr().err
    assert 'it.py", line 1, in <module>' in said
    assert said.splitlines()[-1].startswith("trialmq: it.py cannot be imported")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["serve"], "no broker is named: give --broker amqp://user@host:5672/vhost, or set"),
        (["serve", "--broker", "redis://h"], "--broker: a broker's URL begins with amqp://"),
        (["serve", "--broker", "amqp://a:b@h"], "a password on the command line can be seen"),
        (["serve", "--broker", "amqp://localhost:1"], "nothing listens on port 1"),
        (["serve", "--broker", "amqp://h", "--name", "a.b"], "orchestrator name 'a.b'"),
        (["serve", "--broker-file", "none"], "none cannot be read"),
        (["runner"], "--allow: name what may be run here"),
        (["runner", "--allow", TRAIN], "no broker is named: give --broker"),
        (["runner", "--allow", TRAIN, "--slots", "0"], "--slots 0: write a number from 1 on"),
        (["runner", "--allow", TRAIN, "--broker", "amqp://h", "--name", "a b"], "runner name"),
        (["runner", "--allow", "no.py:train", "--broker", "amqp://h"], "there is no file"),
        (["runner", "--allow", TRAIN, "--broker", "amqp://h", "--devices", "7"], "no device '7'"),
        (["runners"], "no service runs here on trialmq.db: name one with --connect ws://"),
        (["runners", "--connect", "amqp://localhost:1"], "nothing listens on port 1"),
        (["study", "list", "--connect", "ftp://x"], "--connect: the URL of a service begins with"),
        (["study", "set", "s", "limits.trails=3"], "did you mean 'limits.trials'?"),
        (["study", "set", "s"], "write what to change: NAME=VALUE"),
        (["best", "--connect", "env"], "no broker is named: give --connect amqp://"),
        (["run", "train", "--connect", "env", "--isolate"], "that is for `trialmq runner"),
        (["run", "train", "--connect", "amqp://localhost:1", "--quiet"], "nothing listens"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_word_to_the_fleet_is_refused(
    words: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRIALMQ_BROKER_URL", raising=False)
    assert sentence in refusal(capsys, *words)
