"""Trials that kill their runners, runners that only seemed dead, and how long a retry waits."""

import pytest

from orchestrator.engine.retries import (
    LONGEST_BACK_OFF_SECONDS,
    MAX_CRASHES,
    MAX_LOSSES,
    back_off_seconds,
)
from orchestrator.engine.trials import Trial
from schema.trial import FailureKind, TrialState
from tests.orchestrator.one_study import STARTED, OneStudy, completed, failed


def started(study: OneStudy, boot: str) -> Trial:
    """A trial that runs on the runner of this boot."""
    trial = study.engine.next_waiting() or study.create()
    if trial in study.engine.waiting:
        study.engine.waiting.remove(trial)
    study.engine.grant(trial, boot.partition("#")[0], study.moment, study.changes, boot)
    study.tell(trial, STARTED)
    return trial


def dies(study: OneStudy, trial: Trial) -> None:
    """Its runner is there again, as another boot."""
    study.engine.lose(trial, "left was started anew", study.moment, study.changes, died=True)


def test_a_trial_with_which_two_runners_died_is_poison() -> None:
    study = OneStudy()
    trial = started(study, "left#1")
    dies(study, trial)
    assert (trial.state, trial.deaths) == (TrialState.WAITING, ("left#1",))
    assert started(study, "right#1") is trial
    dies(study, trial)
    assert (trial.state, trial.failure) == (TrialState.FAILED, FailureKind.POISON)
    assert trial.reason == (
        "two runners died while they had it; the last time left was started anew"
    )


def test_a_lease_that_ran_out_twice_on_runners_that_stay_away_is_poison() -> None:
    study = OneStudy()
    trial = started(study, "left#1")
    study.expire()
    assert started(study, "right#1") is trial
    study.expire()
    assert (trial.state, trial.failure) == (TrialState.FAILED, FailureKind.POISON)


def test_a_runner_that_comes_back_for_its_trial_did_not_die_of_it() -> None:
    study = OneStudy()
    trial = started(study, "left#1")
    study.expire()
    assert study.beat("left", (trial, 1, 1)) == [trial]
    assert trial.deaths == ()


def test_the_same_boot_is_blamed_once() -> None:
    study = OneStudy()
    trial = started(study, "left#1")
    for _ in range(MAX_LOSSES):
        study.tell(trial, failed(FailureKind.LOST))
        assert trial.state is TrialState.WAITING
        assert started(study, "left#1") is trial
    study.tell(trial, failed(FailureKind.LOST))
    assert (trial.failure, trial.deaths) == (FailureKind.LOST, ("left#1",))


def test_after_its_second_loss_a_trial_is_tried_elsewhere() -> None:
    study = OneStudy()
    trial = started(study, "left#1")
    study.tell(trial, failed(FailureKind.LOST))
    assert trial.avoid is None
    assert started(study, "left#1") is trial
    study.tell(trial, failed(FailureKind.LOST))
    assert trial.avoid == "left"


def test_what_died_with_our_own_process_is_nobodys_fault() -> None:
    study = OneStudy()
    for boot in ("left#1", "left#2", "left#3"):
        trial = started(study, boot)
        study.engine.lose(trial, "the process ended", study.moment, study.changes)
    assert (trial.state, trial.deaths) == (TrialState.WAITING, ())


def test_a_trial_that_is_lost_again_and_again_waits_ever_longer() -> None:
    study = OneStudy()
    trial = started(study, "left#1")
    for losses in range(1, 4):
        study.tell(trial, failed(FailureKind.LOST))
        wait = back_off_seconds(losses)
        if wait:
            assert study.engine.next_waiting(now=study.now + wait - 0.1) is None
        study.now += wait
        assert study.engine.next_waiting(now=study.now) is trial
        study.engine.grant(trial, "left", study.moment, study.changes, "left#1")
        study.tell(trial, STARTED)
    assert [back_off_seconds(n) for n in (1, 2, 3, 4)] == [0, 5, 10, 20]
    assert back_off_seconds(60) == LONGEST_BACK_OFF_SECONDS


@pytest.mark.parametrize(
    ("kind", "retries", "elsewhere"),
    [
        (FailureKind.HANG, MAX_CRASHES, True),
        (FailureKind.DISK, MAX_LOSSES, True),
        (FailureKind.REFUSED, 0, False),
        (FailureKind.POISON, 0, False),
    ],
)
def test_each_kind_of_failure_has_its_retries(
    kind: FailureKind, retries: int, elsewhere: bool
) -> None:
    study = OneStudy()
    trial = started(study, "left#1")
    for _ in range(retries):
        study.tell(trial, failed(kind))
        assert trial.state is TrialState.WAITING
        assert trial.avoid == ("left" if elsewhere else None)
        assert started(study, "left#1") is trial
    study.tell(trial, failed(kind))
    assert (trial.state, trial.failure) == (TrialState.FAILED, kind)


def test_the_time_in_which_nobody_heard_a_runner_is_not_counted_as_training() -> None:
    study = OneStudy()
    trial = started(study, "left#1")
    study.now += 7.0
    study.beat("left", (trial, 1, 1))
    study.expire()
    assert study.granted("right") is trial
    assert study.changes.ended[-1][6] == 7.0
    study.tell(trial, STARTED)
    study.tell(trial, completed(0.5))
