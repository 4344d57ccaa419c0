"""A training on a fleet is edited from another terminal while it runs, over a real RabbitMQ."""

import csv
import io
import json
import re
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.fleet import Fleet, Process
from tests.rabbitmq_node import RabbitMQNode

pytestmark = pytest.mark.timeout(180)

TRAIN = f"{Path(__file__).with_name('live_objectives.py')}:train"


@pytest.fixture
def fleet(rabbitmq: RabbitMQNode, tmp_path: Path) -> Iterator[Fleet]:
    """A fleet on the tests' broker, with queues of its own."""
    url = f"amqp://guest:guest@127.0.0.1:{rabbitmq.port}"
    with Fleet(url, tmp_path, uuid.uuid4().hex[:12]) as fleet:
        yield fleet


@pytest.fixture
def training(fleet: Fleet) -> Process:
    """A session ``live`` that runs; its own terminal."""
    serve = fleet.serve()
    serve.says("serving .* as")
    runner = fleet.runner("gpu1", TRAIN)
    serve.says("runner gpu1 arrived")
    train = fleet.ask("train", TRAIN, "--session", "live", "--set", "training.rate=0.002")
    runner.says("study live trial 0 starts")
    return train


def asked(fleet: Fleet, *words: str) -> tuple[int, str]:
    """Exit code, and all that a command said."""
    asking = fleet.ask("session", *words)
    output = asking.output()
    return asking.ends(), output + asking.said


def test_a_training_is_edited_undone_restarted_and_shown(fleet: Fleet, training: Process) -> None:
    code, said = asked(fleet, "apply", "live", "training.rate=0.0003", "--because", "it swings")
    assert code == 0, said
    assert re.search(r"training\.rate 0\.002 → 0\.0003 applied at step \d+, after .+s", said)

    code, said = asked(fleet, "apply", "live", "training.rate=0.01", "--expect-revision", "0")
    assert code == 2
    assert "revision 0 is old, the newest is 1; changed since: training.rate 0.002" in said
    code, said = asked(fleet, "apply", "live", "training.rate=5")
    assert (code, "training.rate: 5 is above 0.1" in said) == (2, True)
    code, said = asked(fleet, "apply", "live", "training.smoothing=0.45", "training.rate=0.01")
    assert code == 1
    assert "training.rate 0.0003 → 0.01 refused (revision 2): training.smoothing: the la" in said
    code, said = asked(fleet, "undo", "live", "1")
    assert (code, "training.rate 0.0003 → 0.002 applied at step" in said) == (0, True)

    code, said = asked(fleet, "apply", "live", "training.width=8")
    assert (code, "training.width 4 → 8 waits for a restart (revision 4)" in said) == (0, True)
    code, said = asked(fleet, "restart", "live")
    assert (code, "attempt 2 goes on from attempt-1/step" in said) == (0, True)
    assert "training.width 4 → 8 applied in attempt 2" in said

    code, said = asked(fleet, "show", "live")
    assert code == 0
    assert "session live: running, attempt 2" in said
    assert "guest: it swings" in said
    assert re.search(r"training\.width 4 → 8 applied (in|with)", said)
    (fleet.folder / "end").touch()
    assert training.ends() == 0
    assert "session live is complete, revision 4: score 0.002" in training.output()
    code, said = asked(fleet, "apply", "live", "training.rate=0.01")
    assert (code, "session 'live' has ended already" in said) == (2, True)
    _every_look_shows_the_edits(fleet)


def _every_look_shows_the_edits(fleet: Fleet) -> None:
    [trial] = json.loads(fleet.ask("export", "live", "--format", "json").output())["trials"]
    told = [
        (e["revision"], e["variable"], e["old"], e["new"], e["outcome"]) for e in trial["edits"]
    ]
    assert told == [
        (1, "training.rate", 0.002, 0.0003, "applied"),
        (2, "training.rate", 0.0003, 0.01, "refused"),
        (2, "training.smoothing", 0.0, 0.45, "refused"),
        (3, "training.rate", 0.0003, 0.002, "applied"),
        (4, "training.width", 4, 8, "applied"),
    ]
    first, refused = trial["edits"][:2]
    assert (first["by"], first["because"], refused["step"] > first["step"]) == (
        "guest",
        "it swings",
        True,
    )
    assert "the labels would be of no use" in refused["reason"]
    [row] = csv.DictReader(io.StringIO(fleet.ask("export", "live").output()))
    assert json.loads(row["edits"]) == trial["edits"]
    assert "training.width 4 → 8 applied in attempt 2" in fleet.ask("show", "live:0").output()
    assert "session, complete" in fleet.ask("studies").output()


def test_a_session_outlives_its_runner_and_its_orchestrator(
    fleet: Fleet, training: Process
) -> None:
    code, said = asked(fleet, "apply", "live", "training.rate=0.0003")
    assert code == 0, said
    for process in fleet._processes[:2]:
        process.kill()
    fleet.serve().says("serving .* as")
    fleet.runner("gpu1", TRAIN).says("study live trial 0 starts")
    code, said = asked(fleet, "apply", "live", "training.smoothing=0.2")
    assert (code, "training.smoothing 0 → 0.2 applied" in said) == (0, True), said
    (fleet.folder / "end").touch()
    assert training.ends() == 0
    with sqlite3.connect(fleet.database) as db:
        [metrics] = db.execute("SELECT metrics FROM trial").fetchone()
        states = db.execute("SELECT number, state FROM revision ORDER BY number").fetchall()
    assert '"score": 0.0003' in metrics
    assert states == [(1, "applied"), (2, "applied")]
