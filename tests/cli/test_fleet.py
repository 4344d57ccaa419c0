"""A service, runners and clients in processes of their own, over a real RabbitMQ."""

import asyncio
import json
import sqlite3
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import trialmq
from tests.cli.conftest import OBJECTIVES
from tests.cli.fleet import Fleet
from tests.rabbitmq_node import RabbitMQNode

pytestmark = pytest.mark.timeout(180)

SLOW, TRAIN = f"{OBJECTIVES}:slow", f"{OBJECTIVES}:train"
SERVING = "serving .* as"


@pytest.fixture
def fleet(rabbitmq: RabbitMQNode, tmp_path: Path) -> Iterator[Fleet]:
    """A fleet on the tests' broker, with queues of its own."""
    url = f"amqp://guest:guest@127.0.0.1:{rabbitmq.port}"
    with Fleet(url, tmp_path, uuid.uuid4().hex[:12]) as fleet:
        yield fleet


def numbers(fleet: Fleet) -> Counter[int]:
    """How often each trial number is stored as complete."""
    with sqlite3.connect(fleet.database) as db:
        rows = db.execute("SELECT number FROM trial WHERE state='complete'")
        return Counter(number for (number,) in rows)


async def through_the_door(fleet: Fleet) -> list[int]:
    """How many trials are complete, and how many there are, as a program asks for it."""
    async with trialmq.connect(fleet.url, orchestrator=fleet.name) as client:
        complete = (await client.progress("quick")).complete
        return [complete, len([trial async for trial in client.trials("quick")])]


def test_a_study_is_run_by_the_runners_of_a_service_and_read_through_it(fleet: Fleet) -> None:
    serve = fleet.serve()
    serve.says(SERVING)
    runners = [fleet.runner(name, TRAIN) for name in ("gpu1", "gpu2")]
    serve.says("runner gpu1 arrived")
    serve.says("runner gpu2 arrived")
    words = ["--trials", "12", "--sampler", "random", "--study", "quick"]
    run = fleet.ask("run", "objectives.py:train", *words, "--json", "-")
    summary = json.loads(run.output())
    assert run.ends() == 0
    assert summary["trials"] == {"complete": 11, "pruned": 0, "failed": 1}
    assert "12 trials in" in run.said
    assert "trialmq trials quick --connect env --orchestrator" in run.said

    asked = {
        "best": fleet.ask("best", "--format", "json"),
        "trials": fleet.ask("trials", "quick"),
        "show": fleet.ask("show", "3"),
        "runners": fleet.ask("runners", "--json"),
        "unknown": fleet.ask("trials", "quikc"),
        "nobody": fleet.ask("run", "other.py:train"),
    }
    said = {name: asking.output() for name, asking in asked.items()}
    assert json.loads(said["best"]) == summary["best"]["config"]
    assert len(said["trials"].splitlines()) == 1 + 12
    assert "ValueError: the data has no positive example" in said["show"]
    assert "data for trial 3" in said["show"]
    found = {runner["name"]: runner for runner in json.loads(said["runners"])}
    assert found.keys() == {"gpu1", "gpu2"}
    assert {r["presence"] for r in found.values()} == {"live"}
    assert asked["unknown"].ends() == 2
    assert "there is no study 'quikc'; did you mean 'quick'?" in asked["unknown"].said
    assert asked["nobody"].ends() == 2
    assert "no runner offers 'other.py:train'; offered: " in asked["nobody"].said
    assert asyncio.run(through_the_door(fleet)) == [11, 12]
    for runner in runners:
        runner.interrupt()
        assert runner.ends() == 130
        assert "no trial is lost" in runner.said
    logs = "".join(runner.said for runner in runners)
    assert "study quick trial 0 starts" in logs
    assert "study quick trial 3 failed in" in logs
    serve.interrupt()
    assert serve.ends() == 130
    assert "runners train on, and nothing is lost" in serve.said


def test_a_runner_that_joins_is_used_and_one_that_is_interrupted_gives_its_trials_back(
    fleet: Fleet,
) -> None:
    serve = fleet.serve()
    serve.says(SERVING)
    first = fleet.runner("gpu1", SLOW)
    run = fleet.ask("run", "slow", "--trials", "60", "--sampler", "random", "--quiet")
    serve.says("trial .* by gpu1")
    fleet.runner("gpu2", SLOW)
    serve.says("runner gpu2 arrived")
    first.interrupt()
    assert first.ends() == 130
    assert run.ends() == 0
    assert numbers(fleet) == Counter(range(60))
    with sqlite3.connect(fleet.database) as db:
        by = dict(db.execute("SELECT runner, count(*) FROM attempt GROUP BY runner"))
    assert by.keys() == {"gpu1", "gpu2"}


def test_a_standby_takes_over_when_the_service_is_killed(fleet: Fleet) -> None:
    serve = fleet.serve()
    serve.says(SERVING)
    fleet.runner("gpu1", SLOW)
    standby = fleet.serve("--standby")
    standby.says("standing by")
    third = fleet.serve()
    assert third.ends() == 2
    assert "is in use by another trialmq" in third.said
    run = fleet.ask("run", "slow", "--trials", "60", "--sampler", "random")
    serve.says("trial .* complete")
    serve.kill()
    standby.says(f"{SERVING}.*term 2")
    assert run.ends() == 0
    assert numbers(fleet) == Counter(range(60))


def test_whoever_leaves_a_study_leaves_it_running_and_can_follow_it_again(fleet: Fleet) -> None:
    serve = fleet.serve()
    serve.says(SERVING)
    fleet.runner("gpu1", SLOW)
    words = ["run", "slow", "--trials", "60", "--sampler", "random"]
    run = fleet.ask(*words)
    serve.says("trial .* complete")
    run.interrupt()
    assert run.ends() == 130
    assert "trials are done, and the study goes on; follow it again with: trialmq run" in run.said
    again = fleet.ask(*words, "--json", "-")
    assert json.loads(again.output())["trials"]["complete"] == 60
    assert numbers(fleet) == Counter(range(60))


def test_a_study_is_paused_changed_stopped_and_deleted_from_the_command_line(
    fleet: Fleet,
) -> None:
    serve = fleet.serve()
    serve.says(SERVING)
    fleet.runner("gpu1", SLOW)
    run = fleet.ask("run", "slow", "--trials", "10000", "--sampler", "random", "--study", "s")
    serve.says("trial .* complete")
    said = [
        fleet.ask("study", *command).output()
        for command in (
            ("pause", "s"),
            ("set", "s", "limits.trials=9000", "pruner.aggressiveness=aggressive"),
            ("show", "s"),
            ("resume", "s"),
            ("stop", "s", "--now"),
        )
    ]
    assert "s: paused" in said[2]
    assert "limits.trials = 9000" in said[2]
    assert "pruner.aggressiveness = aggressive" in said[2]
    assert run.ends() == 0
    assert "stopped from the command line" in run.output() + run.said
    kept = fleet.ask("study", "delete", "s")
    assert kept.ends() == 2
    assert "needs --yes" in kept.said
    assert fleet.ask("study", "delete", "s", "--yes").output() == "study s is deleted\n"
    assert "s" not in fleet.ask("study", "list").output().split()[8:]


def test_a_runner_is_drained_resumed_and_stopped_from_the_command_line(fleet: Fleet) -> None:
    serve = fleet.serve()
    serve.says(SERVING)
    runner = fleet.runner("gpu1", SLOW)
    serve.says("runner gpu1 arrived")
    assert "gpu1 takes no more trials" in fleet.ask("runners", "drain", "gpu1").output()
    assert "draining" in fleet.ask("runners").output()
    assert "gpu1 takes trials again" in fleet.ask("runners", "resume", "gpu1").output()
    assert "gpu1 gives its trials back" in fleet.ask("runners", "stop", "gpu1").output()
    assert runner.ends() == 0
