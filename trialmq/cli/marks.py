"""What people made of a trial, in words beside its result: hidden, rescored, noted. Pure."""

from collections.abc import Iterable, Iterator

from schema.events import EventKind
from schema.figures import shown_metrics
from schema.results import Event, TrialResult
from trialmq.cli.revision_lines import fork_line

EDITS = {
    EventKind.RESCORE: "rescored",
    EventKind.HIDE: "hidden",
    EventKind.UNHIDE: "shown again",
    EventKind.LEARN: "counts",
}
"""The events that changed what counts, as they are told."""


def marks_of(trial: TrialResult) -> str:
    """``hidden, rescored, fork, #good``; empty for what nobody touched."""
    marks = []
    if trial.hidden:
        marks.append("hidden")
    if trial.rescored:
        marks.append("rescored")
    if trial.fork is not None:
        marks.append("fork, counts" if trial.learn else "fork")
    elif trial.edits:
        marks.append("edited")
    if trial.note:
        marks.append("note")
    return ", ".join([*marks, *(f"#{tag}" for tag in trial.tags)])


def mark_lines(trial: TrialResult, events: Iterable[Event]) -> Iterator[str]:
    """A line a thing that somebody made of the trial, with who did it and why."""
    if trial.fork is not None:
        counts = "it counts as a result" if trial.learn else "it counts for nothing"
        yield f"{fork_line(trial.fork)}; {counts}"
    for event in events:
        if event.kind in EDITS:
            yield f"{EDITS[EventKind(event.kind)]} {event.text}"
    if trial.measured is not None:
        yield f"its training returned {shown_metrics(trial.measured)}"
    if trial.tags:
        yield " ".join(f"#{tag}" for tag in trial.tags)
    if trial.note:
        yield f"note: {trial.note}"
