"""What came out of a study: its best trial, and the time that was saved. Pure."""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

from orchestrator.engine.control_trials import regret_of
from orchestrator.pruning.dominance import dominance
from orchestrator.pruning.on_pareto_rank import point_of
from schema.results import Best, Event, Summary, TrialResult
from schema.study import Direction, StudySpec
from schema.trial import TrialState
from schema.values import Value, nest


def best_of(spec: StudySpec, trials: Sequence[TrialResult]) -> TrialResult | None:
    """The best feasible complete trial by the study's first metric; the earlier one of equals."""
    return next(iter(best_first(spec, trials)), None)


def best_first(spec: StudySpec, trials: Sequence[TrialResult]) -> list[TrialResult]:
    """The feasible complete trials by the study's first metric; of equals the earlier one first."""
    maximize = spec.metric.direction is Direction.MAXIMIZE
    feasible = [trial for trial in trials if _counts(spec, trial)]
    return sorted(feasible, key=lambda trial: trial.value or 0.0, reverse=maximize)


def front_of(spec: StudySpec, trials: Sequence[TrialResult]) -> list[TrialResult]:
    """The feasible complete trials that no other one dominates (the Pareto front)."""
    metrics = spec.objective.metrics
    feasible = [trial for trial in trials if _counts(spec, trial)]
    seen = dominance(1, len(metrics))
    points = [point_of(metrics, trial.metrics or {}) for trial in feasible]
    for point in points:
        seen.add(point)
    return [t for t, point in zip(feasible, points, strict=True) if not seen.dominate(point)]


def _counts(spec: StudySpec, trial: TrialResult) -> bool:
    return (
        trial.state is TrialState.COMPLETE
        and trial.counts
        and trial.value is not None
        and spec.objective.feasible(trial.metrics or {})
    )


def saved_by_pruning(trials: Sequence[TrialResult]) -> float:
    """Seconds that the pruned trials would still have taken, estimated (see `Summary`)."""
    trials = [trial for trial in trials if not trial.hidden]
    full = [t.reports for t in trials if t.state is TrialState.COMPLETE and t.reports]
    if not full:
        return 0.0
    steps = statistics.median(full)
    pruned = (t for t in trials if t.state is TrialState.PRUNED and t.reports)
    return math.fsum(max(0.0, steps / t.reports - 1) * t.seconds for t in pruned)


def summarise(
    spec: StudySpec,
    trials: Sequence[TrialResult],
    *,
    seconds: float,
    since: float,
    stopped_because: str = "",
    events: Iterable[Event] = (),
    warnings: Iterable[str] = (),
) -> Summary:
    """The summary of a study after a run of ``seconds`` that began at ``since`` (wall clock).

    ``events`` is the log of a study that has control trials.
    """
    counts = Counter(trial.state for trial in trials)
    here = math.fsum(t.seconds for t in trials if t.ended is not None and t.ended >= since)
    ranked = best_first(spec, trials)
    complete = [t for t in trials if t.state is TrialState.COMPLETE and t.counts]
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
        warnings=tuple(warnings),
        hidden=sum(trial.hidden for trial in trials),
    )


def _entry(trial: TrialResult) -> Best:
    config: dict[str, Value] = trial.config
    return Best(number=trial.number, metrics=trial.metrics or {}, config=nest(config))
