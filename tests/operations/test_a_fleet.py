"""The commands of docs/deployment.md: a fleet on a broker with the least rights."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.operations.conftest import CLIENT, ORCHESTRATOR, RUNNER, Fleet
from tests.truth import TRUTH

ROOT = Path(__file__).parents[2]
OBJECTIVE = "tests/operations/truthful_objective.py:honest"
TRIALS = 6
TOLD_TO_END = 130


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "trialmq", *words]


def joining(fleet: Fleet, user: str) -> list[str]:
    return ["--broker", fleet.url(user), "--broker-password-file", str(fleet.secret_file(user))]


@contextmanager
def running(words: list[str], **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that is told to end at the end, and does."""
    process = subprocess.Popen(
        words, cwd=ROOT, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
        process.terminate()
        said = process.communicate(timeout=60)[1]
        assert process.returncode == TOLD_TO_END, said
    finally:
        process.kill()


def await_line(process: "subprocess.Popen[str]", words: str) -> None:
    """Read its log until a line has these words."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if words in line:
            return
    raise AssertionError(f"it never said {words!r}: {lines}")


def test_the_commands_of_the_deployment_make_a_fleet_that_loses_nothing(
    fleet: Fleet, tmp_path: Path
) -> None:
    database, truth, state = (str(tmp_path / name) for name in ("t.db", "truth", "state"))
    serve = command("serve", *joining(fleet, ORCHESTRATOR), "--db", database)
    runner = command("runner", "--name", RUNNER, "--allow", OBJECTIVE, "--state-dir", state)
    secret = fleet.secret_file(CLIENT).read_text().strip()
    run = command("run", OBJECTIVE, "--connect", fleet.url(CLIENT), "--study", "s", "--quiet")
    with (
        running(serve) as orchestrator,
        running([*runner, *joining(fleet, RUNNER)], **{TRUTH: truth}),
    ):
        await_line(orchestrator, f"runner {RUNNER} arrived")
        done = subprocess.run(
            [*run, "--trials", str(TRIALS)],
            cwd=ROOT,
            env={**os.environ, "TRIALMQ_BROKER_PASSWORD": secret},
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert done.returncode == 0, done.stderr
        seen = subprocess.run(
            command("verify", database, "--truth", truth, "--spool", state, "--json", "-"),
            cwd=ROOT,
            capture_output=True,
            text=True,
        )

    assert seen.returncode == 0, seen.stderr
    found = json.loads(seen.stdout)
    assert found["database"]["trials"] == {"complete": TRIALS}
    assert found["truth"]["finished"] == TRIALS
    assert [each["trial"] for each in found["truth"]["recovered"]] == [1]
    assert found["spools"][0]["contradictions"] == []
