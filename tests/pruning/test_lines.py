"""The line that a pruner draws is where it ends trials: just on its wrong side, and not on it."""

from math import inf, nextafter
from typing import Any

import pytest

from orchestrator.pruning.live_pruner import LivePruner
from orchestrator.pruning.study_pruner import Ending
from orchestrator.reading.pruners import stored_line
from schema.messages import Report
from schema.pruning import Aggressiveness, PrunerSettings
from schema.results import TrialResult
from schema.study import Direction, Metric
from schema.trial import TrialState
from tests.orchestrator.one_study import study_spec

UP = Metric(name="score", direction=Direction.MAXIMIZE)
DOWN = Metric(name="score", direction=Direction.MINIMIZE)
EVIDENCE = {"n_startup_trials": 3, "n_warmup_steps": 1, "n_min_trials": 4, "interval_steps": 1}
CURVES: dict[int, list[Report]] = {
    trial: [(step, 1.0, {"score": trial + step / 10}) for step in range(3 if trial == 0 else 4)]
    for trial in range(4)
}
"""Four trials, of which the first reports a step less."""


def settings(pruner: str, **parameters: Any) -> PrunerSettings:
    return PrunerSettings(pruner=pruner, steps=4, parameters=parameters)


def taught(chosen: PrunerSettings, metric: Metric = UP, trials: int = 4) -> LivePruner:
    """A pruner that knows the first trials, all of them complete."""
    pruner = LivePruner(chosen, study_spec(metric).objective, "s")
    for trial in range(trials):
        for step, _, metrics in CURVES[trial]:
            pruner.report(trial, step, metrics, judged=False)
    for trial in range(trials):
        pruner.end(trial, TrialState.COMPLETE, Ending(CURVES[trial][-1][2], feasible=True))
    pruner.rebuild()
    return pruner


@pytest.mark.parametrize("metric", [UP, DOWN], ids=["maximize", "minimize"])
@pytest.mark.parametrize(
    ("chosen", "steps"),
    [
        (settings("median", **EVIDENCE), [1, 2]),
        (settings("percentile", percentile=30.0, **EVIDENCE), [1, 2]),
        (settings("threshold", lower=1.5, upper=2.5, n_warmup_steps=1), [1, 3]),
        (settings("successive_halving", min_resource=1, reduction_factor=2), [1, 2]),
    ],
    ids=lambda value: value.pruner if isinstance(value, PrunerSettings) else "",
)
def test_a_trial_just_beyond_the_line_is_ended_and_one_on_it_is_not(
    chosen: PrunerSettings, steps: list[int], metric: Metric
) -> None:
    line = taught(chosen, metric).line()
    assert (line.metric, line.because) == ("score", "")
    assert [step for step, _ in line.points] == steps
    worse = -inf if metric is UP else inf
    for step, value in line.points:
        beyond = nextafter(value, worse)
        assert taught(chosen, metric).report(9, step, {"score": beyond}) is not None
        if chosen.pruner != "successive_halving":  # whoever climbs moves the line
            assert taught(chosen, metric).report(9, step, {"score": value}) is None


def test_a_patient_pruner_draws_the_line_of_the_one_it_wraps() -> None:
    patient = settings("patient", wrapped_pruner="median", patience=1, **EVIDENCE)
    assert taught(patient).line() == taught(settings("median", **EVIDENCE)).line()


def test_where_there_is_no_line_it_says_why() -> None:
    assert taught(settings("median", **EVIDENCE), trials=2).line().because == (
        "too few trials have come so far"
    )
    off = PrunerSettings(aggressiveness=Aggressiveness.OFF)
    assert taught(off).line().because == "every trial runs to its end"
    compares = taught(settings("wilcoxon")).line()
    assert compares.points == ()
    assert compares.because.startswith("wilcoxon compares trials in another way")


def test_the_line_of_a_study_of_which_nothing_runs_is_that_of_its_stored_curves() -> None:
    chosen = settings("median", **EVIDENCE)
    trials = [
        TrialResult(
            id=number,
            study=1,
            number=number,
            sampled={},
            config={},
            created=0.0,
            state=TrialState.COMPLETE,
            metrics={"score": 1.0},
            ended=float(number),
        )
        for number in CURVES
    ]
    assert stored_line(study_spec(UP, pruner=chosen), trials, CURVES) == taught(chosen).line()
