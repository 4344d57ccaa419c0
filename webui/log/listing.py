"""The rows of the log, newest first. Pure."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from schema.commands.feed import LogEntry
from schema.events import EventKind
from schema.trial import TrialState

Row = dict[str, Any]

TROUBLE = {
    EventKind.FAILED: "bad",
    EventKind.WARNING: "warning",
    EventKind.LEASE_EXPIRED: "warning",
    EventKind.WAITS_AGAIN: "warning",
    EventKind.RUNNER_REFUSED: "bad",
    EventKind.PRUNED: "warning",
    EventKind.COMPLETE: "good",
    EventKind.RUNNING: "accent",
    EventKind.EDIT: "accent",
    EventKind.SETTINGS: "accent",
}
"""The tones of the kinds that stand out."""


def rows(
    entries: Iterable[LogEntry], *, words: str, study: str, kinds: Iterable[str], most: int
) -> list[Row]:
    """The first ``most`` of the ``entries`` that have all ``words``, and are of the study and the
    kinds, where any are given."""
    return [_row(entry) for entry in islice(_found(entries, words, study, set(kinds)), most)]


def _found(
    entries: Iterable[LogEntry], words: str, study: str, kinds: set[str]
) -> Iterator[LogEntry]:
    wanted = words.lower().split()
    for entry in entries:
        event = entry.event
        if (study and entry.study != study) or (kinds and event.kind not in kinds):
            continue
        trial = "" if event.trial is None else f"#{event.trial}"
        text = f"{entry.study} {trial} {event.kind} {event.text}".lower()
        if all(word in text for word in wanted):
            yield entry


def _row(entry: LogEntry) -> Row:
    event = entry.event
    return {
        "id": event.id,
        "at": event.at,
        "study": entry.study,
        "trial": event.trial,
        "kind": event.kind,
        "tone": TROUBLE.get(EventKind(event.kind), "") if event.kind in set(EventKind) else "",
        "text": event.text,
    }


def kinds() -> list[str]:
    """What can be chosen: the ends of trials first."""
    ends = [state.value for state in TrialState if state.ended]
    return ends + [kind.value for kind in EventKind if kind.value not in ends]
