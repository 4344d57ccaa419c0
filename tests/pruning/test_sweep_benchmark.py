"""The sweep benchmark keeps what it ran, and compares at equal trials and at equal time."""

from pathlib import Path

import pytest

from benchmarks.sweep import Row, Sweeps, faster, row
from benchmarks.sweep_records import Judged, Line, Run, TrialRecord, append, read


def trial(number: int, ended: float, f1: float | None) -> TrialRecord:
    """A trial of three steps."""
    outcome = "pruned" if f1 is None else "complete"
    return TrialRecord(
        number=number, outcome=outcome, began=0.0, ended=ended, steps=3, f1=f1, config={}
    )


def run(system: str, seed: int, seconds: float, *trials: TrialRecord) -> Run:
    """A run of a system."""
    return Run(system=system, seed=seed, trials=3, epochs=3, seconds=seconds, ended=list(trials))


SLOW = run("sequential", 0, 40.0, trial(0, 10.0, 0.5), trial(1, 20.0, 0.7), trial(2, 40.0, 0.9))
QUICK = run("standard", 0, 20.0, trial(0, 8.0, 0.5), trial(2, 12.0, None), trial(1, 20.0, 0.8))


def judged(of: Run, number: int, test_f1: float) -> Judged:
    """The test F1 of one of its trials."""
    return Judged(
        system=of.system,
        seed=of.seed,
        trials=3,
        epochs=3,
        number=number,
        validation_f1=0.0,
        test_f1=test_f1,
    )


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A file with both runs and what had to be judged of them."""
    path = tmp_path / "sweep.jsonl"
    lines: list[Line] = [
        SLOW,
        QUICK,
        judged(SLOW, 1, 0.6),
        judged(SLOW, 2, 0.85),
        judged(QUICK, 1, 0.75),
    ]
    for line in lines:
        append(path, line)
    return path


def test_a_line_that_was_cut_off_is_run_again_and_no_other(results: Path) -> None:
    whole = list(read(results))
    results.write_bytes(results.read_bytes()[:-9])
    assert list(read(results)) == whole[:-1]


def test_what_was_run_with_another_setting_does_not_count(results: Path) -> None:
    assert Sweeps(results, trials=3, epochs=3).runs.keys() == {("sequential", 0), ("standard", 0)}
    assert Sweeps(results, trials=4, epochs=3).runs == {}


def test_at_equal_trials_everything_counts(results: Path) -> None:
    found = row(Sweeps(results, trials=3, epochs=3), "sequential", {})
    assert (found.seconds, found.trials, found.steps) == ([40.0], [3], [9])
    assert (found.best_f1, found.test_f1) == ([0.9], [0.85])


def test_at_equal_time_only_what_had_ended_counts(results: Path) -> None:
    found = row(Sweeps(results, trials=3, epochs=3), "sequential", {0: 20.0})
    assert (found.seconds, found.trials, found.steps) == ([20.0], [2], [6])
    assert (found.best_f1, found.test_f1) == ([0.7], [0.6])


def test_before_anything_is_complete_there_is_nothing_to_judge(results: Path) -> None:
    found = row(Sweeps(results, trials=3, epochs=3), "standard", {0: 5.0})
    assert (found.best_f1, found.test_f1) == ([None], [None])


def test_a_ratio_says_how_many_times_faster(results: Path) -> None:
    sweeps = Sweeps(results, trials=3, epochs=3)
    rows: dict[str, Row] = {name: row(sweeps, name, {}) for name in ("sequential", "standard")}
    assert faster(rows, "sequential")(rows["standard"]) == "2.00"
    assert faster(rows, "sequential")(rows["sequential"]) == ""
