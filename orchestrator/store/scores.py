"""The scores of validation as rows, a part each, and back as the bytes that they were.

A database that an older TrialMQ wrote, and that was only opened for reading, has none.
"""

import sqlite3
from collections.abc import Iterable

from orchestrator.store.queries import named_queries
from schema.messages import Scored

ScoredRow = tuple[int, int, int, Scored]
"""trial id, attempt, seq, the part."""


def _query(name: str) -> str:
    return named_queries("scores.sql")[name]


def write_scores(db: sqlite3.Connection, scored: Iterable[ScoredRow]) -> None:
    """Store the parts that came in a turn."""
    rows = ((*place, part.part, part.parts, part.data) for *place, part in scored)
    db.executemany(_query("insert_score"), rows)


def scores_of_attempt(db: sqlite3.Connection, trial: int, attempt: int) -> bytes | None:
    """The encoded scores of an attempt, ``None`` where it stored none."""
    if not db.execute(_query("has_scores")).fetchone()[0]:
        return None
    return joined(db.execute(_query("scores_of_attempt"), (trial, attempt)))


def joined(parts: Iterable[tuple[int, int, bytes]]) -> bytes | None:
    """The last complete scores among these parts, (part, parts, data) in their order."""
    pieces: list[bytes] = []
    whole: bytes | None = None
    for part, of, data in parts:
        if part == 1:
            pieces = []
        if part == len(pieces) + 1:
            pieces.append(data)
            if part == of:
                whole = b"".join(pieces)
    return whole
