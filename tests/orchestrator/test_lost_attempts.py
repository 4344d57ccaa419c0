"""What becomes of a trial whose attempt is lost, superseded, unreadable, or was to end anyway."""

import msgspec
import pytest

from orchestrator.engine.retries import MAX_LOSSES
from schema.messages import Assignment, Final, Reported
from schema.pruning import PrunerSettings
from schema.trial import FailureKind, Outcome, TrialState
from tests.orchestrator.one_study import OneStudy, completed, ended, failed, reported, study_spec
from trial_runner.spool import Spool


def test_the_next_attempt_is_not_judged_by_what_the_lost_one_reported() -> None:
    at_once = {"n_startup_trials": 1, "n_warmup_steps": 0, "n_min_trials": 1}
    study = OneStudy(study_spec(pruner=PrunerSettings(pruner="median", parameters={**at_once})))
    whole = study.running()
    study.tell(whole, reported((0, {"score": 0.5})))
    study.tell(whole, completed(0.5))
    trial = study.running("left")
    study.tell(trial, reported((0, {"score": 0.9})))
    study.expire()
    assert study.running("right") is trial
    assert (trial.reports, trial.last_step, trial.last_metrics) == (0, None, {})

    study.tell(trial, reported((0, {"score": 0.1})))

    assert trial.desired, "0.1 is below the median 0.5; the lost attempt's 0.9 must not count"


def test_an_attempt_whose_holder_did_not_come_back_is_closed_as_lost() -> None:
    study = OneStudy()
    trial = study.running("left")
    study.expire()
    assert study.outcomes() == []

    study.granted("right")

    assert study.outcomes() == [(1, Outcome.FAILED, FailureKind.LOST)]
    assert trial.losses == 1


def test_a_lease_that_was_taken_back_is_no_loss() -> None:
    study = OneStudy()
    trial = study.running("left")
    for _ in range(MAX_LOSSES + 1):
        study.expire()
        assert study.beat("left", (trial, 1, 1)) == [trial]
    assert (trial.state, trial.losses) == (TrialState.RUNNING, 0)


def test_a_trial_whose_leases_run_out_again_and_again_fails_in_the_end() -> None:
    study = OneStudy()
    trial = study.running()
    for _ in range(MAX_LOSSES):
        study.expire()
        assert study.running() is trial
    study.expire()
    assert (trial.state, trial.failure) == (TrialState.FAILED, FailureKind.LOST)
    assert trial.attempt == MAX_LOSSES + 1


@pytest.mark.parametrize(
    "final", [failed(FailureKind.CRASH), failed(FailureKind.LOST), ended(Outcome.RELEASED)]
)
def test_a_trial_that_was_to_be_pruned_is_not_run_again(final: Final) -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, reported((3, {"score": -1.0})))

    study.tell(trial, final)

    assert (trial.state, trial.value) == (TrialState.PRUNED, -1.0)
    assert study.engine.next_waiting() is None
    (told,) = study.engine.tells
    assert (told.state, told.last) == (TrialState.PRUNED, (3, -1.0))


@pytest.mark.parametrize("reports", [7, [["a", 0.0, {}]], [[0, 0.0]], [[2**63, 0.0, {}]]])
def test_reports_that_cannot_be_read_fail_the_trial_and_nothing_else(reports: object) -> None:
    study = OneStudy()
    trial = study.running()

    study.tell(trial, Reported(reports=msgspec.Raw(msgspec.msgpack.encode(reports))))

    assert (trial.state, trial.failure) == (TrialState.FAILED, FailureKind.BAD_RESULT)
    assert "unreadable reports" in trial.reason
    assert study.changes.reports == []


def test_a_failure_without_a_reason_still_has_one() -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, Final(outcome=Outcome.FAILED))
    assert (trial.state, trial.reason) == (TrialState.FAILED, "no reason was given")


def test_a_tuned_value_that_its_variable_does_not_allow_fails_the_trial() -> None:
    study = OneStudy()
    trial = study.running()
    tuned = msgspec.structs.replace(completed(0.5), tuned={"inference.threshold": 1.5})

    study.tell(trial, tuned)

    assert (trial.state, trial.failure) == (TrialState.FAILED, FailureKind.BAD_RESULT)
    assert "1.5 is above 1" in trial.reason
    assert trial.config["inference.threshold"] == 0.5


def test_an_assignment_is_void_for_a_runner_that_was_started_anew() -> None:
    assignment = Assignment(
        trial=1, attempt=1, study="s", number=0, objective="m:f", values={}, seed=1, boot="first"
    )
    assert Spool(boot="second").accept(assignment) is None
    assert Spool(boot="first").accept(assignment) is not None
