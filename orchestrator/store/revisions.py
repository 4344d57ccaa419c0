"""The revisions of trials as rows, and back.

A database that an older TrialMQ wrote, and that was only opened for reading, has none.
"""

import sqlite3
from collections.abc import Iterable

import msgspec

from orchestrator.engine.trials import Changes
from orchestrator.store.queries import named_queries
from orchestrator.store.rows import Row, values_text
from schema.messages import Revised
from schema.revision import Begun, Revision, RevisionState
from schema.values import Change, Value

_encoder = msgspec.json.Encoder()
_values = msgspec.json.Decoder(dict[str, Value])
_changes = msgspec.json.Decoder(tuple[Change, ...])
_paths = msgspec.json.Decoder(tuple[str, ...])
_begun = msgspec.json.Decoder(Begun | None)


def _query(name: str) -> str:
    return named_queries("revisions.sql")[name]


def write_revisions(db: sqlite3.Connection, changes: Changes) -> None:
    """Store what a turn changed of revisions."""
    rows = (_row(trial, revision) for (trial, _), revision in changes.revisions.items())
    db.executemany(_query("put_revision"), rows)
    db.executemany(_query("insert_revised"), (_told_row(*told) for told in changes.revised))


def revisions_of_study(db: sqlite3.Connection, study: int) -> dict[int, list[Revision]]:
    """Those of all trials of a study, by the trials' ids."""
    found: dict[int, list[Revision]] = {}
    for trial, revision in _revisions(db.execute(_query("revisions_of_study"), (study,))):
        found.setdefault(trial, []).append(revision)
    return found


def revisions_of_trial(
    db: sqlite3.Connection, trial: int, first: int, limit: int
) -> list[Revision]:
    """Up to ``limit`` revisions of one trial, from number ``first`` on."""
    if not db.execute(_query("has_revisions")).fetchone()[0]:
        return []
    rows = db.execute(_query("revisions_of_trial"), (trial, first, limit))
    return [revision for _, revision in _revisions(rows)]


def _revisions(rows: Iterable[Row]) -> Iterable[tuple[int, Revision]]:
    for row in rows:
        yield (
            row[0],
            Revision(
                number=row[1],
                base=row[2],
                values=_values.decode(row[3]),
                changes=_changes.decode(row[4]),
                author=row[5],
                at=row[6],
                because=row[7],
                state=RevisionState(row[8]),
                pending=_paths.decode(row[9]),
                attempt=row[10],
                step=row[11],
                applied_at=row[12],
                reason=row[13],
                dropped=_paths.decode(row[14]),
                begun=_begun.decode(row[15]),
            ),
        )


def _row(trial: int, revision: Revision) -> Row:
    return (
        trial,
        revision.number,
        revision.base,
        values_text(revision.values),
        _text(revision.changes),
        revision.author,
        revision.at,
        revision.because,
        revision.state,
        _text(revision.pending),
        revision.attempt,
        revision.step,
        revision.applied_at,
        revision.reason,
        _text(revision.dropped),
        _text(revision.begun),
    )


def _told_row(trial: int, attempt: int, seq: int, told: Revised) -> Row:
    lists = _text(told.applied), _text(told.unbound)
    return trial, attempt, seq, told.number, told.step, told.seconds, *lists, told.refused


def _text(value: object) -> str:
    return _encoder.encode(value).decode()
