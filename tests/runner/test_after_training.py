"""Choosing variables without training, on judgements that cost nothing."""

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
import pytest

import trialmq as tq
from schema.configuration import flatten
from schema.declaration import space_of
from schema.errors import InvalidValue, WrongInput
from schema.narrowing import narrow
from schema.overrides import Interval, Overrides
from schema.study import Constraint, Direction, Metric
from schema.variables import Variable
from trial_runner.after_training import Tuned, tune

F1 = Metric(name="f1", direction=Direction.MAXIMIZE)
COST = Metric(name="cost", direction=Direction.MINIMIZE)


class Training(tq.Group):
    epochs: Annotated[int, tq.Range(1, 20)] = 12


class Inference(tq.Group):
    threshold: Annotated[float, tq.Range(0.05, 0.95), tq.AfterTraining()] = 0.5
    windows: Annotated[int, tq.Range(1, 8), tq.AfterTraining()] = 1
    floor: Annotated[float, tq.Range(1e-6, 1e-1, log=True), tq.AfterTraining()] = 1e-3
    grid: Annotated[float, tq.Range(0.0, 1.0, step=0.25), tq.AfterTraining()] = 0.5
    order: Annotated[int, tq.OneOf(1, 2, 4, 8), tq.AfterTraining()] = 1
    mode: Annotated[Literal["mean", "max"], tq.AfterTraining()] = "mean"
    adaptive: Annotated[bool, tq.AfterTraining()] = False
    rate: Annotated[
        float, tq.Range(0.0, 1.0), tq.AfterTraining(), tq.When("inference.adaptive", True)
    ] = 0.5


class OneGroup(tq.Config):
    training: Training = Training()
    inference: Inference = Inference()


class Filter(tq.Group):
    low: Annotated[float, tq.Range(0.0, 1.0), tq.AfterTraining()] = 0.2
    high: Annotated[float, tq.Range(0.0, 1.0), tq.AfterTraining()] = 0.8

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")


class TwoPlaces(tq.Config):
    filter: Filter = Filter()
    bias: Annotated[float, tq.Range(-1.0, 1.0), tq.AfterTraining()] = 0.0


def distance(inference: Inference) -> float:
    """0 at one point of the space, which the defaults are far from."""
    return (
        abs(inference.threshold - 0.83)
        + abs(inference.windows - 6) / 8
        + abs(math.log10(inference.floor) + 5) / 5
        + abs(inference.grid - 1.0)
        + abs(inference.order - 8) / 8
        + (inference.mode != "max")
        + (abs(inference.rate - 0.1) if inference.adaptive else 1)
    )


def narrowed(overrides: Overrides) -> list[Variable]:
    return [v for v in narrow(space_of(OneGroup), overrides).variables if v.after_training]


def seen_by(evaluate: Callable[[Any], float]) -> tuple[list[Any], Callable[[Any], float]]:
    """What `evaluate` is asked for, beside an `evaluate` that keeps it."""
    seen: list[Any] = []

    def kept(candidate: Any) -> float:
        seen.append(candidate)
        return evaluate(candidate)

    return seen, kept


def test_it_comes_close_to_the_best_values_of_every_kind_of_variable() -> None:
    found = tune(OneGroup(), distance, COST)
    best = found.config.inference
    assert found.metrics["cost"] == distance(best) < 0.15 * distance(Inference())
    assert (best.mode, best.adaptive, best.order) == ("max", True, 8)
    assert best.windows in (5, 6, 7)


def test_steps_from_the_best_beat_as_many_random_values() -> None:
    def best_of_two_hundred(seed: int) -> float:
        return tune(OneGroup(), distance, COST, trials=200, seed=seed).metrics["cost"]

    def best_of_random(seed: int) -> float:
        seen, evaluate = seen_by(distance)
        tune(OneGroup(), evaluate, COST, trials=400, seed=seed)
        return min(map(distance, seen[:200]))  # the first half is random

    assert sum(map(best_of_two_hundred, range(5))) < 0.6 * sum(map(best_of_random, range(5)))


def test_the_same_seed_asks_for_the_same_candidates() -> None:
    first, keep_first = seen_by(distance)
    second, keep_second = seen_by(distance)
    other, keep_other = seen_by(distance)
    tune(OneGroup(), keep_first, COST, trials=40, seed=7)
    tune(OneGroup(), keep_second, COST, trials=40, seed=7)
    tune(OneGroup(), keep_other, COST, trials=40, seed=8)
    assert first == second != other
    assert len(first) == 40


def test_the_values_in_force_come_first_and_stay_when_nothing_is_better() -> None:
    config = OneGroup(inference=Inference(threshold=0.3))
    seen, evaluate = seen_by(lambda inference: 1.0)
    found = tune(config, evaluate, F1, trials=30)
    assert seen[0] == config.inference
    assert found.config == config
    assert found.values["inference.threshold"] == 0.3
    assert found.metrics == {"f1": 1.0}


def test_every_candidate_is_allowed_and_an_inactive_variable_is_at_its_default() -> None:
    space = space_of(OneGroup)
    seen, evaluate = seen_by(distance)
    found = tune(OneGroup(), evaluate, COST)
    for inference in seen:
        values = flatten(OneGroup(inference=inference))
        assert space.complete(values) == values
    assert {inference.adaptive for inference in seen} == {False, True}
    assert list(found.values) == [v.path for v in space.variables if v.after_training]


def test_what_needs_training_is_never_touched() -> None:
    config = OneGroup(training=Training(epochs=3))
    assert tune(config, distance, COST).config.training == config.training


def test_a_narrowed_range_is_kept_and_a_fixed_variable_stays() -> None:
    variables = narrowed(
        Overrides(
            set={"inference.mode": "mean"},
            search={"inference.threshold": Interval(low=0.1, high=0.6)},
        )
    )
    seen, evaluate = seen_by(distance)
    found = tune(OneGroup(), evaluate, COST, variables=variables)
    thresholds = [inference.threshold for inference in seen]
    assert 0.1 <= min(thresholds) < 0.15
    assert 0.55 < max(thresholds) <= 0.6
    assert {inference.mode for inference in seen} == {"mean"}
    assert "inference.mode" not in found.values


def test_where_all_are_fixed_the_values_in_force_are_judged_once() -> None:
    seen, evaluate = seen_by(distance)
    found = tune(OneGroup(), evaluate, COST, variables=())
    assert seen == [Inference()]
    assert found == Tuned(OneGroup(), {}, {"cost": distance(Inference())})


def test_variables_in_several_places_are_handed_over_with_the_whole_configuration() -> None:
    found = tune(TwoPlaces(), lambda config: config.bias + config.filter.low, F1)
    assert found.config.bias + found.config.filter.low > 1.5


def test_a_combination_that_the_configuration_refuses_is_passed_over() -> None:
    seen, evaluate = seen_by(lambda config: config.filter.low)
    tune(TwoPlaces(), evaluate, F1, trials=100)
    assert len(seen) < 100
    assert all(config.filter.low <= config.filter.high for config in seen)


def test_nan_is_worse_than_everything() -> None:
    def evaluate(inference: Inference) -> float:
        return math.nan if inference.threshold < 0.7 else -inference.threshold

    assert 0.7 <= tune(OneGroup(), evaluate, F1).config.inference.threshold < 0.75


def test_constraints_go_before_the_metric() -> None:
    def evaluate(inference: Inference) -> dict[str, float]:
        return {"f1": 1 - inference.threshold, "alarms": 1 - inference.threshold}

    few = Constraint.parse("alarms <= 0.2")
    elsewhere = Constraint.parse("false_positive_rate <= 0.1")
    best = tune(OneGroup(), evaluate, F1, constraints=[few, elsewhere])
    assert 0.8 <= best.config.inference.threshold < 0.82
    none = Constraint.parse("alarms <= 0.01")
    least = tune(OneGroup(), evaluate, F1, constraints=[none])
    assert least.config.inference.threshold > 0.93


@pytest.mark.parametrize(
    ("result", "problem"),
    [
        ({"recall": 0.5}, r"no metric 'f1' but recall; name one of them with maximize="),
        ({}, "no metric 'f1' but nothing"),
        ({"f1": "high"}, "evaluate is to return numbers: could not convert string"),
        (None, "evaluate is to return numbers"),
    ],
)
def test_what_evaluate_returns_wrongly_is_one_sentence(
    result: Mapping[str, float], problem: str
) -> None:
    with pytest.raises(WrongInput, match=problem):
        tune(OneGroup(), lambda inference: result, F1)


def test_without_a_trial_there_is_nothing_to_choose_from() -> None:
    with pytest.raises(WrongInput, match="trials is to be 1 or more, not 0"):
        tune(OneGroup(), distance, COST, trials=0)


def test_values_in_force_outside_of_a_narrowed_range_are_refused() -> None:
    variables = narrowed(Overrides(set={}, search={"inference.order": (2, 4)}))
    with pytest.raises(InvalidValue, match=r"inference\.order: 1 is not one of 2,4"):
        tune(OneGroup(), distance, COST, variables=variables)
    inference = msgspec.structs.replace(Inference(), order=2)
    best = tune(OneGroup(inference=inference), distance, COST, variables=variables)
    assert best.config.inference.order == 4
