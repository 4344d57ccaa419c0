"""A picture of a study at one moment, for whoever shows it: plain data, taken from the engine."""

import time
from collections.abc import Sequence

from orchestrator.engine.study_engine import StudyEngine
from orchestrator.reading.summary import best_of
from schema.results import Progress, RunningTrial, StudyOverview, TrialResult
from schema.trial import TrialState


def progress_of(engine: StudyEngine) -> Progress:
    """What there is to see of a study now."""
    now = time.time()
    counts = engine.counts
    spec = engine.spec
    return Progress(
        study=spec.name,
        metric=spec.metric.name,
        maximize=spec.metric.direction == "maximize",
        limit=spec.settings.limits.trials,
        steps=spec.settings.pruner.steps,
        waiting=counts[TrialState.WAITING] + counts[TrialState.LEASED],
        complete=counts[TrialState.COMPLETE],
        pruned=counts[TrialState.PRUNED],
        failed=counts[TrialState.FAILED],
        cancelled=counts[TrialState.CANCELLED],
        running=tuple(
            RunningTrial(
                runner=trial.runner or "",
                number=trial.number,
                attempt=trial.attempt,
                step=trial.last_step,
                reports=trial.reports,
                metrics=trial.last_metrics if trial.last_step is not None else {},
                seconds=now - trial.started if trial.started else 0.0,
                ending=bool(trial.desired),
            )
            for trial in engine.running()
            if trial.state is TrialState.RUNNING
        ),
        best=engine.best,
        typical_seconds=engine.durations.mean,
        closed_because=engine.closed_because,
        paused=spec.settings.paused,
        done=engine.done,
        broken_because=engine.broken_because,
    )


def progress_of_stored(study: StudyOverview, trials: Sequence[TrialResult]) -> Progress:
    """What there is to see of a study that nobody runs."""
    spec, counts = study.spec, study.counts
    best = best_of(spec, trials)
    ended = [trial for trial in trials if trial.state.ended]
    return Progress(
        study=spec.name,
        metric=spec.metric.name,
        maximize=spec.metric.direction == "maximize",
        limit=spec.settings.limits.trials,
        steps=spec.settings.pruner.steps,
        waiting=counts.get(TrialState.WAITING, 0) + counts.get(TrialState.LEASED, 0),
        complete=counts.get(TrialState.COMPLETE, 0),
        pruned=counts.get(TrialState.PRUNED, 0),
        failed=counts.get(TrialState.FAILED, 0),
        cancelled=counts.get(TrialState.CANCELLED, 0),
        running=(),
        best=None if best is None else (best.number, best.value or 0.0),
        typical_seconds=sum(t.seconds for t in ended) / len(ended) if ended else None,
        closed_because=study.closed_because,
        paused=spec.settings.paused,
        done=True,
    )
