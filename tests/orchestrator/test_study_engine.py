"""The rules of one study: what is created, counted, retried, told, and when it is over."""

import math
from random import Random

import msgspec
import pytest

from orchestrator.engine.retries import MAX_CRASHES, MAX_LOSSES, MAX_OUT_OF_MEMORY
from orchestrator.engine.suggestions import Ask, Queued
from orchestrator.engine.trials import Trial
from schema.errors import InvalidValue
from schema.messages import Final, Report, Reported
from schema.pruning import PrunerSettings
from schema.study import Direction, Metric
from schema.trial import FailureKind, Outcome, TrialState
from tests.orchestrator.one_study import (
    SPACE,
    STARTED,
    OneStudy,
    completed,
    ended,
    failed,
    reported,
    study_spec,
)

MEDIAN = PrunerSettings(
    pruner="median", parameters={"n_startup_trials": 1, "n_min_trials": 1, "n_warmup_steps": 0}
)
FINAL_FAILURES = [
    FailureKind.EXCEPTION,
    FailureKind.BAD_RESULT,
    FailureKind.NOT_A_NUMBER,
    FailureKind.TIMEOUT,
    FailureKind.REFUSED,
]


# ---------------------------------------------------------------------- creating


def test_no_more_trials_are_asked_for_than_the_limit_allows() -> None:
    study = OneStudy(study_spec(trials=3))
    study.create()
    assert [ask.number for ask in study.engine.asks(10)] == [1, 2]
    study.create()
    study.create()
    assert study.engine.asks(10) == []


def test_without_a_limit_as_many_are_asked_for_as_are_wanted() -> None:
    assert len(OneStudy(study_spec(trials=None)).engine.asks(50)) == 50


def test_a_queued_configuration_is_the_next_trial_exactly() -> None:
    study = OneStudy()
    wanted = {**SPACE.defaults(), "training.x": 0.25, "training.epochs": 3}
    study.engine.queued.append(Queued(values=wanted))
    first, second = study.engine.asks(2)
    assert (first.fixed, second.fixed) == (wanted, None)
    study.engine.create(1, first, {"training.x": 0.25}, study.moment, study.changes)
    assert study.leases.live[1].config == wanted
    assert study.engine.asks(1) == [Ask(number=1)]


def test_a_stored_configuration_is_complete_and_checked() -> None:
    study = OneStudy()
    assert study.create(**{"training.x": 0.75}).config == {**SPACE.defaults(), "training.x": 0.75}
    with pytest.raises(InvalidValue, match=r"training\.x"):
        study.create(**{"training.x": 7.0})


# ---------------------------------------------------------------------- retries


@pytest.mark.parametrize("kind", FINAL_FAILURES)
def test_what_the_objective_did_wrong_is_not_tried_again(kind: FailureKind) -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, failed(kind, "this is why"))
    assert trial.state is TrialState.FAILED
    assert (trial.failure, trial.reason) == (kind, "this is why")


@pytest.mark.parametrize(
    ("kind", "retries"),
    [
        (FailureKind.CRASH, MAX_CRASHES),
        (FailureKind.OUT_OF_MEMORY, MAX_OUT_OF_MEMORY),
        (FailureKind.LOST, MAX_LOSSES),
    ],
)
def test_what_the_machine_did_is_tried_again_a_few_times(kind: FailureKind, retries: int) -> None:
    study = OneStudy()
    trial = study.create()
    for attempt in range(1, retries + 2):
        assert trial.state is TrialState.WAITING
        assert study.granted(f"runner-{attempt}") is trial
        study.tell(trial, STARTED)
        study.tell(trial, failed(kind))
    assert trial.state is TrialState.FAILED
    assert (trial.attempt, trial.failure) == (retries + 1, kind)
    assert study.outcomes() == [(a, "failed", kind) for a in range(1, retries + 2)]


def test_a_trial_whose_runners_all_vanish_fails_in_the_end() -> None:
    study = OneStudy()
    trial = study.create()
    while trial.state is TrialState.WAITING:
        study.granted(f"runner-{trial.attempt}")
        study.expire()
    assert (trial.state, trial.failure) == (TrialState.FAILED, FailureKind.LOST)
    assert trial.attempt == MAX_LOSSES + 1
    assert len(study.outcomes()) == trial.attempt


@pytest.mark.parametrize("kind", [FailureKind.CRASH, FailureKind.OUT_OF_MEMORY])
def test_after_a_crash_another_runner_is_preferred(kind: FailureKind) -> None:
    study = OneStudy()
    trial = study.running("left")
    study.tell(trial, failed(kind))
    assert study.engine.next_waiting(avoiding="left") is None
    assert study.engine.next_waiting(avoiding="right") is trial


def test_a_retry_begins_with_nothing_of_the_attempt_before() -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, reported((4, {"score": 0.4})))
    study.tell(trial, failed(FailureKind.CRASH))
    study.granted("right")
    assert (trial.applied, trial.reports, trial.last_step) == (0, 0, None)
    assert (trial.last_metrics, trial.started) == ({}, None)


def test_a_retry_is_judged_without_the_values_of_the_lost_attempt() -> None:
    study = OneStudy(study_spec(pruner=MEDIAN))
    first = study.running()
    study.tell(first, reported((0, {"score": 0.5}), (1, {"score": 0.5})))
    study.tell(first, completed(0.5))
    trial = study.running("left")
    study.tell(trial, reported((0, {"score": 0.9})))
    study.expire()
    assert study.granted("right") is trial
    study.tell(trial, STARTED)
    study.tell(trial, reported((1, {"score": 0.4})))
    assert trial.desired
    assert "0.4" in trial.reason


# ---------------------------------------------------------------------- results


def test_a_result_that_is_nan_fails_the_trial_and_says_so() -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, completed(math.nan))
    assert (trial.state, trial.failure) == (TrialState.FAILED, FailureKind.NOT_A_NUMBER)
    assert trial.reason == "the objective's score is NaN"


def test_a_result_without_the_metric_fails_the_trial_and_names_what_it_has() -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, Final(outcome=Outcome.COMPLETE, metrics={"f1": 1.0, "loss": 0.1}))
    assert (trial.state, trial.failure) == (TrialState.FAILED, FailureKind.BAD_RESULT)
    assert trial.reason == "the result has no metric 'score'; it has f1, loss"


def test_a_tuned_variable_is_part_of_the_configuration() -> None:
    study = OneStudy()
    trial = study.running()
    tuned = msgspec.structs.replace(completed(0.7), tuned={"inference.threshold": 0.3})
    study.tell(trial, tuned)
    assert trial.config["inference.threshold"] == 0.3
    assert study.changes.configured == {trial.id: trial}


def test_a_tuned_variable_out_of_its_range_fails_the_trial() -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, msgspec.structs.replace(completed(0.7), tuned={"inference.threshold": 30.0}))
    assert (trial.state, trial.failure) == (TrialState.FAILED, FailureKind.BAD_RESULT)
    assert "inference.threshold" in trial.reason


def test_reports_that_cannot_be_read_fail_the_trial() -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, Reported(reports=msgspec.Raw(msgspec.msgpack.encode("no reports"))))
    assert (trial.state, trial.failure) == (TrialState.FAILED, FailureKind.BAD_RESULT)
    assert study.changes.reports == []


def test_the_best_is_feasible_and_strictly_better_than_the_one_before() -> None:
    study = OneStudy(study_spec(constraints=("fpr <= 0.1",)))
    results = [(0.5, 0.1), (0.9, 0.2), (0.5, 0.0), (0.6, 0.1), (0.4, 0.0)]
    bests = []
    for score, rate in results:
        study.tell(study.running(), completed(score, fpr=rate))
        bests.append(study.engine.best)
    assert bests == [(0, 0.5), (0, 0.5), (0, 0.5), (3, 0.6), (3, 0.6)]


# ---------------------------------------------------------------------- what the sampler learns


def test_the_sampler_is_told_the_objectives_metrics_in_their_order() -> None:
    loss = Metric(name="loss", direction=Direction.MINIMIZE)
    score = Metric(name="score", direction=Direction.MAXIMIZE)
    study = OneStudy(study_spec(loss, score, pruner=PrunerSettings()))
    study.tell(study.running(), completed(0.7, loss=0.1))
    (told,) = study.engine.tells
    assert (told.number, told.state, told.values) == (0, TrialState.COMPLETE, (0.1, 0.7))


def test_the_sampler_is_told_where_a_pruned_trial_stood() -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, reported((0, {"score": 0.3}), (5, {"score": -0.5})))
    study.tell(trial, ended(Outcome.PRUNED))
    (told,) = study.engine.tells
    assert (told.state, told.values, told.last) == (TrialState.PRUNED, None, (5, -0.5))


def test_the_sampler_is_told_out_of_memory_as_a_violated_constraint() -> None:
    study = OneStudy()
    trial = study.create()
    for runner in ("left", "right"):
        study.granted(runner)
        study.tell(trial, failed(FailureKind.OUT_OF_MEMORY))
    (told,) = study.engine.tells
    assert told.violations == {"memory": 1.0}
    assert told.values is None


def test_the_sampler_is_told_by_how_much_constraints_are_violated() -> None:
    study = OneStudy(study_spec(constraints=("fpr <= 0.1", "recall >= 0.5")))
    study.tell(study.running(), completed(0.7, fpr=0.3, recall=0.9))
    (told,) = study.engine.tells
    assert told.violations == pytest.approx({"fpr": 0.2, "recall": -0.4})


def test_the_sampler_is_told_nothing_of_an_attempt_that_is_tried_again() -> None:
    study = OneStudy()
    study.tell(study.running(), failed(FailureKind.CRASH))
    study.tell(study.running("right"), ended(Outcome.RELEASED))
    assert study.engine.tells == []


# ---------------------------------------------------------------------- the end of a study


def fail(study: OneStudy, times: int, reason: str = "no such file") -> None:
    """So many trials fail in the same way."""
    for _ in range(times):
        study.tell(study.running(), failed(FailureKind.EXCEPTION, reason))


def test_the_first_five_trials_that_fail_alike_stop_the_study() -> None:
    study = OneStudy()
    fail(study, 4)
    assert study.engine.broken_because == ""
    fail(study, 1)
    assert study.engine.broken_because == study.engine.closed_because
    assert "exception: no such file" in study.engine.closed_because
    assert study.engine.asks(1) == []
    assert study.engine.done


def test_five_failures_after_a_success_stop_nothing() -> None:
    study = OneStudy()
    study.tell(study.running(), completed(0.5))
    fail(study, 6)
    assert study.engine.closed_because == ""


def test_failures_for_several_reasons_stop_nothing() -> None:
    study = OneStudy()
    fail(study, 3)
    fail(study, 1, "another reason")
    fail(study, 6)
    assert study.engine.closed_because == ""


def test_a_study_is_done_when_its_last_trial_has_ended() -> None:
    study = OneStudy(study_spec(trials=2))
    assert not study.engine.done
    first, second = study.running(), study.running()
    study.tell(first, completed(0.1))
    assert not study.engine.done
    study.tell(second, failed(FailureKind.CRASH))
    assert not study.engine.done, "a trial waits for its next attempt"
    study.granted("right")
    study.tell(second, completed(0.2))
    assert study.engine.done
    assert study.engine.ended == 2


def test_a_closed_study_hands_out_nothing_and_is_done_when_nothing_runs() -> None:
    study = OneStudy()
    running = study.running()
    study.create()
    study.engine.close("a person said so")
    study.engine.close("and something else")
    assert study.engine.closed_because == "a person said so"
    assert study.engine.next_waiting() is None
    assert study.engine.asks(3) == []
    assert not study.engine.done
    study.tell(running, completed(0.1))
    assert study.engine.done
    assert study.engine.counts[TrialState.WAITING] == 1


def test_a_study_without_a_limit_is_never_done_by_itself() -> None:
    study = OneStudy(study_spec(trials=None))
    study.tell(study.running(), completed(0.1))
    assert not study.engine.done


# ---------------------------------------------------------------------- restarts


def some_history(seed: int) -> tuple[OneStudy, dict[int, Trial], dict[int, list[Report]]]:
    """A study in the middle of everything, its trials, and what their attempts reported."""
    dice = Random(seed)
    study = OneStudy(study_spec(trials=None, constraints=("fpr <= 0.5",)))
    ends = [
        completed(dice.random(), fpr=dice.random()),
        completed(dice.random(), fpr=0.0),
        ended(Outcome.PRUNED),
        ended(Outcome.STOPPED),
        ended(Outcome.RELEASED),
        failed(FailureKind.EXCEPTION, str(dice.random())),
        None,
    ]
    curves: dict[int, list[Report]] = {}
    trials: dict[int, Trial] = {}
    for _ in range(25):
        study.now += 1
        trial = study.running(dice.choice(["left", "right"]))
        trials[trial.number] = trial
        curve = [(step, {"score": dice.random()}) for step in range(dice.randrange(4))]
        if curve:
            study.tell(trial, reported(*curve))
        curves[trial.number] = [(step, float(step), metrics) for step, metrics in curve]
        end = dice.choice(ends)
        if end is not None:
            study.tell(trial, end)
    return study, trials, curves


@pytest.mark.parametrize("seed", range(5))
def test_a_restored_study_is_the_one_that_was_stored(seed: int) -> None:
    lived, trials, curves = some_history(seed)
    restored = OneStudy(lived.spec)
    past = restored.engine.restore(
        [trials[number] for number in sorted(trials)], curves, restored.moment
    )
    left, right = lived.engine, restored.engine
    assert +left.counts == +right.counts
    assert (left.created, left.ended, left.done) == (right.created, right.ended, right.done)
    assert left.best == right.best
    assert left.durations.mean == pytest.approx(right.durations.mean)
    assert {t.number for t in left.waiting} == {t.number for t in right.waiting}
    assert {t.number for t in left.running()} == {t.number for t in right.running()}
    assert {t.number: t for t in left.tells} == {p.number: p.told for p in past if p.told}
    assert len(past) == left.created


def test_a_restored_study_acknowledges_what_it_had_applied() -> None:
    lived = OneStudy()
    running, over = lived.running(), lived.running()
    lived.tell(over, completed(0.5))
    restored = OneStudy()
    restored.engine.restore([running, over], {}, restored.moment)
    assert restored.leases.order("left", running.id, 1, 1).applied == 1
    order = restored.leases.order("left", over.id, 1, 2)
    assert (order.applied, order.fenced) == (2, False)
    restored.tell(running, completed(0.9))
    assert restored.engine.best == (0, 0.9)


def test_a_trial_that_is_taken_back_after_a_restart_is_judged_by_all_it_reported() -> None:
    lived = OneStudy(study_spec(pruner=MEDIAN))
    first, trial = lived.running(), lived.running()
    lived.tell(first, reported((0, {"score": 0.5}), (1, {"score": 0.5})))
    lived.tell(first, completed(0.5))
    lived.tell(trial, reported((0, {"score": 0.9})))
    lived.expire()
    restored = OneStudy(lived.spec)
    curves: dict[int, list[Report]] = {
        0: [(0, 0.0, {"score": 0.5}), (1, 1.0, {"score": 0.5})],
        1: [(0, 0.0, {"score": 0.9})],
    }
    restored.engine.restore([first, trial], curves, restored.moment)
    restored.tell(trial, reported((1, {"score": 0.4})), runner="left")
    assert trial.state is TrialState.RUNNING
    assert not trial.desired, "its best value is above the median"
