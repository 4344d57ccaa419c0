"""``trialmq queue``: a configuration becomes a trial exactly as it is."""

from pathlib import Path

import pytest

from tests.cli.conftest import OBJECTIVES, TRIALS
from tests.cli.profiles import Place, copied
from trialmq.local_user import local_user

TRAIN = f"{OBJECTIVES}:train"


@pytest.fixture
def place(database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    """A database with the finished study ``quick``."""
    return Place(copied(database, tmp_path), capsys)


def more(place: Place, trials: int) -> None:
    """Go on with the study to so many trials."""
    words = ["--aggressiveness", "off", "--trials", str(trials)]
    place.run(TRAIN, "--study", "quick", *words)


def test_a_queued_profile_is_the_next_trial_exactly(place: Place) -> None:
    place("profile", "save", "quiet", "--from", "quick:1", "--set", "training.epochs=3")
    said = place("queue", "quick", "--profile", "quiet", "--because", "once more").out
    assert said.splitlines() == [
        "queued as a trial of study quick",
        f"it waits: its limit of {TRIALS} trials leaves no room for it",
        "`trialmq run` runs it, as it goes on with the study",
    ]
    more(place, TRIALS + 2)
    assert place.json("profile", "diff", "quiet", f"quick:{TRIALS}") == []
    assert place.cell("state", "quick", TRIALS) == "complete"
    assert place.cell("reports", "quick", TRIALS) == 3
    shown = place("show", "quick", str(TRIALS)).out
    assert f"queued: profile quiet@1 by {local_user()}: once more" in shown
    assert place.config("quick", TRIALS + 1)["training.epochs"] == 8
    assert "queued: " not in place("show", "quick", str(TRIALS + 1)).out


def test_what_is_queued_runs_in_its_order_and_once(place: Place) -> None:
    for slope in ("0.5", "0.25"):
        said = place("queue", "quick", "--set", f"model.slope={slope}").out
    assert said.startswith("queued as a trial of study quick, behind 1 other\n")
    place("queue", "quick", "--trial", "1", "--set", "model.slope=0.125")
    more(place, TRIALS + 1)
    more(place, TRIALS + 4)
    slopes = [place.config("quick", TRIALS + i)["model.slope"] for i in range(4)]
    assert slopes[:3] == [0.5, 0.25, 0.125]
    assert slopes[3] not in (0.5, 0.25, 0.125)
    assert place.config("quick", TRIALS)["training.rate"] == 1e-3
    copied_rate = place.config("quick", 1)["training.rate"]
    assert place.config("quick", TRIALS + 2)["training.rate"] == copied_rate


def test_an_earlier_version_can_be_queued(place: Place) -> None:
    place("profile", "save", "quiet", "--from", "quick:1")
    place("profile", "save", "quiet", "--from", "quick:2")
    place("queue", "quick", "--profile", "quiet@1")
    more(place, TRIALS + 1)
    assert place.json("profile", "diff", "quick:1", f"quick:{TRIALS}") == []


def test_deleting_the_study_forgets_what_is_queued(place: Place) -> None:
    from asyncio import run

    from trialmq.local_service import connected_locally

    place("queue", "quick", "--set", "model.slope=0.5")

    async def delete() -> None:
        async with connected_locally(place.database) as client:
            await client.delete("quick")

    run(delete())
    place.run(TRAIN, "--study", "quick", "--trials", "2")
    assert place.config("quick", 1)["model.slope"] != 0.5


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["quick"], "say what to queue: --profile NAME, --trial NUMBER or --set VAR=VALUE"),
        (["quick", "--profile", "a", "--trial", "1"], "write --profile or --trial, not both"),
        (["quikc", "--set", "model.slope=1"], "no study 'quikc'; did you mean 'quick'?"),
        (["quick", "--profile", "quite"], "no profile 'quite'; did you mean 'quiet'?"),
        (["quick", "--profile", "quiet@7"], "there is no version of profile 'quiet': '7'"),
        (["quick", "--profile", "../quiet"], "profile name '../quiet'"),
        (["quick", "--trial", "99"], "there is no trial in study 'quick': '99'"),
        (["quick", "--trial", "two"], 'unable to convert "two" into int'),
        (["quick", "--set", "model.slope=9"], "model.slope: 9 is above 5"),
        (["quick", "--set", "model.slope=nan"], "model.slope: nan is not a finite number"),
        (["quick", "--set", "model.slope=inf"], "model.slope: inf is not a finite number"),
        (["quick", "--set", "model.slop=1"], "did you mean 'model.slope'?"),
        (["quick", "--set", "model.slope"], "write group.variable=value"),
        (["quick", "--set", "model.bend=0.7"], "no effect unless model.kind is curved"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_queued_is_refused_with_what_would_be_right(
    words: list[str], sentence: str, place: Place
) -> None:
    place("profile", "save", "quiet", "--from", "quick:1")
    assert sentence in place.refused("queue", *words)
    more(place, TRIALS + 1)
    assert "queued: " not in place("show", "quick", str(TRIALS)).out
