"""`trialmq broker init`: what it prints, that it may be repeated, and what it refuses."""

import json
import stat
import subprocess
from pathlib import Path

import msgspec
import pytest

from schema.errors import WorkFailed
from schema.secrets import Secret
from tests.operations.conftest import CLIENT, NAMES, ORCHESTRATOR, RUNNER, USERS, VHOST, Fleet
from trialmq.broker_setup.definitions import definitions
from trialmq.broker_setup.plan import Policy, broker_plan
from trialmq.broker_setup.rabbitmqctl import Rabbitmqctl
from trialmq.cli.main import main


def test_a_second_time_changes_nothing_and_keeps_every_secret(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {user: fleet.secret_file(user).read_text() for user in USERS}
    rights = fleet.node.ctl("list_permissions", "-p", VHOST)

    assert fleet.apply() == 0

    assert capsys.readouterr().out.count("keeps its secret") == len(USERS)
    assert {user: fleet.secret_file(user).read_text() for user in USERS} == before
    assert fleet.node.ctl("list_permissions", "-p", VHOST) == rights
    assert {stat.S_IMODE(f.stat().st_mode) for f in fleet.secrets.iterdir()} == {0o600}


def test_the_printed_script_does_the_same_and_may_run_again(
    fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["--vhost", "scripted", "--user", "scripted-main", "--runner", "scripted-gpu"]
    assert main(["broker", "init", *names, "--rabbitmqctl", str(fleet.rabbitmqctl)]) == 0
    text = capsys.readouterr().out
    secret = text.partition("user scripted-gpu 16 <<'END'")[2].splitlines()[1]
    try:
        first = subprocess.run(["sh"], input=text, capture_output=True, text=True)
        assert first.returncode == 0, first.stderr
        fleet.node.ctl("authenticate_user", "scripted-gpu", secret)
        topics = fleet.node.ctl("list_topic_permissions", "-p", "scripted")
        assert r"^r\.scripted\-gpu\.tmq\.main\.runners$" in topics
        assert fleet.node.ctl("list_user_limits", "--user", "scripted-gpu").count("16") == 1

        second = subprocess.run(["sh"], input=text, capture_output=True, text=True)
        assert second.returncode == 0, second.stderr
        assert second.stdout.count("keeps its secret") == 2
        assert fleet.node.ctl("list_topic_permissions", "-p", "scripted") == topics
    finally:
        for user in ("scripted-main", "scripted-gpu"):
            fleet.node.ctl("delete_user", user)
        fleet.node.ctl("delete_vhost", "scripted")


def test_the_definitions_are_imported_whole_and_hold_no_secret(
    fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["--vhost", "defined", "--user", "defined-main", "--runner", "defined-gpu"]
    assert main(["broker", "init", *names, "--format", "definitions"]) == 0
    said = capsys.readouterr()
    file = tmp_path / "definitions.json"
    file.write_text(said.out)
    secret = said.err.splitlines()[1].split()[3]
    assert secret not in said.out
    try:
        fleet.node.ctl("import_definitions", str(file))
        fleet.node.ctl("authenticate_user", "defined-gpu", secret)
        queues = fleet.node.ctl("list_queues", "-p", "defined", "--no-table-headers", "name")
        assert set(queues.split()) == {"tmq.main.runners", "tmq.main.clients"}
        bindings = fleet.node.ctl("list_bindings", "-p", "defined", "--no-table-headers")
        assert "#.tmq.main.runners" in bindings
        topics = fleet.node.ctl("list_topic_permissions", "-p", "defined")
        assert r"^r\.defined\-gpu\.tmq\.main\.runners$" in topics
        assert fleet.node.ctl("list_user_limits", "--user", "defined-gpu").count("16") == 1
    finally:
        for user in ("defined-main", "defined-gpu"):
            fleet.node.ctl("delete_user", user)
        fleet.node.ctl("delete_vhost", "defined")


def test_a_new_secret_takes_the_place_of_the_old_one(fleet: Fleet) -> None:
    before = fleet.secret_file(CLIENT).read_text().strip()

    assert fleet.init("--apply", "--secrets-dir", str(fleet.secrets), "--new-secrets") == 0

    after = fleet.secret_file(CLIENT).read_text().strip()
    fleet.node.ctl("authenticate_user", CLIENT, after)
    with pytest.raises(RuntimeError, match="failed to authenticate"):
        fleet.node.ctl("authenticate_user", CLIENT, before)


def test_secrets_in_files_are_used_again_by_a_script_that_does_not_show_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["broker", "init", *NAMES, "--secrets-dir", str(tmp_path / "secrets")]
    assert main(words) == 0
    first = capsys.readouterr().out
    assert main(words) == 0

    assert capsys.readouterr().out == first
    for user in USERS:
        assert (tmp_path / "secrets" / f"{user}.secret").read_text().strip() not in first


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--runner", "a", "--client", "a"], "'a' would be a runner and a client"),
        (["--runner", "orchestrator"], "'orchestrator' would be an orchestrator and a runner"),
        (["--runner", "a b"], "runner name 'a b'"),
        (["--orchestrator", "a.b"], "orchestrator name 'a.b'"),
        (["--new-secrets"], "--new-secrets needs --apply"),
        (["--apply", "--format", "definitions"], "leave --format out"),
        (["--apply", "--rabbitmqctl", "/nowhere/rabbitmqctl"], "No such file or directory"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["broker", "init", *options]) == 2
    assert sentence in capsys.readouterr().err


def test_a_rabbitmqctl_that_fails_is_told_with_its_last_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "rabbitmqctl"
    program.write_text("#!/bin/sh\necho 'Error: unable to connect to node' >&2\nexit 69\n")
    program.chmod(0o700)

    assert main(["broker", "init", "--apply", "--rabbitmqctl", str(program)]) == 1
    assert "unable to connect to node" in capsys.readouterr().err


def test_patterns_escape_what_a_name_may_contain() -> None:
    plan = broker_plan(runners=[RUNNER], user=ORCHESTRATOR)
    rights = plan.users[1].rights
    assert rights.topic_write == r"^r\.gpu\.7\.tmq\.main\.runners$"
    assert rights.read == r"^tmq\.main\.r\.gpu\.7$"
    assert rights.configure == "^$"


def test_definitions_say_nothing_that_only_one_version_of_rabbitmq_knows() -> None:
    plan = broker_plan(runners=["gpu1"])
    made = definitions(plan, {u.name: Secret("s") for u in plan.users})

    keys = {key for policy in made["policies"] for key in policy["definition"]}
    assert keys == {"max-length-bytes"}  # mirroring, lazy queues and TTLs came and went
    assert {policy["apply-to"] for policy in made["policies"]} == {"queues"}
    assert all(queue["durable"] and not queue["auto_delete"] for queue in made["queues"])
    json.dumps(made)


def test_a_policy_that_this_broker_does_not_know_is_told_and_not_passed_over(fleet: Fleet) -> None:
    """At start RabbitMQ 3.10 stops there in silence, and leaves out all that follows."""
    plan = broker_plan(vhost=VHOST, user=ORCHESTRATOR)
    unknown = Policy(name="unknown", pattern=".*", definition={"no-such-key": 1})
    broken = msgspec.structs.replace(plan, policies=(unknown,))

    with pytest.raises(WorkFailed, match="no-such-key"):
        Rabbitmqctl([str(fleet.rabbitmqctl)]).apply(broken, {})
