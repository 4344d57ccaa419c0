"""The Pareto front of a study with several metrics, in a sentence."""

from collections.abc import Sequence

from orchestrator.summary import front_of
from schema.results import TrialResult
from schema.study import StudySpec


def front_sentence(spec: StudySpec, trials: Sequence[TrialResult]) -> str:
    """Which trials no other one beats in every metric; empty where there is one metric."""
    metrics = [metric.name for metric in spec.objective.metrics]
    front = front_of(spec, trials) if len(metrics) > 1 else []
    if not front:
        return ""
    numbers = ", ".join(str(trial.number) for trial in front)
    what = f"{len(front)} trials" if len(front) > 1 else "1 trial"
    return f"Pareto front of {' and '.join(metrics)}: {what} ({numbers})"
