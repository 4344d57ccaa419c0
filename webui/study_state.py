"""What state a study is in, in one word and a reason, and the numbers that matter. Pure."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from schema.commands.runners import Presence, RunnerOverview
from schema.figures import measured
from schema.results import Progress, StudyOverview
from schema.trial import TrialState


class State(NamedTuple):
    """``tone`` is one of accent, good, warning, bad or empty; ``open`` while trials may start."""

    word: str
    tone: str = ""
    because: str = ""
    open: bool = True


def state_of(
    study: StudyOverview, progress: Progress | None, runners: Iterable[RunnerOverview] = ()
) -> State:
    """The state of a study, as far as it is known."""
    if progress is None:
        return State("…", "", "", not study.closed_because)
    if progress.broken_because:
        return State("broken", "bad", progress.broken_because, open=False)
    if study.closed_because:
        word = "ending" if progress.running else "stopped"
        return State(word, "warning", study.closed_because, open=False)
    if progress.done:
        return State("done", "good", "", open=False)
    if progress.paused:
        word = "pausing" if progress.running else "paused"
        return State(word, "warning", "no trial is started until it is resumed")
    if progress.running:
        return State("running", "accent")
    entry = study.spec.objective.entry
    there = [r for r in runners if entry in r.offers and r.presence is not Presence.GONE]
    if not there:
        return State("waiting", "warning", f"no runner is there that offers {entry}")
    return State("waiting", "", "for a free slot")


class Numbers(NamedTuple):
    """The five numbers that matter, as they are written."""

    running: str
    done: str
    pruned: str
    failed: str
    best: str
    best_number: int | None

    @property
    def shown(self) -> tuple[str, ...]:
        """All five."""
        return self[:5]


NO_NUMBERS = Numbers("–", "–", "–", "–", "–", None)


def numbers_of(progress: Progress | None) -> Numbers:
    """The numbers of a study; dashes where it is not known."""
    if progress is None:
        return NO_NUMBERS
    limit = "" if progress.limit is None else f"/{progress.limit:,}"
    best = "–" if progress.best is None else measured(progress.best[1])
    return Numbers(
        f"{len(progress.running):,}",
        f"{progress.complete:,}{limit}",
        f"{progress.pruned:,}",
        f"{progress.failed:,}",
        best,
        None if progress.best is None else progress.best[0],
    )


def share_done(progress: Progress | None) -> float | None:
    """How much of its trials has ended, from 0 to 1; ``None`` where a study has no such limit."""
    if progress is None or not progress.limit:
        return None
    return min(progress.ended / progress.limit, 1.0)


def counted_states(counts: Mapping[TrialState, int]) -> str:
    """``12 complete, 3 pruned``."""
    return ", ".join(f"{count:,} {state}" for state, count in counts.items() if count)
