"""Constraints: a trial ends when nobody who was as far off at its step ever came back."""

from math import nan
from random import Random

import pytest

from orchestrator.pruning.on_constraints import OnConstraints
from orchestrator.pruning.study_pruner import Ending
from schema.study import Constraint
from schema.trial import TrialState

RATE, RECALL = Constraint.parse("rate <= 0.1"), Constraint.parse("recall >= 0.5")


def pruner(*constraints: Constraint, **numbers: int) -> OnConstraints:
    """A pruner that needs two feasible trials and looks at once."""
    own = {"n_min_trials": 2, "n_warmup_steps": 0, "interval_steps": 1} | numbers
    return OnConstraints(constraints or (RATE,), **own)


def finish(study: OnConstraints, trial: int, *rates: float, feasible: bool = True) -> None:
    """A trial reports its rate from step 0 on, and completes."""
    for step, rate in enumerate(rates):
        study.report(trial, step, {"rate": rate})
    study.complete(trial, Ending({}, feasible=feasible))


def test_one_who_is_farther_off_than_anybody_who_came_back_is_ended() -> None:
    study = pruner()
    finish(study, 0, 0.4, 0.05)
    finish(study, 1, 0.3, 0.05)
    assert study.report(2, 0, {"rate": 0.4}) is None
    decision = study.report(3, 0, {"rate": 0.41})
    assert decision is not None
    assert decision.because == (
        "step 0: rate 0.41 misses <= 0.1 by 0.31, more than any of 2 feasible trials did at this "
        "step (at most 0.3)"
    )


def test_a_constraint_that_holds_is_never_a_reason() -> None:
    study = pruner()
    finish(study, 0, 0.01)
    finish(study, 1, 0.02)
    assert study.report(2, 0, {"rate": 0.09}) is None
    assert study.report(3, 0, {"rate": 0.11}) is not None


def test_only_feasible_trials_show_that_one_comes_back() -> None:
    study = pruner()
    finish(study, 0, 0.3)
    finish(study, 1, 0.3)
    finish(study, 2, 0.9, feasible=False)
    assert study.report(3, 0, {"rate": 0.8}) is not None


def test_without_enough_evidence_at_the_step_nobody_is_ended() -> None:
    study = pruner(n_min_trials=3)
    finish(study, 0, 0.1, 0.1)
    finish(study, 1, 0.1, 0.1)
    finish(study, 2, 0.1)
    assert study.report(3, 0, {"rate": 0.5}) is not None
    assert study.report(4, 1, {"rate": 0.5}) is None


def test_a_value_that_is_not_a_number_is_as_far_off_as_can_be() -> None:
    study = pruner()
    finish(study, 0, 0.5)
    finish(study, 1, 0.5)
    assert study.report(2, 0, {"rate": nan}) is not None
    study.drop(2)
    finish(study, 3, nan)
    assert study.report(4, 0, {"rate": nan}) is None, "trial 3 came back from there"


def test_each_constraint_is_held_against_its_own_past() -> None:
    study = pruner(RATE, RECALL)
    for trial in (0, 1):
        study.report(trial, 0, {"rate": 0.3, "recall": 0.1})
        study.complete(trial, Ending({}, feasible=True))
    assert study.report(2, 0, {"rate": 0.2, "recall": 0.2}) is None
    decision = study.report(3, 0, {"rate": 0.2, "recall": 0.05})
    assert decision is not None
    assert "recall 0.05 misses >= 0.5 by 0.45" in decision.because


def test_nobody_is_ended_before_the_warm_up_or_between_checks() -> None:
    study = pruner(n_warmup_steps=2, interval_steps=3)
    for trial in (0, 1):
        finish(study, trial, *[0.1] * 9)
    found = [study.report(2, step, {"rate": 0.9}) is not None for step in range(9)]
    assert [step for step, ended in enumerate(found) if ended] == [2, 5, 8]


@pytest.mark.parametrize("n_min_trials", [4, 9])
def test_a_trial_that_would_have_come_back_is_ended_at_most_once_in_n_plus_one(
    n_min_trials: int,
) -> None:
    random = Random(n_min_trials)
    wrong = 0
    studies = 4000
    for _ in range(studies):
        study = pruner(n_min_trials=n_min_trials)
        for trial in range(n_min_trials):
            finish(study, trial, random.random())
        wrong += study.report(99, 0, {"rate": random.random()}) is not None
    assert wrong / studies < 1.25 / (n_min_trials + 1)
    assert wrong / studies > 0.6 / (n_min_trials + 1)


def test_a_trial_of_the_past_is_the_evidence_that_it_was() -> None:
    study = pruner()
    for trial in (0, 1):
        study.restore(trial, {"rate": [(0, 0.3)]}, TrialState.COMPLETE, Ending({}, feasible=True))
    study.restore(2, {"rate": [(0, 0.2)]}, TrialState.RUNNING)
    study.restore(3, {"rate": [(0, 0.9)]}, TrialState.PRUNED)
    assert study.report(2, 0, {"rate": 0.9}) is None, "the first value of a step counts"
    assert study.report(4, 0, {"rate": 0.31}) is not None
