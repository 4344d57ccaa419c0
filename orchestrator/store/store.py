"""The writing side of the store, for the one orchestrator that owns the database.

Every turn of the service is one transaction, and in each the term is checked: an orchestrator that
was replaced while it slept (a standby took over) writes nothing and learns it at once.
"""

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from orchestrator.engine.suggestions import Queued
from orchestrator.engine.trials import Changes, Trial
from orchestrator.store.database import Database, write_lock
from orchestrator.store.profiles import StoredProfiles, profile_query
from orchestrator.store.queries import query
from orchestrator.store.revisions import revisions_of_study, write_revisions
from orchestrator.store.rows import (
    StudyRow,
    annotated_row,
    created_row,
    spec_text,
    study_from,
    trial_from,
    updated_row,
    values_from,
    values_text,
)
from orchestrator.store.scores import write_scores
from schema.codec import reports_codec
from schema.errors import StoreError
from schema.failpoints import reach
from schema.messages import Report
from schema.study import StudySpec


class Deposed(StoreError):
    """Another orchestrator took over this database; this one must end."""


class Store:
    """The database of one orchestrator, in its term."""

    def __init__(self, database: Database, term: int) -> None:
        self._database = database
        self.term = term
        self.profiles = StoredProfiles(database)

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

    @property
    def path(self) -> Path:
        """Where the database is."""
        return self._database.path

    async def commit(self, changes: Changes) -> None:
        """Store one turn.

        Raises:
            Deposed: another orchestrator took over.
            DiskTrouble: the disk is full or fails; nothing of it was stored.
            StoreError: it could not be stored; nothing of it was.
        """
        await self._database.transact(lambda db: self._write(db, changes))

    def _hold_term(self, db: sqlite3.Connection) -> None:
        if db.execute(query("hold_term"), (self.term,)).rowcount != 1:
            raise Deposed(f"another orchestrator took over {self._database.path}")

    def _write(self, db: sqlite3.Connection, changes: Changes) -> None:
        self._hold_term(db)
        many = db.executemany
        if changes.studies or changes.redefined or changes.settings:
            _write_studies(db, changes)
        if changes.created:
            many(query("insert_trial"), map(created_row, changes.created.values()))
        if changes.granted:
            many(query("insert_attempt"), changes.granted)
        if changes.started:
            many(query("start_attempt"), changes.started)
        if changes.reports:
            many(query("insert_report"), changes.reports)
        if changes.scored:
            write_scores(db, changes.scored)
        if changes.ended:
            many(query("end_attempt"), changes.ended)
        if changes.configured:
            trials = changes.configured.values()
            rows = ((values_text(t.sampled), values_text(t.config), t.id) for t in trials)
            many(query("update_config"), rows)
        if changes.attributes:
            documents = ((i, json.dumps(kept)) for i, kept in changes.attributes.items())
            many(query("keep_attributes"), documents)
        if changes.touched:
            many(query("update_trial"), map(updated_row, changes.touched.values()))
        if changes.annotated:
            many(query("annotate_trial"), map(annotated_row, changes.annotated.values()))
        if changes.revisions or changes.revised:
            write_revisions(db, changes)
        if changes.queued or changes.dequeued or changes.profiles:
            _write_profiles(db, changes)
        if changes.events:
            many(query("insert_event"), changes.events)
        if changes.closed:
            many(query("close_study"), changes.closed)
        if changes.deleted:
            db.execute(query("remember_last_trial"))
            many(query("delete_study"), changes.deleted)
        if changes.steered:
            many(query("steer"), changes.steered)
        _write_rings(db, changes)
        reach("service.before_commit")

    # ------------------------------------------------------------------ reading

    async def study(self, name: str) -> StudyRow | None:
        """The study called ``name``."""
        row = await self._database.run(
            lambda db: db.execute(query("study_by_name"), (name,)).fetchone()
        )
        return None if row is None else study_from(row)

    async def studies(self) -> list[StudyRow]:
        """Every study, oldest first."""
        return await self._database.run(
            lambda db: [study_from(row) for row in db.execute(query("studies"))]
        )

    async def load(self, study: int) -> tuple[list[Trial], dict[int, list[Report]]]:
        """The trials of a study by number, and the curve of each one's counted attempt."""

        def work(db: sqlite3.Connection) -> tuple[list[Trial], dict[int, list[Report]]]:
            trials = [trial_from(row) for row in db.execute(query("trials_of_study"), (study,))]
            edited = revisions_of_study(db, study)
            for trial in trials:
                trial.revisions = edited.get(trial.id, [])
            codec = reports_codec()
            curves: dict[int, list[Report]] = {}
            for number, blob in db.execute(query("reports_of_study"), (study,)):
                curves.setdefault(number, []).extend(codec.decode(blob))
            return trials, curves

        return await self._database.run(work)

    async def results(self, study: int) -> list[Trial]:
        """The trials of a study by number, each with the last that its counted attempt reported."""

        def work(db: sqlite3.Connection) -> list[Trial]:
            trials = [trial_from(row) for row in db.execute(query("trials_of_study"), (study,))]
            last = dict(db.execute(query("last_reports_of_study"), (study,)))
            return [_reported(trial, last.get(trial.number)) for trial in trials]

        return await self._database.run(work)

    async def result(self, study: int, number: int) -> Trial | None:
        """One of them."""

        def work(db: sqlite3.Connection) -> Trial | None:
            row = db.execute(query("trial_by_number"), (study, number)).fetchone()
            if row is None:
                return None
            trial = trial_from(row)
            of = (trial.id, trial.attempt)
            return _reported(
                trial, *[b for (b,) in db.execute(query("reports_of_attempt"), of)][-1:]
            )

        return await self._database.run(work) if 0 <= number < 2**63 else None

    async def queued(self, study: int) -> list[Queued]:
        """The configurations that wait to become trials of a study, in their order."""
        rows = await self._database.run(
            lambda db: db.execute(profile_query("queued_trials"), (study,)).fetchall()
        )
        return [Queued(id=row[0], values=values_from(row[1]), text=row[2]) for row in rows]

    async def next_queued_id(self) -> int:
        """An identifier behind those of all queued configurations."""
        return await self._database.run(
            lambda db: int(db.execute(profile_query("next_queued_id")).fetchone()[0])
        )

    async def counts(self) -> dict[int, dict[str, int]]:
        """How many trials of each study are in each state."""

        def work(db: sqlite3.Connection) -> dict[int, dict[str, int]]:
            counts: dict[int, dict[str, int]] = {}
            for study, state, count in db.execute(query("state_counts")):
                counts.setdefault(study, {})[state] = count
            return counts

        return await self._database.run(work)

    async def ended(self, most: int) -> list[tuple[int, int, int, int]]:
        """Study, id, attempt and last record of the last ``most`` trials that have ended."""
        rows = await self._database.run(
            lambda db: db.execute(query("ended_trials"), (most,)).fetchall()
        )
        return rows[::-1]

    async def answer_to(self, client: str, request: str) -> bytes | None:
        """What this request of this client was answered, if it changed something."""
        row = await self._database.run(
            lambda db: db.execute(query("answer_to"), (client, request)).fetchone()
        )
        return None if row is None else bytes(row[0])

    async def steered(self) -> dict[str, str]:
        """What people want of runners, by name."""
        return await self._database.run(lambda db: dict(db.execute(query("steered")).fetchall()))

    async def next_study_id(self) -> int:
        """The first identifier that no study has."""
        return await self._database.run(
            lambda db: int(db.execute(query("next_study_id")).fetchone()[0])
        )

    async def next_trial_id(self) -> int:
        """The first identifier that no trial has or had."""
        return await self._database.run(
            lambda db: int(db.execute(query("next_trial_id")).fetchone()[0])
        )

    # ------------------------------------------------------------------ a study on its own

    async def create_study(self, spec: StudySpec, created: float) -> StudyRow:
        """Store a new study."""
        study = await self.next_study_id()
        changes = Changes(studies=[(study, spec.name, spec, created)])
        changes.settings.append((study, 1, spec.settings, "", created, ""))
        await self.commit(changes)
        return StudyRow(study, spec.name, spec, created)


def _reported(trial: Trial, last: bytes | None = None) -> Trial:
    """``trial`` with the end of its curve, out of the last of its reports."""
    if last is not None and (reports := reports_codec().decode(last)):
        _, trial.last_seconds, trial.last_metrics = reports[-1]
    return trial


def _write_studies(db: sqlite3.Connection, changes: Changes) -> None:
    db.executemany(
        query("insert_study"),
        ((study, name, spec_text(spec), at) for study, name, spec, at in changes.studies),
    )
    db.executemany(
        query("update_study"), ((spec_text(s), study) for study, s in changes.redefined.items())
    )
    db.executemany(
        query("insert_settings"),
        ((study, v, spec_text(s), *rest) for study, v, s, *rest in changes.settings),
    )


def _write_profiles(db: sqlite3.Connection, changes: Changes) -> None:
    """Profiles, and configurations that are queued or have become trials."""
    db.executemany(profile_query("insert_queued"), changes.queued)
    db.executemany(profile_query("delete_queued"), changes.dequeued)
    for statement, parameters in changes.profiles:
        db.execute(profile_query(statement), parameters)


def _write_rings(db: sqlite3.Connection, changes: Changes) -> None:
    """What is only kept for a while: of each kind the last thousand."""
    if changes.quarantined:
        db.executemany(query("insert_quarantine"), changes.quarantined)
        db.execute(query("bound_quarantine"))
    if changes.stale:
        db.executemany(query("insert_stale"), changes.stale)
        db.execute(query("bound_stale"))
    if changes.answered:
        db.executemany(query("insert_answered"), changes.answered)
        db.execute(query("bound_answered"))
