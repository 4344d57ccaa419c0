"""Whether a database holds what it must, whatever happened to the processes that wrote it.

Each rule is a query of ``store/sql/verification.sql`` that finds what must not be there; what SQL
cannot see (the reports themselves) is read here. Everything is read in one transaction that never
waits for the writer, so it works beside a running orchestrator, and sees one moment of it.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from orchestrator.store.database import Database
from orchestrator.store.queries import named_queries
from orchestrator.store.rows import Row, trial_from
from schema.codec import reports_codec
from schema.errors import Undecodable
from schema.messages import Report
from schema.results import TrialResult
from schema.trial import TrialState

FOREIGN_KEYS = "every row belongs to one that exists"
INTACT = "the file is intact"
READABLE = "the reports of a counted attempt can be read, and are as many as were counted"
KNOWN_STATES = "a trial is in a state that exists"
ASIDE = ("stale", "quarantine")
"""Tables of what came too late or could not be read: kept to look at, counted nowhere."""


class Violation(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that does not hold; ``trial`` is a number in ``study``, None where it is none's."""

    rule: str
    found: str
    study: str = ""
    trial: int | None = None


class StoredTrial(msgspec.Struct, frozen=True, kw_only=True):
    """A trial of a study, by name, with the curve of its counted attempt."""

    study: str
    trial: TrialResult
    curve: tuple[Report, ...]
    complete_attempts: int


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What a database holds, and every rule of ``rules`` that it breaks.

    Of a file that is damaged nothing else is said, as nothing in it can be relied on.
    ``aside`` counts what was kept but not counted, by table.
    """

    database: str
    rules: tuple[str, ...]
    violations: tuple[Violation, ...]
    term: int = 0
    studies: int = 0
    trials: dict[TrialState, int] = {}
    attempts: int = 0
    reports: int = 0
    aside: dict[str, int] = {}


async def verify(path: Path) -> tuple[Verification, list[StoredTrial]]:
    """Check a database, and hand out its trials as they were at that moment.

    Raises:
        StoreError: it does not exist, is not ours, is newer or cannot be read.
    """
    database = await Database.open(path, writing=False)
    try:
        return await database.run(lambda db: _verify(db, path))
    finally:
        await database.close()


def _verify(db: sqlite3.Connection, path: Path) -> tuple[Verification, list[StoredTrial]]:
    db.execute("BEGIN")
    try:
        if damage := tuple(_intact(db)):
            return Verification(database=str(path), rules=(INTACT,), violations=damage), []
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
        violations = list(_foreign_keys(db))
        rules = _rules(tables)
        for rule, statement in rules.items():
            rows = db.execute(statement)
            violations += [Violation(rule=rule, study=r[0], trial=r[1], found=r[2]) for r in rows]
        trials: list[StoredTrial] = []
        if not any(v.rule == KNOWN_STATES for v in violations):
            trials, unreadable = _trials(db)
            violations += unreadable
        return (
            Verification(
                database=str(path),
                term=_number(db, "SELECT term FROM meta"),
                studies=_number(db, "SELECT count(*) FROM study"),
                trials=dict(_pairs(db, "SELECT state, count(*) FROM trial GROUP BY state")),
                attempts=_number(db, "SELECT count(*) FROM attempt"),
                reports=sum(len(stored.curve) for stored in trials),
                aside={t: _number(db, f"SELECT count(*) FROM {t}") for t in ASIDE if t in tables},
                rules=(INTACT, FOREIGN_KEYS, *rules, READABLE),
                violations=tuple(violations),
            ),
            trials,
        )
    finally:
        db.execute("ROLLBACK")


def _rules(tables: set[str]) -> dict[str, str]:
    """The rules for the tables that this database has."""
    rules = named_queries("verification.sql")
    return {
        rule: statement
        for rule, statement in rules.items()
        if not statement.startswith("-- needs: ")
        or statement.splitlines()[0].removeprefix("-- needs: ") in tables
    }


def _intact(db: sqlite3.Connection) -> Iterator[Violation]:
    try:
        for (found,) in db.execute("PRAGMA integrity_check"):
            if found != "ok":
                yield Violation(rule=INTACT, found=found)
    except sqlite3.DatabaseError as error:  # so damaged that even this cannot go on
        yield Violation(rule=INTACT, found=str(error))


def _foreign_keys(db: sqlite3.Connection) -> Iterator[Violation]:
    for table, row, parent, _ in db.execute("PRAGMA foreign_key_check"):
        which = "a row" if row is None else f"row {row}"
        yield Violation(rule=FOREIGN_KEYS, found=f"{which} of {table} has no {parent}")


def _trials(db: sqlite3.Connection) -> tuple[list[StoredTrial], list[Violation]]:
    """Every trial with its curve, and those whose curve is not what was counted."""
    trials: list[StoredTrial] = []
    violations: list[Violation] = []
    codec = reports_codec()
    complete = dict(
        _pairs(db, "SELECT trial, count(*) FROM attempt WHERE outcome = 'complete' GROUP BY trial")
    )
    for study_id, study in _pairs(db, "SELECT id, name FROM study ORDER BY id").items():
        curves = _curves(db, study_id)
        for row in db.execute(named_queries("queries.sql")["trials_of_study"], (study_id,)):
            trial = trial_from(row).result()
            problem, curve = "", []
            try:
                curve = [r for blob in curves.get(trial.number, ()) for r in codec.decode(blob)]
            except Undecodable as error:
                problem = str(error)
            last = curve[-1][0] if curve else None
            if not problem and (len(curve), last) != (trial.reports, trial.last_step):
                problem = (
                    f"{len(curve)} reports up to step {last}, counted were {trial.reports} up to "
                    f"step {trial.last_step}"
                )
            if problem:
                violations.append(
                    Violation(rule=READABLE, study=study, trial=trial.number, found=problem)
                )
            trials.append(
                StoredTrial(
                    study=study,
                    trial=trial,
                    curve=tuple(curve),
                    complete_attempts=complete.get(trial.id, 0),
                )
            )
    return trials, violations


def _curves(db: sqlite3.Connection, study: int) -> dict[int, list[bytes]]:
    curves: dict[int, list[bytes]] = {}
    for number, blob in db.execute(named_queries("queries.sql")["reports_of_study"], (study,)):
        curves.setdefault(number, []).append(blob)
    return curves


def _number(db: sqlite3.Connection, statement: str) -> int:
    row: Row = db.execute(statement).fetchone()
    return int(row[0])


def _pairs(db: sqlite3.Connection, statement: str) -> dict:  # type: ignore[type-arg]
    return dict(db.execute(statement).fetchall())
