"""Choosing what needs no training: thresholds and the like, on scores of a model that is finished.

In come a typed configuration and a function that judges it without training; out come the best
values of the variables marked `AfterTraining`, the metrics they give, and the configuration with
them in force. `Trial.tune_after_training` is this, for a trial of a study.

The search is plain, for a judgement costs about a millisecond: the values in force first, then
random ones over the whole space until half of the budget is spent, then steps from the best so far,
ever smaller: a (1+1) evolution strategy with a falling step size (Rechenberg 1973).
"""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from schema.configuration import Config, Group, build, flatten
from schema.declaration import space_of
from schema.errors import ConfigurationError, WrongInput
from schema.space import Space
from schema.study import Constraint, Direction, Metric
from schema.values import Value
from schema.variables import Variable, is_number

FIRST_STEP, LAST_STEP = 0.2, 0.01
"""Standard deviation of a step at the beginning and at the end, as a share of a range."""

MOVED = 0.5
"""The share of variables that one step changes."""

AnyConfig = TypeVar("AnyConfig", bound=Config)
Evaluate = Callable[[Any], "Mapping[str, float] | float"]
Rank = tuple[float, float]
"""The sum of violations, then the cost: less is better."""


class Tuned(NamedTuple, Generic[AnyConfig]):
    """The best that was found."""

    config: AnyConfig
    values: dict[str, Value]
    """The variables that were chosen, by path."""
    metrics: dict[str, float]


def tune(
    config: AnyConfig,
    evaluate: Evaluate,
    metric: Metric,
    *,
    constraints: Sequence[Constraint] = (),
    variables: Sequence[Variable] | None = None,
    trials: int = 200,
    seed: int = 0,
) -> Tuned[AnyConfig]:
    """Search the variables that need no training, starting from their values in `config`.

    Args:
        config: the configuration that was trained.
        evaluate: judges a candidate; returns metrics by name, or only the one that decides. It is
            handed the group that holds everything marked `AfterTraining` where that is one group,
            else a whole configuration.
        metric: what decides. NaN counts as worst.
        constraints: those on metrics that `evaluate` returns are to hold; the less they are
            violated the better, before `metric` is looked at.
        variables: those to search, perhaps narrowed; by default all that `config` declares.
        trials: how often to evaluate, at least once.
        seed: the same seed searches the same candidates.

    Raises:
        WrongInput: fewer than one trial, or `evaluate` does not return `metric` or no number.
        InvalidValue: a value in force is outside of what `variables` allow.
    """
    if trials < 1:
        raise WrongInput(f"tune_after_training: trials is to be 1 or more, not {trials}")
    declared = space_of(type(config))
    if variables is None:
        variables = [variable for variable in declared.variables if variable.after_training]
    narrowed = {variable.path: variable for variable in variables}
    space = Space(variables=tuple(narrowed.get(v.path, v) for v in declared.variables))
    part = _part(declared)
    fixed = flatten(config)

    def judge(candidate: AnyConfig, values: dict[str, Value]) -> tuple[Rank, Tuned[AnyConfig]]:
        metrics = _metrics(evaluate(part(candidate)), metric.name)
        return _rank(metrics, metric, constraints), Tuned(candidate, values, metrics)

    lowest, best = judge(config, {v.path: v.check(fixed[v.path]) for v in variables})
    draws = random.Random(seed)
    for number in range(1, trials if variables else 1):
        progress = 2 * number / trials - 1
        complete = space.complete({**fixed, **_candidate(variables, best.values, progress, draws)})
        values = {path: complete[path] for path in narrowed}
        try:
            candidate = build(type(config), {**fixed, **values})
        except ConfigurationError:
            continue  # the user's own check of how values go together
        rank, found = judge(candidate, values)
        if rank < lowest:
            lowest, best = rank, found
    return best


def _part(declared: Space) -> Callable[[Config], Group]:
    """What `evaluate` is handed of a configuration; narrowing a space does not change it."""
    tops = {v.group.partition(".")[0] for v in declared.variables if v.after_training}
    top = tops.pop() if len(tops) == 1 else ""
    return lambda config: getattr(config, top) if top else config


def _metrics(result: Mapping[str, float] | float, name: str) -> dict[str, float]:
    found = result if isinstance(result, Mapping) else {name: result}
    if name not in found:
        known = ", ".join(found) or "nothing"
        raise WrongInput(
            f"tune_after_training: evaluate returned no metric {name!r} but {known}; name one of "
            "them with maximize= or minimize="
        )
    try:
        return {str(key): float(value) for key, value in found.items()}
    except (TypeError, ValueError) as error:
        raise WrongInput(f"tune_after_training: evaluate is to return numbers: {error}") from error


def _rank(metrics: Mapping[str, float], metric: Metric, constraints: Sequence[Constraint]) -> Rank:
    value = metrics[metric.name]
    if math.isnan(value):
        return math.inf, math.inf
    violated = [c.violation(metrics[c.metric]) for c in constraints if c.metric in metrics]
    total = sum(math.inf if math.isnan(by) else max(0.0, by) for by in violated)
    return total, -value if metric.direction is Direction.MAXIMIZE else value


def _candidate(
    variables: Sequence[Variable],
    best: Mapping[str, Value],
    progress: float,
    draws: random.Random,
) -> dict[str, Value]:
    """Random values while `progress` is below 0, from there to 1 ever smaller steps from `best`."""
    if progress < 0:
        return {v.path: _value(v, draws.random()) for v in variables}
    step = FIRST_STEP * (LAST_STEP / FIRST_STEP) ** progress
    candidate = dict(best)
    certain = draws.choice(variables)
    for variable in variables:
        if variable is certain or draws.random() < MOVED:
            value = best[variable.path]
            candidate[variable.path] = _neighbor(variable, value, step, draws)
    return candidate


def _neighbor(variable: Variable, value: Value, step: float, draws: random.Random) -> Value:
    if variable.kind == "bool" or (variable.choices is not None and not variable.ordered):
        return _value(variable, draws.random())  # without an order nothing is near
    place = _place(variable, value) + draws.gauss(0.0, step)
    return _value(variable, min(max(place, 0.0), 1.0))


def _value(variable: Variable, place: float) -> Value:
    """The value of `variable` at `place`, from 0 to 1; a step or a choice holds an equal share."""
    choices = (False, True) if variable.kind == "bool" else variable.choices
    if choices is not None:
        return choices[min(int(place * len(choices)), len(choices) - 1)]
    low, high = _edges(variable)
    at = low + place * (high - low)
    number = math.exp(at) if variable.log else at
    return variable.nearest(round(number) if variable.kind == "int" else number)


def _place(variable: Variable, value: Value) -> float:
    """Where `value` lies, from 0 to 1: the inverse of `_value`."""
    if variable.choices is not None:
        return (variable.choices.index(value) + 0.5) / len(variable.choices)
    assert is_number(value)
    low, high = _edges(variable)
    return ((math.log(value) if variable.log else value) - low) / (high - low)


def _edges(variable: Variable) -> tuple[float, float]:
    """The range with half a step around it, in logarithms if it is logarithmic."""
    assert variable.low is not None and variable.high is not None
    half = (variable.step or (1 if variable.kind == "int" else 0)) / 2
    low, high = variable.low - half, variable.high + half
    return (math.log(low), math.log(high)) if variable.log else (low, high)
