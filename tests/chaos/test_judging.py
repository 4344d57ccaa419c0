"""The judge of the fault matrix finds what it is there to find."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from orchestrator.reading.truth import TruthLine
from orchestrator.store.store import Store
from tests.chaos.arena import Arena, NotHere
from tests.chaos.findings import Findings
from tests.chaos.matrix import Case, cases, chosen
from tests.chaos.oracle import judge, repeated
from tests.chaos.running import run_case

LINE = '{"event": "%s", "study": "s", "number": 0, "attempt": %d, "metrics": {"f1": 1.0}}\n'


def line(event: str, number: int, attempt: int) -> TruthLine:
    return TruthLine(event=event, study="s", number=number, attempt=attempt)  # type: ignore[arg-type]


async def found_by(run: object, folder: Path) -> Findings:
    case = Case("1", "a row", run, alone=False)  # type: ignore[arg-type]
    return await run_case(case, folder, None, seed=1)


async def test_a_row_that_injects_or_judges_nothing_is_a_violation(tmp_path: Path) -> None:
    async def idle(arena: Arena) -> None:
        pass

    found = await found_by(idle, tmp_path)
    assert found.violations == ["the row was never judged", "the row injected nothing"]
    assert (tmp_path / "1").is_dir(), "the logs of a row that failed are kept"


async def test_a_row_that_fails_or_cannot_be_injected_says_why(tmp_path: Path) -> None:
    async def breaks(arena: Arena) -> None:
        raise AssertionError("the fleet never came up")

    async def cannot(arena: Arena) -> None:
        raise NotHere("only root may mount")

    [sentence] = (await found_by(breaks, tmp_path / "a")).violations
    assert "test_judging.py" in sentence and "the fleet never came up" in sentence
    assert (await found_by(cannot, tmp_path / "b")).skipped == "only root may mount"


def test_work_that_had_finished_and_was_begun_again_is_counted() -> None:
    lost = [line("start", 0, 1), line("start", 0, 2), line("finish", 0, 2)]
    again = [*lost, line("start", 1, 1), line("start", 0, 3)]
    assert (repeated(lost), repeated(again)) == (0, 1)


async def test_what_was_done_and_is_not_stored_is_lost(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "studies.db"):
        pass
    truth = tmp_path / "truth"
    truth.write_text(LINE % ("start", 1) + LINE % ("finish", 1) + LINE % ("start", 2))
    arena = Arena(Findings(number="1", title="a row"), tmp_path, None, seed=1)

    def judged() -> None:
        judge(arena, tmp_path / "studies.db", [], truth, states={"complete": 1})

    await asyncio.to_thread(judged)
    found = arena.findings
    assert (found.lost, found.repeated, found.judged) == (1, 1, 1)
    assert [v.partition(":")[0] for v in found.violations] == [
        "lost",
        "trials ended as {}, expected was {'complete'",
        "1 trials were run again that had finished",
    ]
    with closing(sqlite3.connect(tmp_path / "studies.db")) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("INSERT INTO attempt (trial, number, runner, granted) VALUES (9, 1, 'r', 0)")
        db.commit()
    await asyncio.to_thread(judged)
    assert any("every row belongs to one that exists" in v for v in found.violations)


def test_rows_are_chosen_by_number_and_by_range() -> None:
    rows = cases()
    assert [row.number for row in chosen("3,1", rows)] == ["3", "1"]
    assert {"6", "6.1", "7"} <= {row.number for row in chosen("6-8", rows)}
    assert {row.order[0] for row in chosen("6-8", rows)} <= {6, 7, 8}
    assert len(chosen("56", rows)) > 5
    assert chosen("", rows) == rows
    with pytest.raises(ValueError, match="no such row"):
        chosen("999", rows)
