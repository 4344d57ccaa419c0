"""Which runner gets the next trial."""

from collections import Counter

import pytest
from msgspec.structs import replace

from orchestrator.engine.scheduling import (
    LOOKAHEAD_TRIALS,
    lookahead,
    plan,
    very_short,
)
from orchestrator.service.runners import Runner
from schema.trial import FailureKind
from tests.orchestrator.one_study import OneStudy, completed, failed, study_spec

OBJECTIVE = study_spec().objective


def runner(name: str, slots: int = 1, *offers: str) -> Runner:
    """A runner that offers the study's objective, unless others are named."""
    return Runner(
        name=name,
        boot="boot",
        slots=slots,
        offers={entry: replace(OBJECTIVE, entry=entry) for entry in offers or (OBJECTIVE.entry,)},
        seen=0.0,
    )


def carry_out(study: OneStudy, *runners: Runner) -> tuple[list[tuple[int, str]], int]:
    """Plan and grant; who got which trial, and how many more could be run."""
    grants, demand = plan(runners, [study.engine], study.leases, study.now)
    for grant in grants:
        grant.engine.grant(grant.trial, grant.runner, study.moment, study.changes)
    return [(g.trial.number, g.runner) for g in grants], demand[study.engine.id]


def after_trials_of(seconds: float) -> OneStudy:
    """A study whose trials so far took ``seconds`` each."""
    study = OneStudy(study_spec(trials=None))
    study.tell(study.running(), replace(completed(0.5), seconds=seconds))
    return study


def test_a_slow_first_trial_does_not_spoil_how_much_may_wait_on_a_runner() -> None:
    study = after_trials_of(30.0)
    for _ in range(3):
        study.tell(study.running(), replace(completed(0.5), seconds=0.001))
    assert lookahead(study.engine) == 20
    assert study.engine.durations.mean == pytest.approx(30.003 / 4)


def test_the_least_loaded_runner_gets_the_next_trial() -> None:
    study = OneStudy()
    study.running("big")
    for _ in range(3):
        study.create()
    grants, demand = carry_out(study, runner("big", 4), runner("small", 1))
    assert [name for _, name in grants] == ["big", "big", "big"]
    assert demand == 1


def test_trials_are_handed_out_in_the_order_in_which_they_wait() -> None:
    study = OneStudy()
    for _ in range(4):
        study.create()
    grants, _ = carry_out(study, runner("left", 2), runner("right", 2))
    assert [number for number, _ in grants] == [0, 1, 2, 3]
    assert Counter(name for _, name in grants) == {"left": 2, "right": 2}


def test_a_runner_is_given_no_more_than_it_has_slots() -> None:
    study = OneStudy()
    for _ in range(5):
        study.create()
    grants, demand = carry_out(study, runner("left", 2))
    assert len(grants) == 2
    assert demand == 0
    assert carry_out(study, runner("left", 2)) == ([], 0)


def test_free_slots_are_demand_for_new_trials() -> None:
    assert carry_out(OneStudy(), runner("left", 2), runner("right", 3)) == ([], 5)


def test_a_runner_that_does_not_offer_the_objective_gets_nothing() -> None:
    study = OneStudy()
    study.create()
    assert carry_out(study, runner("left", 2, "other.py:train")) == ([], 0)


def test_without_runners_nothing_is_granted_and_nothing_wanted() -> None:
    study = OneStudy()
    study.create()
    assert carry_out(study) == ([], 0)


@pytest.mark.parametrize(
    ("runners", "expected"),
    [(["left", "right"], [(0, "right")]), (["left"], [(0, "left")])],
)
def test_the_runner_on_which_a_trial_crashed_is_avoided_where_there_is_another(
    runners: list[str], expected: list[tuple[int, str]]
) -> None:
    study = OneStudy()
    study.tell(study.running("left"), failed(FailureKind.CRASH))
    grants, _ = carry_out(study, *map(runner, runners))
    assert grants == expected


def test_two_studies_share_the_slots_of_a_runner() -> None:
    first, second = OneStudy(), OneStudy()
    second.engine.id = 2
    first.create()
    second.create()
    grants, demand = plan(
        [runner("left", 1)], [first.engine, second.engine], first.leases, first.now
    )
    assert [grant.engine for grant in grants] == [first.engine]
    assert demand == {1: 0, 2: 0}


@pytest.mark.parametrize(
    ("seconds", "trials"),
    [(60.0, 0), (0.021, 0), (0.01, 2), (0.0001, LOOKAHEAD_TRIALS), (0.0, LOOKAHEAD_TRIALS)],
)
def test_trials_wait_on_a_runner_only_where_they_are_very_short(
    seconds: float, trials: int
) -> None:
    assert lookahead(after_trials_of(seconds).engine) == trials


def test_nothing_waits_on_a_runner_before_the_first_trial_ended() -> None:
    assert lookahead(OneStudy().engine) == 0
    assert not very_short(OneStudy().engine)


def test_demand_counts_what_may_wait_on_a_runner() -> None:
    _, demand = carry_out(after_trials_of(0.01), runner("left", 3))
    assert demand == 3 + 2


def test_a_turn_gathers_company_only_where_trials_are_shorter_than_a_transaction() -> None:
    assert very_short(after_trials_of(0.001).engine)
    assert not very_short(after_trials_of(0.01).engine)
