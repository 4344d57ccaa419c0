"""Which record is applied and who has a trial: the rules, one by one."""

import pytest

from orchestrator.engine.leases import Leases, Verdict
from schema.errors import ProtocolError
from schema.messages import Final, Orders
from schema.trial import TRANSITIONS, Desired, FailureKind, Outcome, TrialState
from tests.orchestrator.one_study import (
    STARTED,
    OneStudy,
    completed,
    ended,
    failed,
    reported,
)
from trial_runner.spool import Spool


def test_a_repeated_final_is_counted_once() -> None:
    study = OneStudy()
    trial = study.running()
    assert study.tell(trial, completed(0.7), seq=2) is Verdict.APPLY
    assert study.tell(trial, completed(0.7), seq=2) is Verdict.REPEATED
    assert study.engine.counts[TrialState.COMPLETE] == 1
    assert study.outcomes() == [(1, "complete", None)]
    assert len(study.engine.tells) == 1


def test_a_repeated_report_is_stored_once() -> None:
    study = OneStudy()
    trial = study.running()
    for _ in range(2):
        study.tell(trial, reported((0, {"score": 0.1})), seq=2)
    assert len(study.changes.reports) == trial.reports == 1


def test_a_record_after_a_gap_waits_for_the_one_that_is_missing() -> None:
    study = OneStudy()
    trial = study.running()
    assert study.tell(trial, completed(0.7), seq=3) is Verdict.GAP
    assert trial.state is TrialState.RUNNING
    order = study.leases.order("left", trial.id, trial.attempt, seq=3)
    assert (order.applied, order.fenced) == (1, False)
    assert study.tell(trial, reported((0, {"score": 0.1})), seq=2) is Verdict.APPLY
    assert study.tell(trial, completed(0.7), seq=3) is Verdict.APPLY


def test_a_record_of_an_earlier_attempt_is_fenced() -> None:
    study = OneStudy()
    trial = study.running("left")
    study.expire()
    assert study.granted("right") is trial
    assert study.tell(trial, completed(0.9), seq=2, attempt=1, runner="left") is Verdict.FENCED
    order = study.leases.order("left", trial.id, attempt=1, seq=2)
    assert order.fenced
    assert order.desired is Desired.STOP
    assert trial.value is None


def test_a_record_of_the_right_attempt_from_the_wrong_runner_is_fenced() -> None:
    study = OneStudy()
    trial = study.running("left")
    assert study.tell(trial, completed(0.9), runner="right") is Verdict.FENCED


def test_a_record_of_a_trial_that_nobody_knows_is_fenced() -> None:
    order = OneStudy().leases.order("left", 12345, attempt=1, seq=3)
    assert order.fenced
    assert order.applied == 0


def test_the_end_of_a_trial_is_acknowledged_as_often_as_it_is_sent() -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, completed(0.7))
    for _ in range(2):
        order = study.leases.order("left", trial.id, attempt=1, seq=2)
        assert (order.applied, order.fenced) == (2, False)


def test_a_word_after_the_end_of_a_trial_is_fenced() -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, completed(0.7))
    assert study.tell(trial, completed(0.8), seq=3, runner="left") is Verdict.FENCED
    assert study.leases.order("left", trial.id, attempt=1, seq=3).fenced


def test_an_expired_lease_is_given_back_to_a_holder_that_claims_it() -> None:
    study = OneStudy()
    trial = study.running("left")
    assert study.expire() == [trial]
    assert study.engine.counts[TrialState.WAITING] == 1
    assert study.beat("left", (trial, 1, 1)) == [trial]
    assert trial.state is TrialState.RUNNING
    assert (trial.attempt, trial.losses) == (1, 0)
    assert study.engine.next_waiting() is None


def test_an_expired_lease_is_given_back_to_a_holder_that_sends_the_next_record() -> None:
    study = OneStudy()
    trial = study.running("left")
    study.expire()
    assert study.tell(trial, completed(0.7), runner="left") is Verdict.APPLY
    assert trial.state is TrialState.COMPLETE
    assert trial.losses == 0
    assert study.engine.next_waiting() is None


def test_an_expired_lease_that_somebody_else_has_is_not_given_back() -> None:
    study = OneStudy()
    trial = study.running("left")
    study.expire()
    study.granted("right")
    assert study.beat("left", (trial, 1, 1)) == []
    assert trial.runner == "right"
    assert (1, "failed", FailureKind.LOST) in study.outcomes()
    assert trial.losses == 1


def test_only_what_a_heartbeat_names_is_renewed() -> None:
    study = OneStudy()
    named, unnamed = study.running("left"), study.running("left")
    study.now += study.leases.lease_seconds
    study.beat("left", (named, 1, 1))
    study.now += 1
    assert study.leases.expired(study.now) == [unnamed]


def test_a_claim_of_another_attempt_renews_nothing() -> None:
    study = OneStudy()
    trial = study.running("left")
    study.now += study.leases.lease_seconds
    study.beat("left", (trial, 2, 1))
    study.beat("right", (trial, 1, 1))
    study.now += 1
    assert study.leases.expired(study.now) == [trial]


def test_leases_begin_anew_when_the_orchestrator_starts() -> None:
    study = OneStudy()
    trial = study.running("left")
    restarted = Leases()
    restarted.add(trial, now=5000.0)
    assert restarted.expired(5000.0 + restarted.lease_seconds) == []
    assert restarted.expired(5001.0 + restarted.lease_seconds) == [trial]


def test_a_trial_that_was_to_be_pruned_and_is_lost_counts_as_pruned() -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, reported((0, {"score": -1.0})))
    assert trial.desired is Desired.PRUNE
    study.expire()
    assert trial.state is TrialState.PRUNED
    assert trial.value == -1.0
    assert study.engine.tells[-1].state is TrialState.PRUNED


def test_a_trial_that_was_to_be_stopped_and_is_lost_counts_as_cancelled() -> None:
    study = OneStudy()
    trial = study.running()
    trial.desired = Desired.STOP
    study.expire()
    assert trial.state is TrialState.CANCELLED


@pytest.mark.parametrize("final", [ended(Outcome.RELEASED), failed(FailureKind.CRASH)])
def test_a_trial_that_was_to_be_pruned_is_not_tried_again(final: Final) -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, reported((0, {"score": -1.0})))
    study.tell(trial, final)
    assert trial.state is TrialState.PRUNED


def test_completion_beats_a_prune_order() -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, reported((0, {"score": -1.0})))
    assert trial.desired is Desired.PRUNE
    study.tell(trial, completed(0.7))
    assert trial.state is TrialState.COMPLETE
    assert trial.value == 0.7


def test_an_order_to_prune_is_restated_until_the_attempt_ends() -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, reported((0, {"score": -1.0})))
    for _ in range(2):
        assert study.leases.order("left", trial.id, 1, 2).desired is Desired.PRUNE


def test_a_trial_that_is_given_back_waits_and_costs_no_retry() -> None:
    study = OneStudy()
    trial = study.running("left")
    study.tell(trial, ended(Outcome.RELEASED))
    assert trial.state is TrialState.WAITING
    assert (trial.losses, trial.crashes) == (0, 0)
    order = study.leases.order("left", trial.id, 1, 2)
    assert (order.applied, order.fenced) == (2, False)
    assert study.beat("left", (trial, 1, 2)) == []
    assert study.tell(trial, STARTED, seq=3, attempt=1, runner="left") is Verdict.FENCED


def test_no_state_is_left_against_the_table() -> None:
    trial = OneStudy().create()
    for before in TrialState:
        for after in set(TrialState) - TRANSITIONS[before] - {before}:
            trial.state = before
            with pytest.raises(ProtocolError, match=f"cannot go from {before} to {after}"):
                trial.become(after)


def test_orders_of_a_replaced_orchestrator_are_ignored() -> None:
    spool = Spool()
    assert spool.current(Orders(term=4))
    assert not spool.current(Orders(term=3))
    assert spool.current(Orders(term=4))
