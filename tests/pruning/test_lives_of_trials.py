"""What a pruner keeps of a trial that completes, is retried, or is read back from the store."""

from collections.abc import Iterator
from itertools import chain
from math import nan
from random import Random

import pytest

from orchestrator.pruning.build import build_pruner
from orchestrator.pruning.pruner import Pruner
from schema.pruning import PrunerSettings
from schema.trial import TrialState

Curve = list[tuple[int, float]]
PARAMETERS: dict[str, dict[str, int | float | bool | str]] = {
    "median": {},
    "percentile": {"percentile": 40.0},
    "threshold": {"lower": 0.2},
    "patient": {"patience": 1},
    "successive_halving": {"min_resource": 2},
    "hyperband": {},
    "wilcoxon": {},
}


def build(pruner: str, **parameters: int | float | str) -> Pruner:
    """A pruner for trials of twelve steps where more is better."""
    own = PARAMETERS.get(pruner, {}) | parameters
    return build_pruner(
        PrunerSettings(pruner=pruner, steps=12, parameters=own), maximize=True, study_name="s"
    )


def curves(random: Random) -> Iterator[Curve]:
    """Noisy curves of twelve steps, endlessly."""
    while True:
        level = random.random()
        yield [(step, level + 0.02 * step + 0.2 * random.random()) for step in range(12)]


@pytest.mark.parametrize("pruner", PARAMETERS)
def test_a_pruner_rebuilt_from_stored_curves_decides_as_the_one_that_saw_them(pruner: str) -> None:
    lived, rebuilt = build(pruner), build(pruner)
    stream = curves(Random(3))
    for trial in range(60):
        curve, state = next(stream), TrialState.COMPLETE
        for length, (step, value) in enumerate(curve, 1):
            if lived.report(trial, step, value):
                curve, state = curve[:length], TrialState.PRUNED
                break
        if state is TrialState.COMPLETE:
            lived.complete(trial)
        else:
            lived.drop(trial)
        rebuilt.restore(trial, curve, state)
    half_way = next(stream)
    for step, value in half_way[:6]:
        lived.report(99, step, value)
    rebuilt.restore(99, half_way[:6], TrialState.RUNNING)
    decisions = set()
    for trial, curve in zip(range(99, 130), chain([half_way], stream), strict=False):
        for step, value in curve[6:] if trial == 99 else curve:
            decision = lived.report(trial, step, value)
            assert rebuilt.report(trial, step, value) == decision
            decisions.add(decision)
    assert len(decisions) > 1


@pytest.mark.parametrize("pruner", ["successive_halving", "hyperband"])
def test_an_estimated_first_rung_survives_a_restart(pruner: str) -> None:
    resource = "min_resource" if pruner == "successive_halving" else "max_resource"
    lived, rebuilt = (build(pruner, **{resource: "auto"}) for _ in range(2))
    stream = curves(Random(1))
    for trial in range(20):
        curve = next(stream)
        for step, value in curve:
            lived.report(trial, step, value)
        lived.complete(trial)
        rebuilt.restore(trial, curve, TrialState.COMPLETE)
    decisions = set()
    for trial, curve in zip(range(20, 40), stream, strict=False):
        for step, value in curve:
            decision = lived.report(trial, step, value)
            assert rebuilt.report(trial, step, value) == decision
            decisions.add(decision)
    assert len(decisions) > 1


def test_only_complete_trials_are_evidence_for_the_median() -> None:
    pruner = build("median", n_startup_trials=1, n_min_trials=1, n_warmup_steps=0)
    for trial, (value, complete) in enumerate([(0.5, True), (0.9, False), (0.9, False)]):
        pruner.report(trial, 1, value)
        if complete:
            pruner.complete(trial)
        else:
            pruner.drop(trial)
    assert pruner.report(3, 1, 0.6) is None
    assert pruner.report(4, 1, 0.4) is not None


def test_a_retried_attempt_is_judged_without_the_values_of_the_lost_one() -> None:
    pruner = build("median", n_startup_trials=1, n_min_trials=1, n_warmup_steps=0)
    pruner.report(0, 1, 0.5)
    pruner.complete(0)
    assert pruner.report(1, 0, 0.9) is None
    pruner.drop(1)
    assert pruner.report(1, 1, 0.4) is not None


@pytest.mark.parametrize("pruner", ["successive_halving", "hyperband"])
def test_a_pruned_trial_stays_on_its_rungs_until_it_is_retried(pruner: str) -> None:
    rungs = build(pruner, min_resource=12 if pruner == "hyperband" else 2)  # a single bracket
    assert rungs.report(0, 12, 0.9) is None
    rungs.drop(0)
    assert rungs.report(1, 12, 0.6) is not None
    rungs.drop(1)
    assert rungs.report(0, 0, 0.1) is None  # the retry: its 0.9 is withdrawn
    assert rungs.report(2, 12, 0.65) is None


def test_a_complete_trial_stays_on_its_rungs_for_good() -> None:
    rungs = build("successive_halving", min_resource=2)
    rungs.report(0, 2, 0.9)
    rungs.complete(0)
    rungs.drop(0)
    rungs.report(0, 0, 0.1)
    assert rungs.report(1, 2, 0.6) is not None


@pytest.mark.parametrize("pruner", ["successive_halving", "hyperband"])
def test_a_stored_nan_takes_no_place_on_a_rung(pruner: str) -> None:
    rungs = build(pruner, min_resource=12)
    rungs.restore(0, [(0, 0.9), (12, nan)], TrialState.FAILED)
    for trial, value in enumerate([0.5, 0.6, 0.7], 1):
        assert rungs.report(trial, 12, value) is None
    assert rungs.report(4, 12, 0.65) is not None


def test_infeasible_trials_never_become_the_best_one_of_wilcoxon() -> None:
    pruner = build("wilcoxon", n_startup_steps=6)
    for trial, (level, value) in enumerate([(0.5, 0.5), (0.9, nan)]):
        for step in range(12):
            pruner.report(trial, step, level + 0.001 * step)
        pruner.complete(trial, value)
    decisions = [pruner.report(2, step, 0.7 + 0.002 * step) for step in range(12)]
    assert decisions == [None] * 12
    assert any(pruner.report(3, step, 0.4 + 0.002 * step) for step in range(12))


def test_a_reason_says_the_step_the_value_and_what_it_was_held_against() -> None:
    pruner = build("median", n_startup_trials=1, n_min_trials=1)
    for trial, value in enumerate([0.7, 0.79, 0.8]):
        pruner.report(trial, 6, value)
        pruner.complete(trial)
    decision = pruner.report(3, 6, 0.71)
    assert decision is not None
    assert decision.because == "step 6: 0.71 is below the median 0.79 of 3 trials"
