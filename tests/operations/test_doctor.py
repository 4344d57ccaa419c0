"""`trialmq doctor`: what it finds, what it says to do, and that nothing makes it hang or fall."""

import asyncio
import fcntl
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrator.store.store import Store
from schema.brokers.connecting import connect
from schema.commands.service import ServiceOverview
from schema.errors import WorkFailed
from schema.identity import (
    client_party,
    client_queue,
    clients_inbox,
    orchestrator_party,
    runner_queue,
)
from schema.requests import Answer, Request
from tests.operations.conftest import CLIENT, ORCHESTRATOR, RUNNER, VHOST, Fleet
from trialmq.cli.main import main
from trialmq.doctor.disk import file_system, look_at_folder
from trialmq.doctor.examination import Check, examine
from trialmq.doctor.findings import Finding, Grade, good
from trialmq.doctor.python import _judged

Found = dict[str, tuple[str, str, str]]


def doctor(tmp_path: Path, *options: str) -> tuple[int, Found]:
    """The exit code and, by subject, what was found."""
    out = tmp_path / "found.json"
    words = ["doctor", "--db", str(tmp_path / "t.db"), "--json", str(out), *options]
    code = main(words)
    said: dict[str, Any] = json.loads(out.read_text())
    return code, {
        each["subject"]: (each["grade"], each["found"], each["cure"]) for each in said["findings"]
    }


def at(fleet: Fleet, user: str) -> list[str]:
    secret = str(fleet.secret_file(user))
    return ["--only", "broker", "--broker", fleet.url(user), "--broker-password-file", secret]


# ---------------------------------------------------------------------- this machine


def test_a_sound_machine_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    objective = str(Path(__file__).parents[1] / "cli" / "objectives.py") + ":train"
    code, found = doctor(tmp_path, "--allow", objective, "--state-dir", str(tmp_path))

    assert code == 0, found
    assert {grade for grade, _, _ in found.values()} <= {"good", "not here", "doubtful"}
    assert f"Python {sys.version.split()[0]}" in found["python"][1]
    grade, what, _ = found["torch"]
    assert grade == "good" or "not imported within" in what  # which a busy machine is told
    assert found[f"objective {objective}"][1].startswith("minimize loss; 4 of 5 variables")
    assert "free in" in found["space: database"][1]
    assert found["database"][0] == "not here"
    assert "✓ python: " in capsys.readouterr().out


def test_an_objective_that_cannot_be_loaded_is_wrong(tmp_path: Path) -> None:
    code, found = doctor(tmp_path, "--only", "objective", "--allow", "nowhere.py:train")

    assert code == 1
    [(grade, sentence, _)] = found.values()
    assert grade == "wrong"
    assert "nowhere.py" in sentence


async def test_the_process_that_writes_the_database_is_named(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "t.db"):
        code, found = await asyncio.to_thread(doctor, tmp_path, "--only", "database")

        assert code == 0
        assert found["database: writer"][1] == f"process {os.getpid()} writes it"
        assert found["database: health"][0] == "good"

    _, found = await asyncio.to_thread(doctor, tmp_path, "--only", "database")
    assert found["database: writer"][1] == "no process writes it now"


def test_looking_at_the_lock_does_not_take_it(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "t.db").execute("CREATE TABLE other (x)").connection.close()
    lock = tmp_path / "t.db.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(file, fcntl.LOCK_UN)
        doctor(tmp_path, "--only", "database")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_database_of_another_program_is_wrong(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "t.db").execute("CREATE TABLE other (x)").connection.close()

    code, found = doctor(tmp_path, "--only", "database")

    assert code == 1
    assert "another program" in found["database"][1]


def test_a_machine_without_the_orchestrators_libraries_has_no_database(tmp_path: Path) -> None:
    (tmp_path / "t.db").touch()
    code = "import sys; sys.modules['aiosqlite'] = None\n"
    code += "from trialmq.cli.main import main\n"
    code += "sys.exit(main(['doctor', '--only', 'database', '--db', 't.db']))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "– database: aiosqlite is not installed here" in done.stdout


@pytest.mark.parametrize(
    ("kind", "grade"), [("nfs4", Grade.WRONG), ("tmpfs", Grade.DOUBTFUL), ("ext4", Grade.GOOD)]
)
def test_the_file_system_of_a_folder_is_judged_by_its_mount(
    tmp_path: Path, kind: str, grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda rw\n"
        f"2 1 0:30 / {tmp_path} rw shared:1 - {kind} server:/export rw\n"
    )
    assert file_system(tmp_path / "deeper", mounts) == kind
    monkeypatch.setattr("trialmq.doctor.disk.file_system", lambda _: kind)
    assert look_at_folder("database", tmp_path)[0].grade is grade


@pytest.mark.parametrize(
    ("torch", "gpus", "grade", "words"),
    [
        ({"version": "2.9", "cuda": None, "usable": False}, 1, Grade.WRONG, "built without CUDA"),
        ({"version": "2.9", "cuda": "13.0", "usable": False}, 1, Grade.WRONG, "cannot compute"),
        ({"version": "2.9", "cuda": "13.0", "usable": True}, 1, Grade.GOOD, "CUDA 13.0, 1 usable"),
        ({"version": "2.9", "cuda": None, "usable": False}, 0, Grade.GOOD, "without CUDA"),
    ],
)
def test_a_torch_that_does_not_fit_the_gpus_is_wrong(
    torch: dict[str, object], gpus: int, grade: Grade, words: str
) -> None:
    finding = _judged({**torch, "devices": gpus, "threads": 2}, gpus, "")
    assert finding.grade is grade
    assert words in finding.found


# ---------------------------------------------------------------------- checks that misbehave


async def test_a_check_that_hangs_or_falls_is_a_finding_like_any_other() -> None:
    never = threading.Event()

    def hangs() -> list[Finding]:
        never.wait()
        return []

    def falls() -> list[Finding]:
        raise ZeroDivisionError("nobody thought of it")

    def refuses() -> list[Finding]:
        raise WorkFailed("the driver is gone")

    async def answers() -> list[Finding]:
        return [good("d", "fine")]

    checks = [Check("a", hangs), Check("b", falls), Check("c", refuses), Check("d", answers)]
    found = await examine(checks, seconds=0.2)
    never.set()

    assert [(f.subject, f.grade) for f in found] == [
        ("a", Grade.DOUBTFUL),
        ("b", Grade.DOUBTFUL),
        ("c", Grade.WRONG),
        ("d", Grade.GOOD),
    ]
    assert "no answer within 0.2 seconds" in found[0].found
    assert "ZeroDivisionError: nobody thought of it" in found[1].found


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--only", "borker"], "no subject to look at with these options: 'borker'"),
        (["--orchestrator", "a.b"], "orchestrator name 'a.b'"),
        (["--broker", "amqp://u:p@h/"], "a password on the command line can be seen"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_looked_at(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", *options]) == 2
    assert sentence in capsys.readouterr().err


# ---------------------------------------------------------------------- the broker


def test_a_runner_learns_that_it_is_let_in_and_may_do_no_more(fleet: Fleet, tmp_path: Path) -> None:
    code, found = doctor(tmp_path, *at(fleet, RUNNER))

    assert code == 0, found
    assert "RabbitMQ 3." in found["broker"][1] or "RabbitMQ 4." in found["broker"][1]
    assert found["broker: privacy"][1] == "no TLS, and it is on this machine"
    assert re.search(r"waits? in tmq\.main\.runners", found["broker: queues"][1])
    assert "declares nothing, as a runner should" in found["broker: rights"][1]


def test_an_orchestrator_learns_how_fast_the_broker_confirms(fleet: Fleet, tmp_path: Path) -> None:
    code, found = doctor(tmp_path, *at(fleet, ORCHESTRATOR))

    assert code == 0, found
    assert "may serve as 'main'" in found["broker: rights"][1]
    assert "a message is confirmed in" in found["broker: speed"][1]
    queues = fleet.node.ctl("list_queues", "-p", VHOST, "--no-table-headers", "name")
    assert "doctor" not in queues


@asynccontextmanager
async def answering(fleet: Fleet) -> AsyncIterator[None]:
    """An orchestrator's end of one question."""
    import msgspec

    async with connect(fleet.address(ORCHESTRATOR), orchestrator_party()) as broker:
        overview = ServiceOverview(
            orchestrator="main", version="9.9", protocol=1, term=7, database="d.db", started=0.0
        )
        tasks: set[asyncio.Task[Any]] = set()

        def answer(delivery: Any) -> None:
            request = msgspec.msgpack.decode(delivery.body, type=Request)
            body = Answer(id=request.id, result=msgspec.Raw(msgspec.msgpack.encode(overview)))
            queue = client_queue(request.client, request.instance)
            tasks.add(asyncio.create_task(broker.publish(queue, msgspec.msgpack.encode(body))))
            tasks.add(asyncio.create_task(delivery.acknowledge()))

        await broker.declare(clients_inbox())
        await broker.consume(clients_inbox(), answer)
        yield
        await asyncio.gather(*tasks)


async def test_a_client_learns_who_answers(fleet: Fleet, tmp_path: Path) -> None:
    async with answering(fleet):
        code, found = await asyncio.to_thread(doctor, tmp_path, *at(fleet, CLIENT))

    assert code == 0, found
    assert "TrialMQ 9.9, term 7, database d.db" in found["orchestrator"][1]


def test_a_client_that_nobody_answers_is_told_so(fleet: Fleet, tmp_path: Path) -> None:
    code, found = doctor(tmp_path, *at(fleet, CLIENT))
    fleet.node.ctl("purge_queue", "-p", VHOST, clients_inbox().name)

    assert code == 1
    grade, sentence, cure = found["orchestrator"]
    assert grade == "wrong"
    assert "did not answer" in sentence
    assert "trialmq serve" in cure


def test_a_user_that_may_play_every_part_is_doubtful(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIALMQ_BROKER_PASSWORD", "guest")
    fleet.node.ctl("set_permissions", "-p", VHOST, "guest", ".*", ".*", ".*")
    try:
        _, found = doctor(tmp_path, "--only", "broker", "--broker", fleet.url("guest"))
    finally:
        fleet.node.ctl("clear_permissions", "-p", VHOST, "guest")
        fleet.node.ctl("purge_queue", "-p", VHOST, clients_inbox().name)

    grade, sentence, cure = found["broker: too many rights"]
    assert grade == "doubtful"
    assert "may play every part" in sentence
    assert "trialmq broker init" in cure


def test_queues_that_are_not_there_are_missed(fleet: Fleet, tmp_path: Path) -> None:
    _, found = doctor(tmp_path, *at(fleet, RUNNER), "--orchestrator", "other")

    grade, sentence, cure = found["broker: queues"]
    assert grade == "doubtful"
    assert "tmq.other.runners" in sentence
    assert "trialmq broker init" in cure


def test_an_alarm_is_found(fleet: Fleet, tmp_path: Path) -> None:
    fleet.node.ctl("set_vm_memory_high_watermark", "0.00001")
    try:
        code, found = doctor(tmp_path, *at(fleet, ORCHESTRATOR))
    finally:
        fleet.node.ctl("set_vm_memory_high_watermark", "absolute", "512MB")

    assert code == 1
    assert "an alarm is on" in found["broker: speed"][1]


def test_a_wrong_password_is_told_in_a_sentence(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIALMQ_BROKER_PASSWORD", "guessed")
    code, found = doctor(tmp_path, "--only", "broker", "--broker", fleet.url(RUNNER))

    assert code == 1
    assert "does not accept this password" in found["broker"][1]


async def test_a_runner_sees_what_waits_for_it(fleet: Fleet, tmp_path: Path) -> None:
    async with connect(fleet.address(ORCHESTRATOR), orchestrator_party()) as broker:
        await broker.declare(runner_queue(RUNNER))
        assert await broker.publish(runner_queue(RUNNER), b"orders")

    _, found = await asyncio.to_thread(doctor, tmp_path, *at(fleet, RUNNER))

    # At least the one: what is not confirmed in time is published again.
    waiting = rf"\b[1-9]\d* messages? waits? in tmq\.main\.r\.{RUNNER}\b"
    assert re.search(waiting, found["broker: rights"][1])
    await asyncio.to_thread(fleet.node.ctl, "delete_queue", "-p", VHOST, runner_queue(RUNNER).name)


async def test_asking_as_somebody_else_is_refused(fleet: Fleet) -> None:
    async with connect(fleet.address(CLIENT), client_party("bob")) as broker:
        assert not await broker.publish(clients_inbox(), b"let me in")
