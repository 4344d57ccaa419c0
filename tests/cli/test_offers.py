"""Which offer is meant by what somebody wrote."""

import pytest

from schema.commands.runners import Presence, RunnerOverview
from schema.errors import UnknownName, WrongInput
from schema.space import Space
from schema.study import Direction, Metric, ObjectiveDescription
from trialmq.offers import meant

RUNNER = RunnerOverview(
    name="gpu1",
    host="h",
    version="1",
    slots=1,
    offers=("/srv/code/train.py:train", "package.models:fit"),
    presence=Presence.LIVE,
    silent_seconds=0.0,
)


def offer(entry: str) -> ObjectiveDescription:
    """An objective of this name."""
    metrics = (Metric(name="loss", direction=Direction.MINIMIZE),)
    return ObjectiveDescription(entry=entry, metrics=metrics, space=Space(variables=()))


OFFERS = [offer(entry) for entry in RUNNER.offers]


@pytest.mark.parametrize(
    ("wanted", "entry"),
    [
        ("/srv/code/train.py:train", "/srv/code/train.py:train"),
        ("train.py:train", "/srv/code/train.py:train"),
        ("train", "/srv/code/train.py:train"),
        ("/home/me/code/train.py:train", "/srv/code/train.py:train"),
        ("models:fit", "package.models:fit"),
        ("their.package.models:fit", "package.models:fit"),
    ],
)
def test_an_offer_is_found_by_its_text_or_its_end(wanted: str, entry: str) -> None:
    assert meant(wanted, OFFERS, [RUNNER]).entry == entry


@pytest.mark.parametrize("wanted", ["other", "train.py:fit", "other.py:train", "rain"])
def test_what_nobody_offers_is_refused_with_what_is_offered(wanted: str) -> None:
    with pytest.raises(UnknownName) as caught:
        meant(wanted, OFFERS, [RUNNER])
    assert str(caught.value) == (
        f"no runner offers {wanted!r}; "
        "offered: /srv/code/train.py:train (by gpu1), package.models:fit (by gpu1)"
    )


def test_the_whole_text_wins_over_an_end() -> None:
    offers = [offer("train.py:train"), offer("old/train.py:train")]
    assert meant("train.py:train", offers, []).entry == "train.py:train"


def test_what_could_be_several_is_refused() -> None:
    offers = [offer("new/train.py:train"), offer("old/train.py:train")]
    with pytest.raises(WrongInput, match=r"several.*: new/train.py:train, old/train.py:train"):
        meant("train", offers, [])


def test_without_any_runner_it_is_said_how_to_start_one() -> None:
    with pytest.raises(UnknownName, match="no runner is there yet; start one with: trialmq runner"):
        meant("train", [], [])
