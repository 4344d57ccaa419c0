"""Every decision of every pruner is the one that Optuna takes in the same place."""

from math import inf, isfinite, nan
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import Trial, TrialState

from tests.pruning.side_by_side import SideBySide, run_random_study

DECISIONS = {
    "nop": 2_000,
    "median": 30_000,
    "percentile": 30_000,
    "threshold": 36_000,
    "patient": 25_000,
    "successive_halving": 50_000,
    "hyperband": 30_000,
    "wilcoxon": 3_000,
}
VALUES = [0.0, 0.25, 0.5, 0.75, 1.0, nan, inf, -inf]

pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),  # Optuna's, on repeats and NaN
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),  # numpy's, on NaN and infinities
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
]


def draw_parameters(pruner: str, random: Random) -> dict[str, Any]:
    """Parameters from all over their ranges."""
    pick = random.choice
    checks = {"n_warmup_steps": pick([0, 0, 3, 8]), "interval_steps": pick([1, 1, 2, 3, 7])}
    evidence = {
        "n_startup_trials": pick([0, 1, 5]),
        **checks,
        "n_min_trials": pick([1, 1, 4]),
    }
    factor, bootstrap = pick([2, 3, 4]), pick([0, 0, 3])
    match pruner:
        case "median":
            return evidence
        case "percentile":
            return {"percentile": pick([0.0, 10.0, 25.0, 50.0, 66.6, 90.0, 100.0]), **evidence}
        case "threshold":
            band = {"lower": pick([-inf, 0.3, 0.6]), "upper": pick([inf, 1.2, 1.6])}
            return band | checks
        case "successive_halving":
            first = pick(["auto", 1, 2, 5])
            return {
                "min_resource": first,
                "reduction_factor": factor,
                "min_early_stopping_rate": pick([0, 0, 1]),
                "bootstrap_count": 0 if first == "auto" else bootstrap,
            }
        case "hyperband":
            last = pick(["auto", 5, 12, 27, 30])
            return {
                "min_resource": pick([1, 1, 2]),
                "max_resource": last,
                "reduction_factor": factor,
                "bootstrap_count": 0 if last == "auto" else bootstrap,
            }
        case "wilcoxon":
            return {"p_threshold": pick([0.05, 0.1, 0.25, 0.5]), "n_startup_steps": pick([0, 2, 6])}
        case "patient":
            wrapped = pick(["none", "median", "percentile", "successive_halving", "hyperband"])
            own = {"patience": pick([0, 1, 3]), "min_delta": pick([0.0, 0.0, 0.1])}
            inner = {} if wrapped == "none" else draw_parameters(wrapped, random)
            return {"wrapped_pruner": wrapped, **own, **inner}
    return {}


@pytest.mark.parametrize("pruner", DECISIONS)
def test_every_decision_in_random_studies_is_optunas(pruner: str) -> None:
    digits = (6, 6, 6, 2) if pruner == "wilcoxon" else (1, 2, 6)  # scipy is slow with ties
    decisions = pruned = seed = 0
    while decisions < DECISIONS[pruner]:
        parameters = draw_parameters(pruner, Random(seed))
        study = run_random_study(pruner, parameters, seed, digits)
        assert study.disagreements == [], f"seed {seed}, {parameters}"
        decisions += study.decisions
        pruned += study.pruned
        seed += 1
    assert pruned > decisions / 200 or pruner == "nop"


def test_the_suite_compares_at_least_200_000_decisions() -> None:
    assert sum(DECISIONS.values()) >= 200_000


class Event(NamedTuple):
    """Something that happens to the trial in one of a few slots; ``ends`` it, or it reports."""

    slot: int
    step: int
    value: float
    ends: TrialState | None


EVENTS = st.builds(
    Event,
    slot=st.integers(0, 3),
    step=st.integers(0, 9),
    value=st.sampled_from(VALUES),
    ends=st.sampled_from([None] * 9 + [TrialState.COMPLETE] * 2 + [TrialState.PRUNED]),
)


@pytest.mark.parametrize("pruner", DECISIONS)
@settings(max_examples=150, deadline=None, derandomize=True)
@given(data=st.data())
def test_every_decision_after_any_events_is_optunas(pruner: str, data: st.DataObject) -> None:
    parameters = draw_parameters(pruner, Random(data.draw(st.integers(0, 10_000), "parameters")))
    maximize = data.draw(st.booleans(), "maximize")
    sides = SideBySide(pruner, parameters, maximize=maximize, name="invented")
    running: dict[int, Trial] = {}
    for event in data.draw(st.lists(EVENTS, max_size=80), "events"):
        trial = running.pop(event.slot, None) or sides.start()
        if event.ends is None:
            running[event.slot] = trial
            sides.report(trial, event.step, event.value)
        elif event.ends is TrialState.COMPLETE:
            sides.complete(trial, event.value if isfinite(event.value) else 0.5)
        else:
            sides.drop(trial, event.ends)
    assert sides.disagreements == [], parameters
