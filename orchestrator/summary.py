"""What came out of a study: its best trial, and the time that was saved. Pure."""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from orchestrator.control_trials import Regret, regret_of
from orchestrator.store.rows import EventRow
from orchestrator.trials import Trial
from schema.study import Direction, StudySpec
from schema.trial import TrialState
from schema.values import Value, nest


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """The best trial: the configuration as nested groups."""

    number: int
    metrics: dict[str, float]
    config: dict[str, object]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A study in numbers.

    ``seconds`` is the wall time of the run that made the summary, ``trial_seconds`` the sum over
    all trials, ``steps`` the number of reports. ``saved_by_pruning`` estimates the seconds that
    pruned trials would still have taken, from the complete trials' number of steps and each one's
    own speed; ``saved_by_parallelism`` is what this run's trials took one after the other, less the
    wall time. ``regret`` is what control trials say of the pruner, where there are any.
    """

    study: str
    trials: dict[str, int]
    best: Best | None
    front: list[Best]
    seconds: float
    trial_seconds: float
    steps: int
    saved_by_pruning: float
    saved_by_parallelism: float
    stopped_because: str = ""
    regret: Regret | None = None


def best_of(spec: StudySpec, trials: Sequence[Trial]) -> Trial | None:
    """The best feasible complete trial by the study's first metric; the earlier one of equals."""
    return next(iter(best_first(spec, trials)), None)


def best_first(spec: StudySpec, trials: Sequence[Trial]) -> list[Trial]:
    """The feasible complete trials by the study's first metric; of equals the earlier one first."""
    maximize = spec.metric.direction is Direction.MAXIMIZE
    feasible = [trial for trial in trials if _counts(spec, trial)]
    return sorted(feasible, key=lambda trial: trial.value or 0.0, reverse=maximize)


def front_of(spec: StudySpec, trials: Sequence[Trial]) -> list[Trial]:
    """The feasible complete trials that no other one dominates (the Pareto front)."""
    feasible = [trial for trial in trials if _counts(spec, trial)]
    return [t for t in feasible if not any(_dominates(spec, other, t) for other in feasible)]


def _counts(spec: StudySpec, trial: Trial) -> bool:
    return (
        trial.state is TrialState.COMPLETE
        and trial.value is not None
        and spec.objective.feasible(trial.metrics or {})
    )


def _dominates(spec: StudySpec, left: Trial, right: Trial) -> bool:
    pairs = [
        (m, (left.metrics or {})[m.name], (right.metrics or {})[m.name])
        for m in spec.objective.metrics
    ]
    if any(m.better(r, le) for m, le, r in pairs):
        return False
    return any(m.better(le, r) for m, le, r in pairs)


def saved_by_pruning(trials: Sequence[Trial]) -> float:
    """Seconds that the pruned trials would still have taken, estimated (see `Summary`)."""
    full = [t.reports for t in trials if t.state is TrialState.COMPLETE and t.reports]
    if not full:
        return 0.0
    steps = statistics.median(full)
    pruned = (t for t in trials if t.state is TrialState.PRUNED and t.reports)
    return math.fsum(max(0.0, steps / t.reports - 1) * t.seconds for t in pruned)


def summarise(
    spec: StudySpec,
    trials: Sequence[Trial],
    *,
    seconds: float,
    since: float,
    stopped_because: str = "",
    events: Iterable[EventRow] = (),
) -> Summary:
    """The summary of a study after a run of ``seconds`` that began at ``since`` (wall clock).

    ``events`` is the log of a study that has control trials.
    """
    counts = Counter(trial.state for trial in trials)
    here = math.fsum(t.seconds for t in trials if t.ended is not None and t.ended >= since)
    ranked = best_first(spec, trials)
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    several = len(spec.objective.metrics) > 1
    return Summary(
        study=spec.name,
        trials={
            str(state): counts[state]
            for state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED)
        }
        | {str(s): counts[s] for s in (TrialState.CANCELLED, TrialState.WAITING) if counts[s]},
        best=_entry(ranked[0]) if ranked else None,
        front=[_entry(trial) for trial in front_of(spec, trials)] if several else [],
        seconds=seconds,
        trial_seconds=math.fsum(t.seconds for t in trials),
        steps=sum(t.reports for t in trials),
        saved_by_pruning=saved_by_pruning(trials),
        saved_by_parallelism=max(0.0, here - seconds),
        stopped_because=stopped_because,
        regret=regret_of(complete, ranked, events),
    )


def _entry(trial: Trial) -> Best:
    config: dict[str, Value] = trial.config
    return Best(number=trial.number, metrics=trial.metrics or {}, config=nest(config))
