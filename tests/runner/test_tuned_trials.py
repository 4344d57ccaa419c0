"""What a trial chooses after training, in a sweep: it is stored, and it keeps to the study."""

import socket
from pathlib import Path

import pytest

from schema.declaration import space_of
from schema.messages import Assignment
from schema.overrides import Interval, Overrides
from schema.study import Limits
from schema.trial import TrialState
from tests.runner.threshold_objective import Decision, ThresholdConfig, train
from trial_runner.report_stream import ReportStream
from trial_runner.slot_inbox import SlotInbox
from trial_runner.stop_flag import StopFlag
from trial_runner.trial import Stopped, Trial
from trialmq.choices import SweepChoices
from trialmq.sweep import sweep
from trialmq.sweep_result import SweepResult

OBJECTIVES = Path(__file__).with_name("threshold_objective.py")


async def swept(database: Path, function: str, overrides: Overrides | None = None) -> SweepResult:
    """Two trials of an objective, one at a time."""
    choices = SweepChoices(
        objective=f"{OBJECTIVES}:{function}",
        database=database,
        runners=1,
        sampler="random",
        limits=Limits(trials=2),
        overrides=lambda _: overrides or Overrides(),
    )
    return await sweep(choices, lambda picture: None)


async def test_what_is_chosen_after_training_is_the_trials_configuration(tmp_path: Path) -> None:
    result = await swept(tmp_path / "t.db", "train")
    for trial in result.trials:
        assert trial.state is TrialState.COMPLETE
        assert trial.metrics is not None
        threshold = trial.config["decision.threshold"]
        assert trial.metrics["f1"] == trial.metrics["in_force"] == threshold
        assert trial.metrics["alarms"] <= 3
        assert trial.metrics["f1"] > 0.9
        assert trial.sampled.keys() == {"training.rate"}


async def test_it_keeps_to_what_the_study_narrowed_and_set(tmp_path: Path) -> None:
    overrides = Overrides(
        set={"decision.patience": 2}, search={"decision.threshold": Interval(low=0.1, high=0.4)}
    )
    for trial in (await swept(tmp_path / "t.db", "train", overrides)).trials:
        assert trial.config["decision.patience"] == 2
        assert 0.35 < float(trial.config["decision.threshold"]) <= 0.4


async def test_with_everything_set_there_is_only_one_judgement(tmp_path: Path) -> None:
    overrides = Overrides(set={"decision.patience": 2, "decision.threshold": 0.7})
    for trial in (await swept(tmp_path / "t.db", "train", overrides)).trials:
        assert trial.metrics == {"f1": 0.7, "alarms": 5.0, "in_force": 0.7}


async def test_it_may_be_decided_by_another_metric_than_the_objectives(tmp_path: Path) -> None:
    for trial in (await swept(tmp_path / "t.db", "elsewhere")).trials:
        assert trial.metrics is not None
        assert trial.config["decision.threshold"] == trial.metrics["misses"] < 0.05
        assert trial.metrics["loss"] == trial.config["training.rate"]


async def test_to_maximize_and_minimize_at_once_is_refused(tmp_path: Path) -> None:
    result = await swept(tmp_path / "t.db", "unclear")
    assert [trial.state for trial in result.trials] == [TrialState.FAILED] * 2
    assert "give either maximize= or minimize=" in result.trials[0].reason


def test_a_trial_that_has_to_stop_stops_between_two_judgements() -> None:
    ours, runners = socket.socketpair()
    flag = StopFlag.create()
    assignment = Assignment(
        trial=1,
        attempt=1,
        study="s",
        number=0,
        objective="",
        values={},
        seed=1,
        tune=tuple(v for v in space_of(ThresholdConfig).variables if v.after_training),
    )
    inbox = SlotInbox(ours, flag)
    stream = ReportStream(ours)
    trial = Trial(assignment, ThresholdConfig(), train, "cpu", 7, stream, flag, inbox)
    judged = 0

    def evaluate(decision: Decision) -> float:
        nonlocal judged
        judged += 1
        if judged == 3:
            flag.stop(7)
        return decision.threshold

    with pytest.raises(Stopped):
        trial.tune_after_training(evaluate)
    assert judged == 3
    assert trial.tuned == {}
    flag.close()
    ours.close()
    runners.close()


@pytest.fixture(autouse=True)
def elsewhere_than_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a sweep leaves lies in the test's directory."""
    monkeypatch.chdir(tmp_path)
