"""The rows of the list of profiles, and of a profile's history. Pure."""

from collections.abc import Iterable
from typing import Any

from schema.figures import brief, shown_metrics
from schema.profile import Provenance
from schema.profile_history import ProfileEvent, ProfileOverview
from webui.times import moment

Row = dict[str, Any]


def listed(profiles: Iterable[ProfileOverview]) -> list[Row]:
    """A row a profile, by name."""
    return [
        {
            "name": profile.name,
            "version": profile.version,
            "objective": profile.objective,
            "origin": origin(profile.provenance),
            "metrics": shown_metrics(profile.provenance.metrics),
            "saved": moment(profile.saved),
            "author": profile.author,
        }
        for profile in profiles
    ]


def origin(provenance: Provenance) -> str:
    """Where the values come from: ``trial 12 of wakeword-train, 2 values edited``."""
    words = []
    if provenance.study:
        words.append(f"trial {provenance.trial} of {provenance.study}")
    if provenance.edits:
        count = len(provenance.edits)
        words.append("1 value edited" if count == 1 else f"{count} values edited")
    return ", ".join(words) or "the defaults"


def happened(events: Iterable[ProfileEvent]) -> list[Row]:
    """A row a step of a profile's history, the last one first."""
    rows = [
        {
            "version": event.version,
            "step": str(event.step),
            "at": moment(event.at),
            "author": event.author,
            "text": event.text or (event.provenance.because if event.provenance else ""),
            "changes": [
                f"{change.path}: {_shown(change.old)} → {_shown(change.new)}"
                for change in event.changes
            ],
        }
        for event in events
    ]
    return rows[::-1]


def _shown(value: Any) -> str:
    return "–" if value is None else brief(value)
