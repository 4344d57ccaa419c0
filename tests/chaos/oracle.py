"""The judge: what is stored, what is spooled and what was done, held against each other.

The rules are those of `trialmq verify`, through the same function; here they become the words of a
row. Beyond them: every trial has ended, spools are empty, and no work that was finished was done
again.
"""

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from orchestrator.reading.truth import TruthLine, read_truth
from tests.chaos.arena import Arena
from trialmq.cli.verify import verified

States = dict[str, int] | Callable[[dict[str, int]], bool]
"""How many trials ended in which state, or what must hold of that."""

SHOWN = 5
MOST_CRASHES, MOST_LOSSES = 3, 11


def rows(database: Path, sql: str, *values: object) -> list[tuple[object, ...]]:
    """What a database says to a reader who changes nothing, not even its log."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as db:
        return db.execute(sql, values).fetchall()


def truth_lines(file: Path) -> list[TruthLine]:
    """What objectives say they did, in the order in which they did."""
    return list(read_truth(str(file), file.read_text("utf-8"))) if file.exists() else []


def judge(
    arena: Arena,
    database: Path,
    spools: Sequence[Path],
    truth: Path,
    *,
    states: States,
    repeats: int = 0,
) -> None:
    """Add to the findings of ``arena`` what is found.

    Args:
        states: how trials must have ended.
        repeats: so much finished work may have been done again.
    """
    findings = arena.findings
    found = verified(database, spools, [truth])
    assert found.truth is not None
    for word in ("lost", "unexpected", "duplicated"):
        told = getattr(found.truth, word)
        setattr(findings, word, getattr(findings, word) + len(told))
        for each in told[:SHOWN]:
            arena.expect(False, f"{word}: trial {each.trial} of {each.study}: {each.found}")
    findings.recovered += len(found.truth.recovered)
    for violation in found.database.violations[:SHOWN]:
        arena.expect(
            False, f"{violation.rule}: {violation.study} {violation.trial}: {violation.found}"
        )
    for spool in found.spools:
        arena.expect(not spool.records, f"{spool.sentence}")
        for sentence in spool.contradictions:
            arena.expect(False, f"{spool.spool}: {sentence}")
    ended = {str(state): count for state, count in found.database.trials.items() if count}
    as_expected = states(ended) if callable(states) else ended == states
    arena.expect(as_expected, f"trials ended as {ended}, expected was {states}")
    again = repeated(truth_lines(truth))
    findings.repeated += again
    arena.expect(again <= repeats, f"{again} trials were run again that had finished")
    findings.trials += sum(ended.values())
    findings.judged += 1
    sums = rows(database, "SELECT max(crashes), max(losses) FROM trial")
    crashes, losses = sums[0]
    within = int(str(crashes or 0)) <= MOST_CRASHES and int(str(losses or 0)) <= MOST_LOSSES
    arena.expect(within, f"a trial was retried too often: {crashes} crashes, {losses} losses")


def repeated(lines: Sequence[TruthLine]) -> int:
    """How often a trial was started anew after an attempt of it had finished."""
    finished: set[tuple[str, int]] = set()
    again: Counter[tuple[str, int]] = Counter()
    for line in lines:
        trial = (line.study, line.number)
        if line.event == "finish":
            finished.add(trial)
        elif line.event == "start" and trial in finished:
            again[trial] += 1
    return again.total()


def living(mark: str) -> list[int]:
    """The processes with ``mark`` in their environment, wherever they are in the tree."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            continue
        if mark.encode() in environment and state not in "ZX":
            found.append(int(entry.name))
    return found
