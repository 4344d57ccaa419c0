"""Several metrics: a trial ends when enough finished trials beat it in all of them at its step."""

from math import inf, isnan, nan
from random import Random

import pytest

from orchestrator.pruning.on_pareto_rank import OnParetoRank
from orchestrator.pruning.study_pruner import Ending
from schema.study import Direction, Metric
from schema.trial import TrialState

F1 = Metric(name="f1", direction=Direction.MAXIMIZE)
RATE = Metric(name="rate", direction=Direction.MINIMIZE)
SIZE = Metric(name="size", direction=Direction.MINIMIZE)
NOW = {"n_startup_trials": 1, "n_warmup_steps": 0, "interval_steps": 1}


def pruner(*metrics: Metric, dominated_by: int = 1, **numbers: int) -> OnParetoRank:
    """A pruner of f1 (more is better) and rate (less is better) that looks at once."""
    own = NOW | numbers
    return OnParetoRank(metrics or (F1, RATE), dominated_by=dominated_by, **own)


def finish(
    pruner: OnParetoRank, trial: int, *points: tuple[float, float], feasible: bool = True
) -> None:
    """A trial reports f1 and rate from step 0 on, and completes."""
    for step, (f1, rate) in enumerate(points):
        pruner.report(trial, step, {"f1": f1, "rate": rate})
    pruner.complete(trial, Ending({}, feasible=feasible))


class ByCounting:
    """The same rule by looking at every finished trial at every report."""

    def __init__(self, metrics: list[Metric], numbers: dict[str, int]) -> None:
        self._metrics = metrics
        self._numbers = numbers
        self._reported: dict[int, dict[int, dict[str, float]]] = {}
        self._finished: list[dict[int, dict[str, float]]] = []
        self._complete = 0
        self._checked: dict[int, set[int]] = {}

    def report(self, trial: int, step: int, metrics: dict[str, float]) -> bool:
        """True when the trial should end."""
        values = self._reported.setdefault(trial, {}).setdefault(step, {})
        for name, value in metrics.items():
            values.setdefault(name, value)
        into = step - self._numbers["n_warmup_steps"]
        if len(values) < len(self._metrics) or into < 0:
            return False
        if self._complete < self._numbers["n_startup_trials"]:
            return False
        others = [trial[step] for trial in self._finished if step in trial]
        others = [other for other in others if len(other) == len(self._metrics)]
        interval = into // self._numbers["interval_steps"]
        checked = self._checked.setdefault(trial, set())
        late = checked and interval < max(checked)
        again = interval in checked and self._numbers["interval_steps"] > 1
        if not others or late or again:
            return False
        checked.add(interval)
        found = sum(self._dominates(other, values) for other in others)
        return found >= self._numbers["dominated_by"]

    def _dominates(self, left: dict[str, float], right: dict[str, float]) -> bool:
        better = 0
        for metric in self._metrics:
            mine, theirs = left[metric.name], right[metric.name]
            if (isnan(mine) and not isnan(theirs)) or metric.better(theirs, mine):
                return False
            better += not isnan(mine) and (isnan(theirs) or metric.better(mine, theirs))
        return better > 0

    def end(self, trial: int, *, complete: bool, feasible: bool) -> None:
        """The trial is over."""
        curve = self._reported.pop(trial, None)
        self._checked.pop(trial, None)
        self._complete += complete
        if complete and feasible and curve is not None:
            self._finished.append(curve)


def decisions_of_a_random_study(seed: int, metrics: list[Metric]) -> list[bool]:
    """Every decision is the one that counting gives; ties, NaN, lost and partial reports."""
    random = Random(seed)
    numbers = {
        "dominated_by": random.choice([1, 2, 3, 5]),
        "n_startup_trials": random.choice([0, 1, 5]),
        "n_warmup_steps": random.choice([0, 0, 2]),
        "interval_steps": random.choice([1, 1, 2, 3]),
    }
    ours, counting = OnParetoRank(metrics, **numbers), ByCounting(metrics, numbers)
    digits = random.choice([1, 2, 6])
    found: list[bool] = []
    running: dict[int, list[int]] = {}
    started = 0
    while started < 60 or running:
        if started < 60 and len(running) < 4:
            steps = list(range(12))
            if random.random() < 0.3:
                random.shuffle(steps)
            running[started], started = steps, started + 1
        trial = random.choice(list(running))
        if running[trial]:
            step = running[trial].pop(0)
            report = {m.name: round(random.gauss(step / 10, 0.5), digits) for m in metrics}
            if random.random() < 0.03:
                report[random.choice(metrics).name] = random.choice([nan, inf, -inf])
            parts = [report]
            if random.random() < 0.2:
                parts = [{name: value} for name, value in report.items()]
            for part in parts:
                verdict = ours.report(trial, step, part)
                assert (verdict is not None) == counting.report(trial, step, part), (seed, trial)
                found.append(verdict is not None)
            if not found[-1] or random.random() < 0.3:
                continue
        complete, feasible = not running.pop(trial) and not found[-1], random.random() < 0.8
        if complete:
            ours.complete(trial, Ending({}, feasible=feasible))
        else:
            ours.drop(trial)
        counting.end(trial, complete=complete, feasible=feasible)
    return found


@pytest.mark.parametrize("metrics", [[F1, RATE], [F1, RATE, SIZE]], ids=["two", "three"])
def test_every_decision_is_the_one_that_counting_all_finished_trials_gives(
    metrics: list[Metric],
) -> None:
    found: list[bool] = []
    seed = 0
    while len(found) < 12_000:
        found += decisions_of_a_random_study(seed, metrics)
        seed += 1
    assert sum(found) > len(found) / 50


def test_what_is_best_in_one_metric_is_never_ended() -> None:
    study = pruner()
    finish(study, 0, (0.9, 0.5))
    finish(study, 1, (0.5, 0.1))
    assert study.report(2, 0, {"f1": 0.95, "rate": 0.9}) is None
    assert study.report(3, 0, {"f1": 0.1, "rate": 0.05}) is None
    assert study.report(4, 0, {"f1": 0.4, "rate": 0.2}) is not None


def test_the_reason_says_how_many_dominate_and_where_the_trial_stood() -> None:
    study = pruner(dominated_by=4)
    for trial in range(5):
        finish(study, trial, *[(0.8, 0.05)] * 7)
    decision = study.report(9, 6, {"f1": 0.71, "rate": 0.08})
    assert decision is not None
    assert decision.because == (
        "step 6: dominated by at least 4 of 5 finished trials (f1 0.71, rate 0.08)"
    )


def test_an_equal_trial_does_not_dominate() -> None:
    study = pruner()
    finish(study, 0, (0.5, 0.5))
    assert study.report(1, 0, {"f1": 0.5, "rate": 0.5}) is None


def test_trials_that_break_a_constraint_are_no_evidence() -> None:
    study = pruner()
    finish(study, 0, (0.9, 0.1), feasible=False)
    assert study.report(1, 0, {"f1": 0.1, "rate": 0.9}) is None


def test_a_pruned_trial_is_no_evidence() -> None:
    study = pruner(n_startup_trials=0)
    study.report(0, 0, {"f1": 0.9, "rate": 0.1})
    study.drop(0)
    assert study.report(1, 0, {"f1": 0.1, "rate": 0.9}) is None


def test_a_trial_of_the_past_is_the_evidence_that_it_was() -> None:
    study = pruner()
    curves = {"f1": [(0, 0.9), (1, 0.9)], "rate": [(0, 0.1), (1, 0.1)]}
    study.restore(0, curves, TrialState.COMPLETE, Ending({}, feasible=True))
    study.restore(1, {"f1": [(1, 0.2)]}, TrialState.RUNNING)
    assert study.report(1, 1, {"rate": 0.8}) is not None
