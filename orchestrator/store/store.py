"""The writing side of the store, for the one orchestrator that owns the database.

Every turn of the service is one transaction, and in each the term is checked: an orchestrator that
was replaced while it slept (a standby took over) writes nothing and learns it at once.
"""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from orchestrator.store.database import Database, write_lock
from orchestrator.store.queries import query
from orchestrator.store.rows import (
    StudyRow,
    created_row,
    spec_text,
    study_from,
    trial_from,
    updated_row,
    values_text,
)
from orchestrator.trials import Changes, Trial
from schema.codec import reports_codec
from schema.errors import StoreError
from schema.messages import Report
from schema.study import StudySpec


class Deposed(StoreError):
    """Another orchestrator took over this database; this one must end."""


class Store:
    """The database of one orchestrator, in its term."""

    def __init__(self, database: Database, term: int) -> None:
        self._database = database
        self.term = term

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, *, durable: bool = False) -> "AsyncIterator[Store]":
        """Lock the database, migrate it and begin a new term; closes and unlocks at the end.

        Raises:
            StoreError: it is not ours, newer, in use, or cannot be written.
        """
        with write_lock(path):
            database = await Database.open(path, writing=True, durable=durable)
            try:
                term = await database.transact(
                    lambda db: int(db.execute(query("take_term")).fetchone()[0])
                )
                yield cls(database, term)
            finally:
                await database.close()

    async def commit(self, changes: Changes) -> None:
        """Store one turn.

        Raises:
            Deposed: another orchestrator took over.
            StoreError: it could not be stored; nothing of it was.
        """
        await self._database.transact(lambda db: self._write(db, changes))

    def _hold_term(self, db: sqlite3.Connection) -> None:
        if db.execute(query("hold_term"), (self.term,)).rowcount != 1:
            raise Deposed(f"another orchestrator took over {self._database.path}")

    def _write(self, db: sqlite3.Connection, changes: Changes) -> None:
        self._hold_term(db)
        many = db.executemany
        if changes.created:
            many(query("insert_trial"), map(created_row, changes.created.values()))
        if changes.granted:
            many(query("insert_attempt"), changes.granted)
        if changes.started:
            many(query("start_attempt"), changes.started)
        if changes.reports:
            many(query("insert_report"), changes.reports)
        if changes.ended:
            many(query("end_attempt"), changes.ended)
        if changes.configured:
            rows = ((values_text(t.config), t.id) for t in changes.configured.values())
            many(query("update_config"), rows)
        if changes.touched:
            many(query("update_trial"), map(updated_row, changes.touched.values()))
        if changes.events:
            many(query("insert_event"), changes.events)

    async def study(self, name: str) -> StudyRow | None:
        """The study called ``name``."""
        row = await self._database.run(
            lambda db: db.execute(query("study_by_name"), (name,)).fetchone()
        )
        return None if row is None else study_from(row)

    async def create_study(self, spec: StudySpec, created: float) -> StudyRow:
        """Store a new study."""

        def work(db: sqlite3.Connection) -> int:
            self._hold_term(db)
            cursor = db.execute(query("insert_study"), (None, spec.name, spec_text(spec), created))
            assert cursor.lastrowid is not None
            return cursor.lastrowid

        return StudyRow(await self._database.transact(work), spec.name, spec, created)

    async def update_study(self, study: int, spec: StudySpec) -> None:
        """Store another definition of a study (more trials, another pruner)."""

        def work(db: sqlite3.Connection) -> None:
            self._hold_term(db)
            db.execute(query("update_study"), (spec_text(spec), study))

        await self._database.transact(work)

    async def load(self, study: int) -> tuple[list[Trial], dict[int, list[Report]]]:
        """The trials of a study by number, and the curve of each one's counted attempt."""

        def work(db: sqlite3.Connection) -> tuple[list[Trial], dict[int, list[Report]]]:
            trials = [trial_from(row) for row in db.execute(query("trials_of_study"), (study,))]
            codec = reports_codec()
            curves: dict[int, list[Report]] = {}
            for number, blob in db.execute(query("reports_of_study"), (study,)):
                curves.setdefault(number, []).extend(codec.decode(blob))
            return trials, curves

        return await self._database.run(work)

    async def next_trial_id(self) -> int:
        """The first identifier that no trial has."""
        return await self._database.run(
            lambda db: int(db.execute(query("next_trial_id")).fetchone()[0])
        )
