"""The form of a new study: what is written into it, and the study that it makes."""

import msgspec
import pytest
from msgspec.structs import replace

from schema.errors import WrongInput
from schema.pruning import Aggressiveness, PrunerSettings
from schema.study import Constraint, Limits, ObjectiveDescription, StudySettings, StudySpec
from tests.page.acting_runner import OFFER, TWO_METRICS
from webui.studies.creating import Form, Role
from webui.studies.forms import empty_form, form_like, free_name, groups

RATE = "training.learning_rate"


def form(offer: ObjectiveDescription = OFFER) -> Form:
    """As it is before anybody writes into it."""
    return empty_form(offer, ())


def test_an_untouched_form_is_the_study_that_the_objective_declares() -> None:
    spec = form().spec()
    assert spec.objective == OFFER
    assert (spec.name, spec.sampler, spec.settings.limits.trials) == ("project-train", "tpe", 40)
    assert spec.settings.pruner.steps == 12


def test_ranges_are_narrowed_variables_fixed_and_groups_left_out() -> None:
    written = form()
    written.wishes[RATE].domain = "1e-4..1e-2,log"
    written.wishes["training.optimizer"].domain = "sgd"
    written.wishes["training.epochs"].role = Role.FIX
    written.wishes["training.epochs"].value = "6"
    for variable in groups(written)["architecture"]:
        written.wishes[variable.path].role = Role.LEAVE
    space = written.spec().objective.space
    assert [variable.path for variable in space.sampling_order()] == [
        RATE,
        "training.momentum",
        "training.clip",
    ]
    assert (space.variable(RATE).low, space.variable(RATE).high) == (1e-4, 1e-2)
    assert space.variable("training.optimizer").default == "sgd"
    assert written.spec().settings.pruner.steps == 6


def test_a_study_chooses_metrics_and_constraints() -> None:
    written = form(TWO_METRICS)
    written.wishes["inference.threshold"].role = Role.LEAVE
    written.metrics, written.constraints = ["false_positive_rate"], ["f1 >= 0.5"]
    spec = written.spec()
    assert [metric.name for metric in spec.objective.metrics] == ["false_positive_rate"]
    assert spec.objective.constraints == (Constraint(metric="f1", at_most=False, bound=0.5),)
    assert spec.offered.metrics == TWO_METRICS.metrics


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("name", "a name", "study name 'a name': use 1 to 64"),
        ("trials", 0.0, "trials: write a whole number of at least 1, not 0"),
        ("parallelism", 1.5, "trials at once: write a whole number"),
        ("seconds", "soon", "'soon' is no duration"),
        ("parameters", "n_warmup_steps", "write name=value"),
        ("constraints", ["f1 > 3"], "write it as 'metric <= number'"),
        ("metrics", [], "choose at least one metric"),
        ("control_percent", 101.0, "write 0 to 100"),
        ("weight", 0.0, "it should be above 0"),
    ],
)
def test_a_wrong_field_says_what_would_be_right(field: str, value: object, problem: str) -> None:
    written = form()
    setattr(written, field, value)
    with pytest.raises(WrongInput) as refused:
        written.spec()
    assert problem in str(refused.value)
    assert list(written.problems().values()) == [str(refused.value)]


def test_a_wrong_variable_says_so_at_its_own_place() -> None:
    written = form()
    written.wishes[RATE].domain = "1e-9..1e-2"
    written.wishes["training.epochs"].role = Role.FIX
    written.wishes["training.epochs"].value = "many"
    written.wishes["architecture.channels"].domain = " "
    assert list(written.problems()) == ["architecture.channels", RATE, "training.epochs"]
    assert written.problem(RATE) == f"{RATE}: 1e-9 is below 1e-5"


def test_a_clone_is_the_same_study_until_something_is_changed() -> None:
    written = form()
    written.wishes[RATE].domain = "1e-4..1e-2,log"
    written.wishes["training.clip"].role = Role.LEAVE
    written.wishes["architecture.channels"].role = Role.FIX
    written.wishes["architecture.channels"].value = "24"
    spec = replace(
        written.spec(),
        sampler="random",
        seed=7,
        settings=StudySettings(
            pruner=PrunerSettings(
                pruner="percentile",
                aggressiveness=Aggressiveness.AGGRESSIVE,
                parameters={"percentile": 30.0, "n_warmup_steps": 2},
                steps=12,
                control_fraction=0.125,
                prune_on="f1",
            ),
            limits=Limits(trials=9, seconds=5400.0, trial_seconds=60.0, silent_seconds=0.5),
            parallelism=3,
            weight=2.5,
            paused=True,
        ),
    )
    clone = form_like(spec, OFFER, "clone")
    assert not clone.problems()
    assert clone.spec() == replace(spec, name="clone")
    assert msgspec.convert(msgspec.to_builtins(clone.spec()), StudySpec) == clone.spec()


def test_a_name_that_is_taken_gets_a_number() -> None:
    assert free_name("a", ["a", "a-2"]) == "a-3"
    assert len(free_name("x" * 64, ["x" * 64])) == 64
