"""`trialmq verify` finds nothing in what a real sweep left, and each thing that is then broken."""

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from orchestrator.reading.verification import FOREIGN_KEYS, INTACT, READABLE
from orchestrator.store.queries import named_queries
from schema.messages import Assignment, LeaseOrder, Orders, Reported, Started
from tests.truth import TRUTH
from trial_runner.durable_spool import DurableSpool
from trialmq.cli.main import main

ROOT = Path(__file__).parents[2]
TRIALS = 6


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of a sweep in which one process was killed, and the truth."""
    folder = tmp_path_factory.mktemp("swept")
    words = ["run", "tests/operations/truthful_objective.py:honest", "--quiet", "--study", "s"]
    words += ["--trials", str(TRIALS), "--runners", "2", "--sampler", "random"]
    done = subprocess.run(
        [sys.executable, "-m", "trialmq", *words, "--pruner", "nop", "--db", str(folder / "t.db")],
        cwd=ROOT,
        env={**os.environ, TRUTH: str(folder / "truth")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(swept: Path, tmp_path: Path) -> Path:
    """A copy of it, to be broken."""
    return Path(shutil.copytree(swept, tmp_path / "copy"))


def change(folder: Path, *statements: str) -> None:
    with sqlite3.connect(folder / "t.db") as db:
        for statement in statements:
            db.execute(statement)


def verify(folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit code and what was found."""
    out = folder / "found.json"
    code = main(["verify", str(folder / "t.db"), "--json", str(out), *options])
    return code, json.loads(out.read_text())


def broken_rules(found: dict[str, Any]) -> set[str]:
    return {violation["rule"] for violation in found["database"]["violations"]}


def test_a_sweep_in_which_a_process_was_killed_left_nothing_wrong(
    swept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = verify(swept, "--truth", str(swept / "truth"))

    assert code == 0, capsys.readouterr().out
    assert found["well"] is True
    assert found["database"]["trials"] == {"complete": TRIALS}
    assert found["database"]["reports"] == 4 * TRIALS
    truth = found["truth"]
    assert truth["finished"] == TRIALS
    assert [each["trial"] for each in truth["recovered"]] == [1]
    assert truth["lost"] == truth["unexpected"] == truth["duplicated"] == []
    assert "recovered: 1" in capsys.readouterr().out


COMPLETE, LAST_ATTEMPT = "UPDATE trial SET {} WHERE number = 0", "WHERE trial = 1"
BREAKS: dict[str, tuple[str, ...]] = {
    "a trial is in a state that exists": (COMPLETE.format("state = 'done'"),),
    "trials are numbered from 0 without a gap": (COMPLETE.format("number = 17"),),
    "a trial has the time of its end exactly when it has ended": (COMPLETE.format("ended = NULL"),),
    "a complete trial has its metrics and its value, and no failure": (
        COMPLETE.format("value = NULL"),
    ),
    "a failed trial says how it failed": (COMPLETE.format("state = 'failed'"),),
    "a held trial names its runner, which has the open attempt": (
        COMPLETE.format("state = 'running', ended = NULL"),
    ),
    "an attempt is open only while somebody may come back for it": (
        f"UPDATE attempt SET ended = NULL, outcome = NULL {LAST_ATTEMPT}",
    ),
    "the revisions of a trial are numbered from 1 without a gap": (
        "INSERT INTO revision SELECT id, 2, 0, '{}', '[]', 'a', 1.0, '', 'refused', '[]', 1, NULL, "
        "1.0, '', '[]', 'null' FROM trial WHERE number = 1",
    ),
    "a trial's revision is the last of its revisions that took effect": (
        COMPLETE.format("revision = 3"),
    ),
    "a revision takes effect once": (
        "INSERT INTO revised SELECT id, 1, seq, 1, NULL, 1.0, '[]', '[]', '' FROM trial, "
        "(SELECT 90 AS seq UNION SELECT 91) WHERE number = 1",
    ),
    "an attempt that has ended says how": (f"UPDATE attempt SET outcome = NULL {LAST_ATTEMPT}",),
    "attempts are numbered from 1 without a gap, up to the trial's": (
        "DELETE FROM attempt WHERE number = 1 AND trial = 2",
    ),
    "a trial is complete by its last attempt and by no other": (
        "UPDATE attempt SET outcome = 'complete' WHERE trial = 2",
    ),
    "the reports of an attempt are its records from 2 on without a gap": (
        f"UPDATE report SET seq = seq + 100 {LAST_ATTEMPT}",
    ),
    "every record that counts as applied is stored": (f"DELETE FROM report {LAST_ATTEMPT}",),
    "reports belong to an attempt": ("INSERT INTO report VALUES (1, 7, 2, x'90')",),
    "events belong to a trial": (
        "INSERT INTO event (at, study, trial, kind, text) VALUES (0, 1, 99, 'leased', '')",
    ),
    "the versions of a study's settings are numbered from 1 without a gap": (
        "DELETE FROM study_settings",
        "INSERT INTO study_settings VALUES (1, 2, '{}', '', 0, '')",
    ),
    "the versions of a profile are numbered from 1 without a gap": (
        "INSERT INTO profile VALUES ('quiet', 2, '', '{}', x'80', '', 0)",
    ),
    FOREIGN_KEYS: ("INSERT INTO attempt (trial, number, runner, granted) VALUES (99, 1, 'r', 0)",),
    READABLE: (f"UPDATE report SET reports = x'c1' {LAST_ATTEMPT}",),
}


def test_every_rule_is_seen_broken_by_a_test() -> None:
    assert {*named_queries("verification.sql"), INTACT, FOREIGN_KEYS, READABLE} == {*BREAKS, INTACT}


@pytest.mark.parametrize("rule", BREAKS)
def test_what_breaks_a_rule_is_found(folder: Path, rule: str) -> None:
    change(folder, *BREAKS[rule])

    code, found = verify(folder)

    assert code == 1
    assert rule in broken_rules(found)


def test_a_damaged_file_is_found(folder: Path) -> None:
    change(folder, "PRAGMA wal_checkpoint(TRUNCATE)")
    with sqlite3.connect(folder / "t.db") as db:
        size = db.execute("PRAGMA page_size").fetchone()[0]
        root = db.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_trial_1'"
        ).fetchone()[0]
    with (folder / "t.db").open("r+b") as file:
        file.seek((root - 1) * size + size // 2)
        file.write(b"\xff" * (size // 2))

    code, found = verify(folder)

    assert code == 1
    assert INTACT in broken_rules(found)


def rewritten(folder: Path, change: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> str:
    """The truth with every line replaced by what ``change`` makes of it."""
    lines = [json.loads(line) for line in (folder / "truth").read_text().splitlines()]
    new = [json.dumps(made) + "\n" for line in lines for made in change(line)]
    (folder / "truth").write_text("".join(new))
    return str(folder / "truth")


def is_last(line: dict[str, Any], event: str, number: int = 0) -> bool:
    return line["event"] == event and line["number"] == number and line.get("step") in (None, 3)


def test_a_finished_trial_that_is_not_stored_is_lost(folder: Path) -> None:
    change(folder, f"DELETE FROM trial WHERE number = {TRIALS - 1}")

    code, found = verify(folder, "--truth", str(folder / "truth"))

    assert code == 1
    assert [each["trial"] for each in found["truth"]["lost"]] == [TRIALS - 1]


def test_a_finished_trial_that_failed_is_lost(folder: Path) -> None:
    change(folder, COMPLETE.format("state = 'failed', failure = 'lost', reason = 'gone'"))

    _, found = verify(folder, "--truth", str(folder / "truth"))

    assert [each["trial"] for each in found["truth"]["lost"]] == [0]


def test_a_report_that_was_made_and_is_not_stored_is_lost(folder: Path) -> None:
    again = rewritten(
        folder, lambda line: [line, line | {"step": 4}] if is_last(line, "metric") else [line]
    )
    code, found = verify(folder, "--truth", again)

    assert code == 1
    assert [each["found"] for each in found["truth"]["lost"]] == [
        "its report of step 4 is not stored"
    ]


def test_a_stored_report_that_nobody_made_is_unexpected(folder: Path) -> None:
    code, found = verify(
        folder,
        "--truth",
        rewritten(folder, lambda line: [] if is_last(line, "metric") else [line]),
    )

    assert code == 1
    assert len(found["truth"]["unexpected"]) == 1
    assert "step 3" in found["truth"]["unexpected"][0]["found"]


def test_another_value_than_was_returned_is_unexpected(folder: Path) -> None:
    change(folder, COMPLETE.format("metrics = '{\"score\": 2.0}'"))

    _, found = verify(folder, "--truth", str(folder / "truth"))

    assert [each["trial"] for each in found["truth"]["unexpected"]] == [0]


def test_a_result_of_an_attempt_that_never_finished_is_unexpected(folder: Path) -> None:
    _, found = verify(
        folder,
        "--truth",
        rewritten(folder, lambda line: [] if is_last(line, "finish") else [line]),
    )

    assert [each["trial"] for each in found["truth"]["unexpected"]] == [0]


@pytest.mark.parametrize("event", ["start", "finish"])
def test_an_attempt_that_two_processes_ran_is_duplicated(folder: Path, event: str) -> None:
    twice = rewritten(folder, lambda line: [line, line] if is_last(line, event) else [line])

    code, found = verify(folder, "--truth", twice)

    assert code == 1
    assert [each["trial"] for each in found["truth"]["duplicated"]] == [0]


def test_a_report_that_is_stored_twice_is_duplicated(folder: Path) -> None:
    with sqlite3.connect(folder / "t.db") as db:
        last = "SELECT max(seq) FROM report WHERE trial = 1"
        db.execute(
            "INSERT INTO report SELECT trial, attempt, seq + 1, reports FROM report "
            f"WHERE trial = 1 AND seq = ({last})"
        )

    code, found = verify(folder, "--truth", str(folder / "truth"))

    assert code == 1
    assert {each["trial"] for each in found["truth"]["duplicated"]} == {0}


def test_a_last_line_that_its_writer_was_killed_over_is_passed_over(folder: Path) -> None:
    with (folder / "truth").open("a") as file:
        file.write('{"event": "fin')

    assert verify(folder, "--truth", str(folder / "truth"))[0] == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["verify", "nowhere.db"], "there is no database nowhere.db"),
        (["verify", "{db}", "--truth", "nowhere"], "--truth nowhere cannot be read"),
        (["verify", "{db}", "--truth", "{db}"], "cannot be read"),
        (["verify", "{db}", "--spool", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_read_is_wrong_input(
    swept: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word.replace("{db}", str(swept / "t.db")) for word in words]) == 2
    assert sentence in capsys.readouterr().err


def test_a_line_that_is_no_truth_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "truth").write_text('{"event": "rest", "number": 0, "attempt": 1}\n')

    assert main(["verify", str(folder / "t.db"), "--truth", str(folder / "truth")]) == 2
    assert "truth, line 1: this is no line of truth" in capsys.readouterr().err


def test_it_works_beside_a_writer_and_disturbs_nobody(folder: Path) -> None:
    with sqlite3.connect(folder / "t.db", isolation_level=None) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute(COMPLETE.format("state = 'done'"))

        code, found = verify(folder)

        assert code == 0, "what is not committed is not there"
        assert found["database"]["violations"] == []
        writer.execute("ROLLBACK")


# ---------------------------------------------------------------------- beside a runner's spool


async def spooled(folder: Path, *, term: int, committed: int, last: int, attempt: int = 1) -> Path:
    """A runner's folder, with records of the first trial up to ``last``."""
    spool = DurableSpool(folder / "state", capacity_bytes=2**20)
    assert spool.current(Orders(term=term))
    assignment = Assignment(
        trial=1,
        attempt=attempt,
        study="s",
        number=0,
        objective="o",
        values={},
        seed=1,
        boot=spool.boot,
    )
    lease = spool.accept(assignment)
    assert lease is not None
    spool.append(lease, Started(slot="slot"))
    for _ in range(last - 1):
        spool.append(lease, Reported(reports=msgspec.Raw(b"\x90")))
    assert await spool.stored()
    spool.obey(LeaseOrder(1, attempt, committed))
    assert await spool.stored()
    spool.close()
    return folder / "state"


def facts(folder: Path) -> tuple[int, int]:
    """The term of the database, and how many records of trial 0 are applied."""
    with sqlite3.connect(folder / "t.db") as db:
        return (
            db.execute("SELECT term FROM meta").fetchone()[0],
            db.execute("SELECT applied FROM trial WHERE number = 0").fetchone()[0],
        )


async def test_what_waits_in_a_spool_is_told_and_is_not_lost(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    term, applied = facts(folder)
    state = await spooled(folder, term=term, committed=1, last=applied + 3)

    code, found = await asyncio.to_thread(verify, folder, "--spool", str(state))

    assert code == 0
    assert [spool["records"] for spool in found["spools"]] == [3], "the others are stored"
    assert "3 records wait; they are sent while the runner runs" in capsys.readouterr().out


async def test_a_record_that_was_said_to_be_stored_and_is_not_is_a_contradiction(
    folder: Path,
) -> None:
    term, applied = facts(folder)
    state = await spooled(folder, term=term, committed=applied + 1, last=applied + 2)

    code, found = await asyncio.to_thread(verify, folder, "--spool", str(state))

    assert code == 1
    assert "said to be stored" in found["spools"][0]["contradictions"][0]


async def test_an_older_copy_of_a_database_is_known_by_its_term(folder: Path) -> None:
    term, _ = facts(folder)
    state = await spooled(folder, term=term + 1, committed=1, last=1)

    code, found = await asyncio.to_thread(verify, folder, "--spool", str(state))

    assert code == 1
    assert "an older copy" in found["spools"][0]["contradictions"][0]


async def test_an_attempt_that_nobody_granted_is_a_contradiction(folder: Path) -> None:
    term, _ = facts(folder)
    state = await spooled(folder, term=term, committed=0, last=1, attempt=9)

    code, found = await asyncio.to_thread(verify, folder, "--spool", str(state))

    assert code == 1
    assert "holds attempt 9," in found["spools"][0]["contradictions"][0]
