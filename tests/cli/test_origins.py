"""Where a study comes from is kept and told: a profile with its version, a trial, a session."""

from pathlib import Path

import pytest

from tests.cli.profiles import Place

QUICK = f"{Path(__file__).with_name('live_objectives.py')}:quick"


@pytest.fixture
def place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Place:
    """A database with a profile ``good``, and a study ``narrow`` that was made from it."""
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path / "t.db", capsys)
    place.run(QUICK, "--study", "first", "--trials", "2")
    place("profile", "save", "good", "--from", "first:0", "--set", "training.width=9")
    place.run(QUICK, "--study", "narrow", "--trials", "1", "--profile", "good")
    return place


def test_a_study_says_which_version_of_a_profile_it_was_made_from(place: Place) -> None:
    lines = place("studies").out.splitlines()
    assert [line.rstrip().endswith("from profile good@1") for line in lines[1:]] == [False, True]
    place.run(QUICK, "--study", "narrow", "--trials", "2", "--profile", "good")


def test_after_another_version_of_its_profile_a_study_says_how_to_go_on(place: Place) -> None:
    place("profile", "save", "good", "--set", "training.width=12")
    again = ["run", QUICK, "--trials", "2", "--quiet", "--sampler", "random", "--study", "narrow"]
    new = "take another name with --study, or another database with --db"
    assert place.refused(*again, "--profile", "good") == (
        "study 'narrow' was made from profile good@1, not from profile good@2; go on with "
        f"--profile good@1, or {new}"
    )
    assert place.refused(*again) == (
        "study 'narrow' was made from profile good@1, not from the defaults of its objective; go "
        f"on with --profile good@1, or {new}"
    )
    place(*again, "--profile", "good@1")
    assert place.refused(*again[:-1], "first", "--profile", "good").startswith(
        "study 'first' was made from the defaults of its objective, not from profile good@2; go on "
        "with no --profile"
    )


def test_sessions_are_told_from_searches_and_do_not_begin_twice(place: Place) -> None:
    train = ["train", QUICK, "--session", "one", "--quiet"]
    place(*train, "--profile", "good")
    listed = place("studies").out.splitlines()[-1]
    assert listed.rstrip().endswith("session, complete, from profile good@1")
    assert place.refused(*train) == (
        "session 'one' has ended: it is complete; take another name with --session, and --from "
        "one:0 to begin with its configuration"
    )
    place("train", QUICK, "--session", "two", "--quiet", "--from", "one:0")
    assert place.config("two", 0) == place.config("one", 0)
    assert place.refused("queue", "one", "--trial", "0").startswith("session 'one' is one training")
    wrong = place.refused("run", QUICK, "--study", "one", "--trials", "3", "--quiet")
    assert wrong == "'one' is a session, not a study; take another name"
