"""A picture of a study at one moment, for whoever shows it: plain data, taken from the engine."""

import time
from dataclasses import dataclass

from orchestrator.study_engine import StudyEngine
from schema.trial import TrialState


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTrial:
    """A trial that a runner holds: ``seconds`` since it started, and the ``reports`` it made."""

    runner: str
    number: int
    attempt: int
    step: int | None
    reports: int
    metrics: dict[str, float]
    seconds: float
    ending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A study at one moment.

    ``best`` is number and value; ``limit`` is how many trials the study may have, ``steps`` how
    many a full trial reports (both ``None`` where unknown).
    """

    study: str
    metric: str
    maximize: bool
    limit: int | None
    steps: int | None
    waiting: int
    complete: int
    pruned: int
    failed: int
    cancelled: int
    running: tuple[RunningTrial, ...]
    best: tuple[int, float] | None
    typical_seconds: float | None
    closed_because: str

    @property
    def ended(self) -> int:
        """How many trials have ended."""
        return self.complete + self.pruned + self.failed + self.cancelled


def progress_of(engine: StudyEngine) -> Progress:
    """What there is to see of a study now."""
    now = time.time()
    counts = engine.counts
    spec = engine.spec
    return Progress(
        study=spec.name,
        metric=spec.metric.name,
        maximize=spec.metric.direction == "maximize",
        limit=spec.limits.trials,
        steps=spec.pruner.steps,
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
        typical_seconds=engine.typical_seconds,
        closed_because=engine.closed_because,
    )
