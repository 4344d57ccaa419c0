"""Scores go over a real broker, in parts, and are judged from elsewhere as beside the database."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.fleet import ROOT, Fleet
from tests.rabbitmq_node import RabbitMQNode

pytestmark = pytest.mark.timeout(180)

OBJECTIVE = ROOT / "tests/runner/scoring_objective.py"
TRIALS = 10


@pytest.fixture
def fleet(rabbitmq: RabbitMQNode, tmp_path: Path) -> Iterator[Fleet]:
    """A fleet on the tests' broker, with queues of its own."""
    url = f"amqp://guest:guest@127.0.0.1:{rabbitmq.port}"
    with Fleet(url, tmp_path, uuid.uuid4().hex[:12]) as fleet:
        yield fleet


def test_thresholds_and_importance_are_the_same_from_elsewhere(fleet: Fleet) -> None:
    serve = fleet.serve()
    runner = fleet.runner("gpu1", f"{OBJECTIVE}:train")
    serve.says("runner gpu1 arrived")
    words = ["--trials", str(TRIALS), "--sampler", "random", "--study", "scored"]
    run = fleet.ask("run", f"{OBJECTIVE}:train", *words)
    assert run.ends() == 0, run.said + runner.said
    judging = ("thresholds", "scored:3", "--points", "4", "--json", "-")
    there = json.loads(fleet.ask(*judging).output())
    here = json.loads(fleet.start(*judging, "--db", str(fleet.database)).output())
    assert there == here
    [curve] = there["curves"]
    wanted = [point["clips"]["true_positives"] for point in curve["points"]]
    assert wanted == [point["threshold"] <= 0.4 for point in curve["points"]]
    assert "what decided f1, of 10 trials" in fleet.ask("importance", "scored").output()
