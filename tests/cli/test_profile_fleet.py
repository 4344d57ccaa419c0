"""Profiles and queued trials of a service: the same commands with ``--connect``, over RabbitMQ."""

import json
import uuid
from collections.abc import Iterator

import pytest

from tests.cli.conftest import OBJECTIVES
from tests.cli.fleet import Fleet
from tests.rabbitmq_node import RabbitMQNode

pytestmark = pytest.mark.timeout(180)

TRAIN = f"{OBJECTIVES}:train"


@pytest.fixture(scope="module")
def fleet(rabbitmq: RabbitMQNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A service with one runner, and a study of three trials."""
    url = f"amqp://guest:guest@127.0.0.1:{rabbitmq.port}"
    with Fleet(url, tmp_path_factory.mktemp("fleet"), uuid.uuid4().hex[:12]) as fleet:
        serve = fleet.serve()
        serve.says("serving .* as")
        fleet.runner("gpu1", TRAIN)
        serve.says("runner gpu1 arrived")
        search(fleet, "s", "--trials", "3")
        yield fleet


def search(fleet: Fleet, study: str, *words: str) -> str:
    """A search to its end; returns what it said on standard error."""
    common = ["--quiet", "--sampler", "random", "--aggressiveness", "off", "--study", study]
    run = fleet.ask("run", "objectives.py:train", *common, *words)
    assert run.ends() == 0, run.said
    return run.said


def told(fleet: Fleet, *words: str) -> str:
    """What a command that succeeds writes on standard output."""
    asked = fleet.ask(*words)
    said = asked.output()
    assert asked.ends() == 0, asked.said
    return said


def test_profiles_of_a_service_are_saved_compared_queued_and_searched_from(fleet: Fleet) -> None:
    words = ["--from", "s:1", "--set", "training.epochs=3"]
    saved = told(fleet, "profile", "save", "quiet", *words)
    assert saved == "profile quiet@1 is saved: trial 1 of study s, 1 value edited\n"
    [listed] = json.loads(told(fleet, "profile", "list", "--json"))
    assert (listed["name"], listed["author"]) == ("quiet", "guest")

    queued = told(fleet, "queue", "s", "--profile", "quiet").splitlines()
    assert queued[1:] == ["it waits: its limit of 3 trials leaves no room for it"]
    search(fleet, "s", "--trials", "4")
    same = "quiet@1 and s:3 are the same configuration\n"
    assert told(fleet, "profile", "diff", "quiet", "s:3") == same

    search(fleet, "next", "--profile", "quiet", "--trials", "1")
    same = "quiet@1 and next:0 are the same configuration\n"
    assert told(fleet, "profile", "diff", "quiet", "next:0") == same

    told(fleet, "profile", "export", "quiet", "q.yaml")
    file = fleet.folder / "q.yaml"
    file.write_text(file.read_text().replace("epochs: 3", "epochs: 5"))
    assert "quiet@2" in told(fleet, "profile", "import", "q.yaml")
    told(fleet, "profile", "delete", "quiet")
    history = json.loads(told(fleet, "profile", "history", "quiet", "--json"))
    assert [step["step"] for step in history] == ["saved", "saved", "deleted"]
    assert history[1]["changes"] == [{"path": "training.epochs", "old": 3, "new": 5}]


def test_a_database_that_a_service_holds_is_changed_through_the_service(fleet: Fleet) -> None:
    here = fleet.start("profile", "save", "here", "--from", "s", "--db", str(fleet.database))
    assert here.ends() == 0, here.said
    told(fleet, "profile", "show", "here")
    wrong = fleet.ask("profile", "save", "quiet", "--from", "s", "--set", "model.slope=9")
    assert wrong.ends() == 2, wrong.said
    assert wrong.said == "trialmq: model.slope: 9 is above 5\n"
    unknown = fleet.ask("run", "objectives.py:train", "--profile", "quiet")
    assert unknown.ends() == 2, unknown.said
    assert unknown.said == "trialmq: there is no profile 'quiet'; it should be 'here'\n"
