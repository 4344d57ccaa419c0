"""What a study is judged by: the objective's own metrics, or some of them."""

import pytest
from msgspec.structs import replace

from schema.defining import check_judged, default_study, directed, judged_by
from schema.errors import WrongInput
from schema.space import Space
from schema.study import (
    Constraint,
    Declared,
    Direction,
    Metric,
    ObjectiveDescription,
    StudySpec,
)
from schema.variables import Variable

F1 = Metric(name="f1", direction=Direction.MAXIMIZE)
LOSS = Metric(name="loss", direction=Direction.MINIMIZE)
SMALL = Constraint(metric="size", at_most=True, bound=10.0)
RATE = Variable(path="rate", kind="float", default=0.5, low=0.0, high=1.0, searched=True)
THRESHOLD = Variable(
    path="threshold", kind="float", default=0.5, low=0.0, high=1.0, after_training=True
)
OFFER = ObjectiveDescription(
    entry="train.py:train",
    metrics=(F1, LOSS),
    constraints=(SMALL,),
    space=Space(variables=(RATE,)),
)
SPEC = StudySpec(name="s", objective=OFFER)


def test_a_study_is_judged_by_some_metrics_in_an_order_of_its_own() -> None:
    judged = judged_by(SPEC, ["loss"], [])
    assert judged.objective.metrics == (LOSS,)
    assert judged.objective.constraints == ()
    assert judged.offered == OFFER
    assert judged_by(SPEC, ["loss", "f1"], [SMALL]).metric == LOSS


def test_what_the_objective_says_itself_needs_no_declaration() -> None:
    judged = judged_by(judged_by(SPEC, ["loss"], []), ["f1", "loss"], [SMALL])
    assert judged == SPEC


@pytest.mark.parametrize(
    ("metrics", "problem"),
    [(["accuracy"], "there is no metric 'accuracy'; there are f1, loss"), ([], "needs a metric")],
)
def test_a_metric_that_is_not_there_is_refused(metrics: list[str], problem: str) -> None:
    with pytest.raises(WrongInput, match=problem):
        judged_by(SPEC, metrics, [])


def test_a_client_cannot_turn_a_metric_round() -> None:
    worse = replace(OFFER, metrics=(Metric(name="f1", direction=Direction.MINIMIZE),))
    declared = Declared(metrics=OFFER.metrics, constraints=OFFER.constraints)
    turned = StudySpec(name="s", objective=worse, declared=declared)
    with pytest.raises(WrongInput, match="does not minimize f1; it is to maximize f1, minimize"):
        check_judged(turned)


def test_what_is_tuned_after_training_is_tuned_for_the_objectives_own_metric() -> None:
    tuning = replace(SPEC, objective=replace(OFFER, space=Space(variables=(RATE, THRESHOLD))))
    assert judged_by(tuning, ["f1"], [SMALL]).objective.metrics == (F1,)
    with pytest.raises(WrongInput, match="leave threshold at its default"):
        judged_by(tuning, ["loss"], [SMALL])
    with pytest.raises(WrongInput, match="leave threshold at its default"):
        judged_by(tuning, ["f1"], [])


def test_only_an_optuna_objective_is_told_which_way_is_better() -> None:
    dynamic = replace(OFFER, metrics=(LOSS,), constraints=(), dynamic=True)
    two = directed(dynamic, [Direction.MINIMIZE, Direction.MAXIMIZE])
    assert [(m.name, m.direction.value) for m in two.metrics] == [
        ("loss_0", "minimize"),
        ("loss_1", "maximize"),
    ]
    with pytest.raises(WrongInput, match="says itself what it optimises"):
        directed(OFFER, [Direction.MINIMIZE])


def test_a_study_is_named_after_its_objective() -> None:
    assert default_study("examples/wakeword/train.py:train") == "wakeword-train"
    assert default_study("package.module:train") == "package-module-train"
