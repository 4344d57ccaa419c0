"""The rows of the list of studies. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any

from schema.commands.runners import RunnerOverview
from schema.figures import measured
from schema.results import Progress, StudyOverview
from webui import addresses
from webui.study_state import numbers_of, share_done, state_of

Row = dict[str, Any]


def listed(
    studies: Sequence[StudyOverview],
    progress: dict[str, Progress],
    runners: Iterable[RunnerOverview],
) -> list[Row]:
    """A row a study, the one that changed last first."""
    there = tuple(runners)
    newest = sorted(studies, key=lambda study: study.active or study.created, reverse=True)
    return [_row(study, progress.get(study.name), there) for study in newest]


def _row(
    study: StudyOverview, progress: Progress | None, runners: tuple[RunnerOverview, ...]
) -> Row:
    spec = study.spec
    state = state_of(study, progress, runners)
    numbers = numbers_of(progress)
    share = share_done(progress)
    is_session = spec.is_session
    metrics = ", ".join(metric.name for metric in spec.objective.metrics)
    best = "–"
    if progress is not None and progress.best is not None:
        best = f"{spec.metric.name} {measured(progress.best[1])}"
    return {
        "name": study.name,
        "address": (addresses.session if is_session else addresses.study)(study.name),
        "is_session": is_session,
        "state": state.word,
        "tone": state.tone,
        "because": state.because,
        "open": state.open,
        "running": numbers.running,
        "done": numbers.done,
        "share": None if share is None else round(share * 100),
        "pruned": numbers.pruned,
        "failed": numbers.failed,
        "best": best,
        "best_trial": "" if numbers.best_number is None else f"#{numbers.best_number}",
        "optimises": metrics,
        "sampler": "session" if is_session else spec.sampler,
        "objective": spec.objective.entry,
        "changed": study.active or study.created,
    }


def found(rows: Sequence[Row], words: str) -> list[Row]:
    """The rows that have every one of the words in their name, objective, state or sampler."""
    wanted = words.lower().split()
    fields = ("name", "objective", "state", "sampler", "optimises")
    texts = [" ".join(str(row[field]) for field in fields).lower() for row in rows]
    return [
        row for row, text in zip(rows, texts, strict=True) if all(word in text for word in wanted)
    ]
