"""The log of what happened, and the curves, read from any point on, a page at a time."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from orchestrator.store.database import Database
from orchestrator.store.queries import query
from orchestrator.store.rows import settings_from, trial_from
from schema.codec import reports_codec
from schema.commands.feed import CurveFrom, CurvePart, LogEntry
from schema.commands.pages import PAGE_BYTES, PAGE_ROWS
from schema.commands.studies import SettingsVersion
from schema.messages import Report
from schema.results import Event, TrialResult

LAST = 2**53
"""No event has a higher id."""


class ChangesPage(msgspec.Struct, frozen=True, kw_only=True):
    """What `schema.commands.feed.Changes` says of what is stored, of the study of this ``id``."""

    id: int
    created: float
    after: int
    events: tuple[Event, ...]
    trials: tuple[TrialResult, ...]
    settings: SettingsVersion
    more: bool


class StoredLog:
    """The log of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def changes(self, study: str, after: int | None) -> ChangesPage | None:
        """The events of a study after one of them, with their trials; ``None`` without the study.

        With ``None``, and after what is later than the last event, they are none.
        """
        return await self._database.look(lambda db: _changes(db, study, after))

    async def curves(self, study: str, after: Sequence[CurveFrom]) -> tuple[CurvePart, ...]:
        """What trials reported since, as much as one answer may hold."""
        return await self._database.look(lambda db: tuple(_parts(db, study, after)))

    async def before(self, last: int | None, studies: Sequence[str]) -> tuple[LogEntry, ...]:
        """The events of studies, or of all, before this one, newest first."""
        return await self._entries("log_before", LAST if last is None else last, studies)

    async def after(self, first: int, studies: Sequence[str]) -> tuple[LogEntry, ...]:
        """The same after this one, oldest first."""
        return await self._entries("log_after", first, studies)

    async def _entries(self, name: str, id: int, studies: Sequence[str]) -> tuple[LogEntry, ...]:
        names = msgspec.json.encode(studies).decode()
        asked = (id, names, PAGE_ROWS)
        rows = await self._database.run(lambda db: db.execute(query(name), asked).fetchall())
        return bounded(LogEntry(study=row[0] or "", event=Event(*row[1:])) for row in rows)


def bounded(rows: Iterable[LogEntry]) -> tuple[LogEntry, ...]:
    """As many of the ``rows`` as one answer may hold."""
    page: list[LogEntry] = []
    size = 0
    for row in rows:
        size += _size(row)
        if page and size > PAGE_BYTES:
            break
        page.append(row)
    return tuple(page)


def _changes(db: sqlite3.Connection, study: str, after: int | None) -> ChangesPage | None:
    found = db.execute(query("study_in_force"), (study,)).fetchone()
    if found is None:
        return None
    id, created, version, settings = found
    last: int = db.execute(query("last_event")).fetchone()[0]
    events: list[Event] = []
    trials: dict[int, TrialResult] = {}
    first = last if after is None else after
    more = False
    if first < last:
        rows = db.execute(query("events_after"), (id, first, PAGE_ROWS + 1)).fetchall()
        more = _take(db, id, (Event(*row) for row in rows), events, trials)
    return ChangesPage(
        id=id,
        created=created,
        after=events[-1].id if more else last,
        events=tuple(events),
        trials=tuple(trials.values()),
        settings=SettingsVersion(version=version, settings=settings_from(settings)),
        more=more,
    )


def _take(
    db: sqlite3.Connection,
    study: int,
    found: Iterable[Event],
    events: list[Event],
    trials: dict[int, TrialResult],
) -> bool:
    """Take events with their trials as long as there is room; True when some are left."""
    size = 0
    for event in found:
        size += _size(event)
        row = None
        if event.trial is not None and event.trial not in trials:
            row = db.execute(query("trial_by_number"), (study, event.trial)).fetchone()
        trial = None if row is None else trial_from(row).result()
        size += 0 if trial is None else _size(trial)
        if events and (size > PAGE_BYTES or len(events) == PAGE_ROWS):
            return True
        events.append(event)
        if trial is not None:
            trials[trial.number] = trial
    return False


def _parts(db: sqlite3.Connection, study: str, after: Iterable[CurveFrom]) -> Iterator[CurvePart]:
    codec = reports_codec()
    size = 0
    for known in after:
        if size > PAGE_BYTES:
            return
        trial = db.execute(query("counted_attempt"), (study, known.number)).fetchone()
        if trial is None:
            continue
        reports: list[Report] = []
        seq = known.seq if known.attempt == trial[1] else 0
        for number, blob in db.execute(query("reports_after"), (*trial, seq)):
            reports += codec.decode(blob)
            seq, size = number, size + len(blob)
            if size > PAGE_BYTES:
                break
        if reports:
            yield CurvePart(number=known.number, attempt=trial[1], seq=seq, reports=tuple(reports))


def _size(row: msgspec.Struct) -> int:
    return len(msgspec.msgpack.encode(row))
