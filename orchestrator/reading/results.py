"""The reading side of the store: studies, trials, curves and events, beside a running orchestrator.

Opens the database read-only; it never waits for the writer and never holds it up.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.reading.log import StoredLog
from orchestrator.store.database import Database
from orchestrator.store.profiles import StoredProfiles
from orchestrator.store.queries import query
from orchestrator.store.revisions import revisions_of_trial
from orchestrator.store.rows import Row, study_from, trial_from
from orchestrator.store.scores import scores_of_attempt
from schema.codec import reports_codec
from schema.commands.studies import SettingsChange
from schema.commands.trials import AttemptSpan
from schema.errors import UnknownName, WrongInput
from schema.messages import Report
from schema.results import AttemptResult, Event, StudyOverview, TrialResult
from schema.revision import Revision
from schema.study import StudySettings
from schema.trial import TrialState


class Results:
    """What is stored in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.profiles = StoredProfiles(database)
        self.log = StoredLog(database)

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> "AsyncIterator[Results]":
        """Open a database for reading.

        Raises:
            StoreError: it does not exist, is not ours or is newer.
        """
        database = await Database.open(path, writing=False)
        try:
            yield cls(database)
        finally:
            await database.close()

    async def studies(self) -> list[StudyOverview]:
        """Every study, oldest first."""

        def work(db: sqlite3.Connection) -> list[StudyOverview]:
            counts: dict[int, dict[TrialState, int]] = {}
            for study, state, count in db.execute(query("state_counts")):
                counts.setdefault(study, {})[TrialState(state)] = count
            return [_overview(row, counts.get(row[0], {})) for row in db.execute(query("studies"))]

        return await self._database.run(work)

    async def study(self, name: str) -> StudyOverview:
        """The study called ``name``.

        Raises:
            UnknownName: there is none; the message offers the nearest.
        """
        known = await self.studies()
        for study in known:
            if study.name == name:
                return study
        raise UnknownName("study", name, [study.name for study in known])

    async def trials(self, study: StudyOverview) -> list[TrialResult]:
        """The trials of a study by number."""
        return await self._database.run(
            lambda db: [
                trial_from(row).result()
                for row in db.execute(query("trials_of_study"), (study.id,))
            ]
        )

    async def page(self, study: StudyOverview, first: int, limit: int) -> list[TrialResult]:
        """Up to ``limit`` trials of a study by number, from number ``first`` on."""
        asked = (study.id, min(first, 2**63 - 1), limit)
        return await self._database.run(
            lambda db: [
                trial_from(row).result() for row in db.execute(query("page_of_trials"), asked)
            ]
        )

    async def trial(self, study: StudyOverview, number: int) -> TrialResult:
        """One trial.

        Raises:
            UnknownName: the study has no trial of this number.
        """
        asked = (study.id, number)
        row = None
        if 0 <= number < 2**63:
            row = await self._database.run(
                lambda db: db.execute(query("trial_by_number"), asked).fetchone()
            )
        if row is None:
            raise UnknownName(f"trial in study {study.name!r}:", str(number))
        return trial_from(row).result()

    async def attempts(self, trial: TrialResult) -> list[AttemptResult]:
        """The attempts of a trial, first to last."""
        return await self._database.run(
            lambda db: [
                AttemptResult(*r) for r in db.execute(query("attempts_of_trial"), (trial.id,))
            ]
        )

    async def attempts_of(self, study: StudyOverview, numbers: Sequence[int]) -> list[AttemptSpan]:
        """When and where the trials of these numbers ran, by number and attempt."""
        asked = (study.id, json.dumps(list(numbers)))

        def work(db: sqlite3.Connection) -> list[AttemptSpan]:
            rows = db.execute(query("attempts_of_trials"), asked)
            names = AttemptSpan.__struct_fields__
            return [AttemptSpan(**dict(zip(names, row, strict=True))) for row in rows]

        return await self._database.run(work)

    async def revisions(self, trial: TrialResult, first: int, limit: int) -> list[Revision]:
        """Up to ``limit`` revisions of a trial, from number ``first`` on."""
        return await self._database.run(
            lambda db: revisions_of_trial(db, trial.id, min(first, 2**63 - 1), limit)
        )

    async def curve(self, trial: TrialResult) -> list[Report]:
        """What the counted attempt of a trial reported, in order."""

        def work(db: sqlite3.Connection) -> list[Report]:
            codec = reports_codec()
            rows = db.execute(query("reports_of_attempt"), (trial.id, trial.attempt))
            return [report for (blob,) in rows for report in codec.decode(blob)]

        return await self._database.run(work)

    async def scores(self, trial: TrialResult) -> bytes:
        """The encoded scores of validation that the counted attempt of a trial stored.

        Raises:
            WrongInput: it stored none.
        """
        of = trial.id, trial.attempt
        scores = await self._database.run(lambda db: scores_of_attempt(db, *of))
        if scores is None:
            raise WrongInput(
                f"trial {trial.number} has no scores of its validation: an objective stores them "
                "with trial.store_scores(clips=…, labels=…, threshold=…)"
            )
        return scores

    async def curves(self, study: StudyOverview) -> dict[int, list[Report]]:
        """The curves of all trials of a study, by number."""

        def work(db: sqlite3.Connection) -> dict[int, list[Report]]:
            codec = reports_codec()
            curves: dict[int, list[Report]] = {}
            for number, blob in db.execute(query("reports_of_study"), (study.id,)):
                curves.setdefault(number, []).extend(codec.decode(blob))
            return curves

        return await self._database.run(work)

    async def settings(self, study: StudyOverview, first: int, limit: int) -> list[SettingsChange]:
        """Up to ``limit`` settings that a study had, from version ``first`` on."""
        asked = (study.id, min(first, 2**63 - 1), limit)
        rows = await self._database.run(
            lambda db: db.execute(query("settings_of_study"), asked).fetchall()
        )
        return [
            SettingsChange(
                version=version,
                settings=msgspec.json.decode(text, type=StudySettings),
                author=author,
                at=at,
                because=because,
            )
            for version, text, author, at, because in rows
        ]

    async def attributes(self, study: StudyOverview) -> dict[int, dict[str, Any]]:
        """What objectives wanted kept with their trials, by number."""
        rows = await self._database.run(
            lambda db: db.execute(query("attributes_of_study"), (study.id,)).fetchall()
        )
        return {number: json.loads(document) for number, document in rows}

    async def events(self, study: StudyOverview) -> list[Event]:
        """What happened in a study, first to last."""
        return await self._database.run(
            lambda db: [Event(*r) for r in db.execute(query("events_of_study"), (study.id,))]
        )

    async def events_of(self, trial: TrialResult) -> list[Event]:
        """What happened to a trial, first to last."""
        of = (trial.study, trial.number)
        return await self._database.run(
            lambda db: [Event(*r) for r in db.execute(query("events_of_trial"), of)]
        )

    async def recent_events_of(self, trial: TrialResult, limit: int) -> list[Event]:
        """The last ``limit`` things that happened to a trial."""
        of = (trial.study, trial.number, limit)
        return await self._database.run(
            lambda db: [Event(*r) for r in db.execute(query("recent_events_of_trial"), of)]
        )


class LateResults:
    """What is stored in the database at ``path``, opened when somebody first wants to read it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack = AsyncExitStack()
        self._opening = asyncio.Lock()
        self._results: Results | None = None

    async def get(self) -> Results:
        """The results.

        Raises:
            StoreError: as `Results.open`.
        """
        async with self._opening:
            if self._results is None:
                opening = Results.open(self._path)
                self._results = await self._stack.enter_async_context(opening)
            return self._results

    async def close(self) -> None:
        """Nothing is read any more."""
        await self._stack.aclose()


def _overview(row: Row, counts: dict[TrialState, int]) -> StudyOverview:
    study = study_from(row)
    return StudyOverview(
        id=study.id,
        name=study.name,
        spec=study.spec,
        created=study.created,
        counts=counts,
        active=row[6],
        closed_because=study.closed_because,
    )
