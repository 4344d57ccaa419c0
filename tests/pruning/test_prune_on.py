"""What a study is pruned on follows from its objective, and what makes no sense is refused."""

import pytest
from msgspec.structs import replace

from orchestrator.pruning.build import build_study_pruner, explain
from orchestrator.pruning.on_constraints import OnConstraints
from orchestrator.pruning.on_pareto_rank import OnParetoRank
from orchestrator.pruning.prune_on import check_alone, settled
from orchestrator.pruning.study_pruner import Ending, OnMetric
from schema.errors import UnknownName, WrongInput
from schema.pruning import Aggressiveness, PrunerSettings
from schema.study import Direction, Metric, ObjectiveDescription
from tests.orchestrator.one_study import study_spec

F1 = Metric(name="f1", direction=Direction.MAXIMIZE)
LOSS = Metric(name="loss", direction=Direction.MINIMIZE)
AT_ONCE: dict[str, int | float | bool | str] = {
    "n_startup_trials": 1,
    "n_min_trials": 1,
    "n_warmup_steps": 0,
}


def objective(*metrics: Metric, constraints: tuple[str, ...] = ()) -> ObjectiveDescription:
    """An objective with these metrics and constraints."""
    return study_spec(*metrics, constraints=constraints).objective


def on(prune_on: str | None, pruner: str = "median", **parameters: int) -> PrunerSettings:
    """Settings that prune on something."""
    return PrunerSettings(prune_on=prune_on, pruner=pruner, steps=12, parameters=dict(parameters))


def test_a_study_of_one_metric_is_pruned_on_it() -> None:
    assert settled(on(None), objective(F1)).prune_on == "f1"


def test_a_study_of_several_metrics_is_pruned_on_their_pareto_rank() -> None:
    assert settled(on(None), objective(F1, LOSS)).prune_on == "pareto"
    assert isinstance(build_study_pruner(on(None), objective(F1, LOSS), "s"), OnParetoRank)


def test_constraints_are_pruned_on_when_somebody_says_so() -> None:
    described = objective(F1, constraints=("rate <= 0.1",))
    assert settled(on(None), described).prune_on == "f1"
    assert isinstance(build_study_pruner(on("constraints"), described, "s"), OnConstraints)


@pytest.mark.parametrize(("metric", "worse"), [("f1", 0.1), ("loss", 0.9), ("rate", 0.9)])
def test_a_named_metric_is_judged_in_its_own_direction(metric: str, worse: float) -> None:
    described = objective(F1, LOSS, constraints=("rate <= 0.1",))
    settings = replace(on(metric), parameters=AT_ONCE)
    pruner = build_study_pruner(settings, described, "s")
    assert isinstance(pruner, OnMetric)
    assert pruner.metrics == (metric,)
    pruner.report(0, 0, {"f1": 0.5, "loss": 0.5, "rate": 0.5})
    pruner.complete(0, Ending({"f1": 0.5}, feasible=True))
    assert pruner.report(1, 0, {metric: worse}) is not None
    assert pruner.report(2, 0, {metric: 1 - worse}) is None


@pytest.mark.parametrize(
    ("settings", "described", "sentence"),
    [
        (on("f2"), objective(F1, LOSS), "prune_on 'f2': it should be f1 or loss or pareto"),
        (
            on("f2"),
            objective(F1, constraints=("rate <= 1",)),
            "it should be f1 or rate or constraints",
        ),
        (on("pareto"), objective(F1), "the objective has one metric only, so it should be f1"),
        (on("constraints"), objective(F1), "declares no constraint, so it should be f1"),
        (on(None, "hyperband"), objective(F1, LOSS), "the objective has f1 and loss: say which"),
        (on("pareto", "hyperband"), objective(F1, LOSS), "leave the hyperband pruner out"),
        (on("pareto", dominated_by=0), objective(F1, LOSS), "0 should be a whole number of at le"),
        (on("pareto", dominate_by=3), objective(F1, LOSS), "did you mean 'dominated_by'?"),
        (on("f1", dominated_by=3), objective(F1, LOSS), "of the median pruner 'dominated_by'"),
    ],
)
def test_what_cannot_be_pruned_on_is_refused_with_what_can(
    settings: PrunerSettings, described: ObjectiveDescription, sentence: str
) -> None:
    with pytest.raises(WrongInput) as refused:
        build_study_pruner(settings, described, "s")
    assert sentence in str(refused.value)


def test_a_word_sets_the_numbers_of_the_rules_too() -> None:
    harder = [level for level in Aggressiveness if level is not Aggressiveness.OFF]
    for rule, name in (("pareto", "dominated_by"), ("constraints", "n_min_trials")):
        numbers = [explain(replace(on(rule), aggressiveness=level))[name] for level in harder]
        assert numbers == sorted(set(map(int, numbers)), reverse=True)


@pytest.mark.parametrize("prune_on", ["pareto", "constraints"])
def test_switched_off_nothing_is_pruned_on_anything(prune_on: str) -> None:
    described = objective(F1, LOSS, constraints=("rate <= 0.1",))
    for off in (
        replace(on(prune_on), aggressiveness=Aggressiveness.OFF),
        on(prune_on, pruner="nop"),
    ):
        pruner = build_study_pruner(off, described, "s")
        for trial in range(30):
            report = {"f1": -trial, "loss": trial, "rate": trial}
            assert pruner.report(trial, 6, report) is None
            pruner.complete(trial, Ending({}, feasible=True))


def test_before_the_objective_is_known_what_is_certainly_wrong_is_refused() -> None:
    check_alone(on(None, dominated_by=3))  # it may have several metrics
    check_alone(on(None, n_min_trials=3))
    for wrong in (on(None, "medain"), on(None, n_startup=3), on("f1", dominated_by=3)):
        with pytest.raises(UnknownName):
            check_alone(wrong)
