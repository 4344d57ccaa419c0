"""Importance of variables: what decided is found, of trials that count."""

from random import Random

from msgspec.structs import replace

from orchestrator.importance import LEAST_TRIALS, importance_of
from schema.results import TrialResult
from schema.revision import Fork
from schema.space import Space
from schema.study import Direction, Metric, ObjectiveDescription, StudySpec
from schema.trial import TrialState
from schema.values import Value
from schema.variables import Condition, Variable

SPACE = Space(
    variables=(
        Variable(path="a.idle", kind="float", default=0.5, low=0.0, high=1.0, searched=True),
        Variable(path="a.kind", kind="str", default="x", choices=("x", "y"), searched=True),
        Variable(
            path="b.strong",
            kind="float",
            default=0.5,
            low=0.0,
            high=1.0,
            searched=True,
            when=(Condition(path="a.kind", values=("x",)),),
        ),
        Variable(
            path="b.size", kind="int", default=3, choices=(3, 5, 7), ordered=True, searched=True
        ),
        Variable(path="b.fixed", kind="int", default=3),
    )
)
UP, DOWN = (
    Metric(name="f1", direction=Direction.MAXIMIZE),
    Metric(name="loss", direction=Direction.MINIMIZE),
)
SPEC = StudySpec(
    name="s", objective=ObjectiveDescription(entry="m:f", metrics=(UP, DOWN), space=SPACE)
)


def trials(count: int) -> list[TrialResult]:
    """``f1`` follows ``b.strong`` where it is active, ``loss`` follows ``b.size``."""
    draws = Random(1)
    made = []
    for number in range(count):
        kind = draws.choice("xxy")
        sampled: dict[str, Value] = {"a.idle": draws.random(), "a.kind": kind}
        sampled["b.size"] = draws.choice((3, 5, 7))
        strong = draws.random() if kind == "x" else 0.0
        if kind == "x":
            sampled["b.strong"] = strong
        metrics = {"f1": strong, "loss": float(sampled["b.size"]) + 0.1 * draws.random()}
        made.append(
            TrialResult(
                id=number,
                study=1,
                number=number,
                sampled=sampled,
                config=SPACE.complete(sampled),
                created=0.0,
                state=TrialState.COMPLETE,
                value=strong,
                metrics=metrics,
            )
        )
    return made


def test_what_decided_each_metric_comes_first_also_where_it_is_conditional() -> None:
    found = importance_of(SPEC, trials(120))
    assert found.trials == 120
    assert found.shares.keys() == {"f1", "loss"}
    for shares, first in ((found.shares["f1"], "b.strong"), (found.shares["loss"], "b.size")):
        assert next(iter(shares)) == first
        assert shares.keys() == {v.path for v in SPACE.sampling_order()}
        assert abs(sum(shares.values()) - 1) < 1e-9
        assert list(shares.values()) == sorted(shares.values(), reverse=True)
        assert shares[first] > 0.5


def test_trials_that_do_not_count_are_left_out() -> None:
    counted, others = trials(60)[:40], trials(60)[40:]
    fork = Fork(parent=1, step=0, patch=())
    left = [replace(t, hidden=True) for t in others[:7]]
    left += [replace(t, fork=fork) for t in others[7:14]]
    left += [replace(t, state=TrialState.PRUNED) for t in others[14:]]
    assert importance_of(SPEC, [*counted, *left]) == importance_of(SPEC, counted)


def test_metrics_that_are_no_numbers_and_spaces_that_were_narrowed_are_passed_over() -> None:
    made = trials(30)
    made[0] = replace(made[0], metrics={"f1": float("nan"), "loss": 1.0})
    made[1] = replace(made[1], sampled={**made[1].sampled, "b.size": 5, "a.idle": 3.0})
    assert importance_of(SPEC, made).shares["f1"]


def test_of_a_few_trials_nothing_is_said() -> None:
    few = importance_of(SPEC, trials(LEAST_TRIALS - 1))
    assert few.shares == {}
    assert few.because == "9 trials are complete, and it takes 10 to say anything"
    assert importance_of(SPEC, trials(LEAST_TRIALS)).shares["f1"]
