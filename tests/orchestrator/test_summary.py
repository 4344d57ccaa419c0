"""What came out of a study, and what there is to see of it while it runs."""

import pytest

from orchestrator.engine.progress import progress_of
from orchestrator.reading.summary import best_of, front_of, saved_by_pruning, summarise
from schema.results import TrialResult
from schema.study import Direction, Metric
from schema.trial import FailureKind, Outcome, TrialState
from tests.orchestrator.one_study import (
    OneStudy,
    completed,
    ended,
    failed,
    reported,
    study_spec,
)

LOSS = Metric(name="loss", direction=Direction.MINIMIZE)
SCORE = Metric(name="score", direction=Direction.MAXIMIZE)


def trial(
    number: int,
    state: TrialState = TrialState.COMPLETE,
    *,
    reports: int = 10,
    seconds: float = 10.0,
    ended: float | None = 100.0,
    **metrics: float,
) -> TrialResult:
    """A trial as it is stored; its value is the first metric."""
    return TrialResult(
        id=number + 1,
        study=1,
        number=number,
        sampled={},
        config={"training.x": 0.5, "training.epochs": 10},
        created=0.0,
        state=state,
        metrics=metrics or None,
        value=next(iter(metrics.values()), None),
        reports=reports,
        seconds=seconds,
        ended=ended,
    )


@pytest.mark.parametrize(("metric", "number"), [(SCORE, 1), (LOSS, 0)])
def test_the_best_follows_the_direction_of_the_metric(metric: Metric, number: int) -> None:
    trials = [trial(0, loss=0.1, score=0.1), trial(1, loss=0.9, score=0.9)]
    best = best_of(study_spec(metric), trials)
    assert best is not None
    assert best.number == number


def test_the_earlier_one_of_equals_is_the_best() -> None:
    best = best_of(study_spec(), [trial(0, score=0.5), trial(1, score=0.5)])
    assert best is not None
    assert best.number == 0


def test_the_best_keeps_every_constraint_and_is_complete() -> None:
    spec = study_spec(constraints=("fpr <= 0.1",))
    trials = [
        trial(0, score=0.5, fpr=0.1),
        trial(1, score=0.9, fpr=0.2),
        trial(2, score=0.8),
        trial(3, TrialState.PRUNED, score=0.7, fpr=0.0),
    ]
    best = best_of(spec, trials)
    assert best is not None
    assert best.number == 0


def test_where_nothing_is_feasible_there_is_no_best() -> None:
    spec = study_spec(constraints=("fpr <= 0.1",))
    assert best_of(spec, [trial(0, score=0.5, fpr=0.2)]) is None
    assert best_of(spec, []) is None


def test_a_value_of_zero_is_a_value() -> None:
    best = best_of(study_spec(), [trial(0, score=-0.1), trial(1, score=0.0), trial(2, score=-0.2)])
    assert best is not None
    assert best.number == 1


def test_the_front_holds_what_no_other_trial_dominates() -> None:
    spec = study_spec(SCORE, LOSS, constraints=("fpr <= 0.1",))
    trials = [
        trial(0, score=0.9, loss=0.5, fpr=0.0),
        trial(1, score=0.5, loss=0.1, fpr=0.0),
        trial(2, score=0.5, loss=0.2, fpr=0.0),  # dominated by 1
        trial(3, score=0.9, loss=0.5, fpr=0.0),  # the same as 0: neither dominates
        trial(4, score=1.0, loss=0.0, fpr=0.9),  # not feasible
    ]
    assert [t.number for t in front_of(spec, trials)] == [0, 1, 3]


def test_a_pruned_trial_saved_what_its_missing_steps_would_have_taken() -> None:
    trials = [
        trial(0, reports=10),
        trial(1, TrialState.PRUNED, reports=2, seconds=4.0),  # 2 s a step, 8 steps missing
        trial(2, TrialState.PRUNED, reports=5, seconds=5.0),  # 1 s a step, 5 steps missing
        trial(3, TrialState.FAILED, reports=1, seconds=9.0),
    ]
    assert saved_by_pruning(trials) == pytest.approx(16.0 + 5.0)


def test_nothing_is_said_to_be_saved_without_a_complete_trial_to_compare_with() -> None:
    assert saved_by_pruning([trial(0, TrialState.PRUNED, reports=2)]) == 0.0


def test_a_pruned_trial_that_was_longer_than_the_complete_ones_saved_nothing() -> None:
    trials = [trial(0, reports=3), trial(1, TrialState.PRUNED, reports=6)]
    assert saved_by_pruning(trials) == 0.0


def test_a_summary_counts_every_state_and_names_the_rare_ones_only_when_there_are_any() -> None:
    states = [TrialState.COMPLETE, TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED]
    trials = [trial(n, state, score=0.1) for n, state in enumerate(states)]
    summary = summarise(study_spec(), trials, seconds=1.0, since=0.0)
    assert summary.trials == {"complete": 2, "pruned": 1, "failed": 1}
    trials += [trial(4, TrialState.WAITING, ended=None), trial(5, TrialState.CANCELLED)]
    summary = summarise(study_spec(), trials, seconds=1.0, since=0.0)
    assert summary.trials["waiting"] == summary.trials["cancelled"] == 1


def test_a_summary_of_nothing_has_zeros_and_no_best() -> None:
    summary = summarise(study_spec(), [], seconds=1.0, since=0.0)
    assert summary.trials == {"complete": 0, "pruned": 0, "failed": 0}
    assert (summary.best, summary.steps, summary.saved_by_parallelism) == (None, 0, 0.0)


def test_parallelism_saved_what_this_runs_trials_took_beyond_the_wall_time() -> None:
    trials = [
        trial(0, seconds=50.0, ended=10.0, score=0.1),  # of an earlier run
        trial(1, seconds=8.0, ended=100.0, score=0.2),
        trial(2, seconds=7.0, ended=101.0, score=0.3),
    ]
    summary = summarise(study_spec(), trials, seconds=10.0, since=90.0)
    assert summary.saved_by_parallelism == pytest.approx(5.0)
    assert summary.trial_seconds == pytest.approx(65.0)
    assert summary.steps == 30


def test_the_best_of_a_summary_shows_its_configuration_by_group() -> None:
    summary = summarise(study_spec(), [trial(3, score=0.4)], seconds=1.0, since=0.0)
    assert summary.best is not None
    assert summary.best.number == 3
    assert summary.best.config == {"training": {"x": 0.5, "epochs": 10}}
    assert summary.front == []


def test_several_metrics_make_a_front() -> None:
    trials = [trial(0, score=0.9, loss=0.5), trial(1, score=0.5, loss=0.1)]
    summary = summarise(study_spec(SCORE, LOSS), trials, seconds=1.0, since=0.0)
    assert [entry.number for entry in summary.front] == [0, 1]


def test_progress_shows_what_runs_and_what_has_ended() -> None:
    study = OneStudy(study_spec(trials=9))
    study.tell(study.running(), completed(0.5))
    study.tell(study.running(), failed(FailureKind.EXCEPTION))
    study.tell(study.running(), ended(Outcome.STOPPED))
    pruned, running = study.running(), study.running("right")
    study.tell(pruned, ended(Outcome.PRUNED))
    study.tell(running, reported((0, {"score": 0.1}), (3, {"score": 0.2})))
    study.granted("left")
    study.create()
    seen = progress_of(study.engine)
    assert (seen.complete, seen.pruned, seen.failed, seen.cancelled) == (1, 1, 1, 1)
    assert (seen.ended, seen.waiting, seen.limit, seen.best) == (4, 2, 9, (0, 0.5))
    (shown,) = seen.running
    assert (shown.runner, shown.number, shown.attempt) == ("right", 4, 1)
    assert (shown.step, shown.reports, shown.metrics) == (3, 2, {"score": 0.2})
    assert not shown.ending


def test_progress_says_which_trial_is_about_to_end() -> None:
    study = OneStudy()
    study.tell(study.running(), reported((0, {"score": -1.0})))
    (shown,) = progress_of(study.engine).running
    assert shown.ending
