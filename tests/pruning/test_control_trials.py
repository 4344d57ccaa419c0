"""Control trials run to their end whatever the pruner says, and tell what pruning loses."""

import pytest
from msgspec.structs import replace

from orchestrator.engine.control_trials import is_control, lost_of_best
from orchestrator.engine.trials import Trial
from orchestrator.reading.summary import summarise
from schema.results import Event, Regret, Summary
from schema.study import StudySpec
from schema.trial import Desired, Outcome, TrialState
from tests.orchestrator.one_study import PRUNE_BELOW_ZERO, OneStudy, completed, ended, reported
from tests.orchestrator.one_study import study_spec as without_control


def study_spec(fraction: float, seed: int = 0) -> StudySpec:
    """A study that prunes below zero and keeps a share of its trials as control trials."""
    spec = without_control(
        trials=None,
        pruner=replace(
            PRUNE_BELOW_ZERO,
            parameters={"lower": 0.0, "n_warmup_steps": 0},
            control_fraction=fraction,
        ),
    )
    return replace(spec, seed=seed)


def control(spec: StudySpec, trials: int = 5000) -> set[int]:
    """The numbers of the control trials."""
    return {number for number in range(trials) if is_control(spec, number)}


def events(study: OneStudy, trial: Trial) -> list[tuple[str, str]]:
    """Kind and text of what happened to a trial."""
    return [
        (kind, text) for _, _, number, kind, text in study.changes.events if number == trial.number
    ]


def summary(study: OneStudy, trials: list[Trial]) -> Summary:
    """The summary of a study with the log that it left."""
    log = [
        Event(i, at, n, kind, text) for i, (at, _, n, kind, text) in enumerate(study.changes.events)
    ]
    results = [trial.result() for trial in trials]
    return summarise(study.spec, results, seconds=1.0, since=0.0, events=log)


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.5])
def test_about_that_share_of_trials_are_control_trials(fraction: float) -> None:
    assert len(control(study_spec(fraction))) / 5000 == pytest.approx(fraction, rel=0.1)


def test_none_and_all_are_none_and_all() -> None:
    assert control(study_spec(0.0)) == set()
    assert len(control(study_spec(1.0))) == 5000


def test_a_larger_share_keeps_the_control_trials_of_a_smaller_one() -> None:
    assert control(study_spec(0.1)) < control(study_spec(0.2))


def test_another_seed_has_other_control_trials() -> None:
    assert control(study_spec(0.1, seed=1)) != control(study_spec(0.1, seed=2))


def test_a_control_trial_is_not_ended_and_the_first_verdict_is_kept() -> None:
    study = OneStudy(study_spec(1.0))
    trial = study.running()
    study.tell(trial, reported((0, {"score": 1.0}), (1, {"score": -1.0}), (2, {"score": -2.0})))
    study.tell(trial, reported((3, {"score": -3.0})))
    assert trial.desired is Desired.RUN
    said = [event for event in events(study, trial) if event[0] in ("control", "would prune")]
    assert said == [
        ("control", "runs to its end whatever the pruner says"),
        ("would prune", "step 1: -1 is below 0"),
    ]
    study.tell(trial, completed(4.0))
    assert trial.state is TrialState.COMPLETE
    assert trial.reason == ""


def test_other_trials_are_ended_as_ever() -> None:
    study = OneStudy(study_spec(0.0))
    trial = study.running()
    study.tell(trial, reported((0, {"score": -1.0})))
    assert trial.desired is Desired.PRUNE
    assert [kind for kind, _ in events(study, trial)] == ["created", "leased", "running", "prune"]


def finished(study: OneStudy, score: float, first: float = 1.0) -> Trial:
    """A control trial that reports ``first``, runs two more seconds, and ends with ``score``."""
    trial = study.running()
    study.tell(trial, reported((0, {"score": first})))
    study.now += 2.0
    study.tell(trial, replace(completed(score), seconds=3.0))
    return trial


def test_the_regret_counts_the_best_that_would_be_lost_and_the_time_that_would_be_saved() -> None:
    study = OneStudy(study_spec(1.0))
    trials = [finished(study, 9.0, first=-1.0), finished(study, 8.0), finished(study, 7.0)]
    trials += [finished(study, 6.0, first=-1.0)]
    assert summary(study, trials).regret == Regret(
        trials=4, would_prune=2, lost={1: 1, 3: 1}, seconds=12.0, saved=4.0
    )


def test_only_the_attempt_that_counts_has_a_say() -> None:
    study = OneStudy(study_spec(1.0))
    trial = study.running()
    study.tell(trial, reported((0, {"score": -1.0})))
    study.tell(trial, ended(Outcome.RELEASED))
    again = finished(study, 5.0)
    assert again is trial
    regret = summary(study, [trial]).regret
    assert regret is not None
    assert (regret.trials, regret.would_prune) == (1, 0)


def test_an_attempt_that_starts_anew_is_judged_anew() -> None:
    study = OneStudy(study_spec(1.0))
    trial = study.running()
    for _ in range(2):
        study.tell(trial, reported((0, {"score": -1.0})))
        study.tell(trial, ended(Outcome.RELEASED))
        assert study.running() is trial
    assert [kind for kind, _ in events(study, trial)].count("would prune") == 2


def test_of_several_verdicts_the_first_one_counts() -> None:
    study = OneStudy(study_spec(1.0))
    trial = finished(study, 5.0, first=-1.0)
    late = study.now + 1e6
    study.changes.events.append((late, 1, trial.number, "would prune", "after a restart"))
    regret = summary(study, [trial]).regret
    assert regret is not None
    assert regret.saved == 2.0


def test_a_study_without_control_trials_has_no_regret() -> None:
    study = OneStudy(study_spec(0.0))
    assert summary(study, [finished(study, 5.0)]).regret is None


def test_of_ten_trials_it_says_nothing_about_the_best_ten() -> None:
    assert lost_of_best(range(10), {0, 5}) == {1: 1, 3: 1}
    assert lost_of_best(range(11), {0, 5}) == {1: 1, 3: 1, 10: 2}
    assert lost_of_best([7], {7}) == {}
