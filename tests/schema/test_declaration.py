"""Reading a configuration class: what it declares, and the sentence for what cannot be meant."""

from typing import Annotated, Any, Literal

import pytest

from schema.configuration import Config, Group
from schema.declaration import space_of
from schema.errors import ConfigurationError
from schema.markers import AfterTraining, Doc, Fixed, Live, OneOf, Range, When
from schema.variables import Condition, Variable
from tests.schema.spaces import Detector


def declare(hint: Any, default: object, **others: tuple[Any, object]) -> type[Config]:
    """The class ``class Net(Config): x: hint = default``, with `others` after x."""
    fields = {"x": (hint, default), **others}
    return type(
        "Net",
        (Config,),
        {
            "__annotations__": {name: hint for name, (hint, _) in fields.items()},
            **{name: default for name, (_, default) in fields.items()},
        },
    )


def variable(path: str) -> Variable:
    return space_of(Detector).variable(path)


def test_variables_stand_in_the_declared_order_under_their_full_paths() -> None:
    paths = [v.path for v in space_of(Detector).variables]
    assert paths[:3] == ["architecture.channels", "architecture.kernel", "architecture.size"]
    assert paths[-3:] == ["training.schedule.warmup", "inference.threshold", "seed"]
    assert (variable("training.schedule.kind").group, variable("seed").group) == (
        "training.schedule",
        "",
    )


def test_a_float_range_keeps_its_bounds_scale_and_texts() -> None:
    rate = variable("training.learning_rate")
    assert (rate.kind, rate.low, rate.high, rate.log) == ("float", 1e-5, 1e-1, True)
    assert (rate.live, rate.searched, rate.doc, rate.unit) == (True, True, "step size", "1/step")


def test_a_linear_whole_number_has_a_step_of_one_and_a_logarithmic_one_none() -> None:
    linear = space_of(declare(Annotated[int, Range(1, 4)], 2)).variable("x")
    assert (linear.step, variable("architecture.channels").step) == (1, None)


def test_choices_are_ordered_only_where_one_of_says_so() -> None:
    kernel, optimizer = variable("architecture.kernel"), variable("training.optimizer")
    assert (kernel.choices, kernel.ordered) == ((3, 5, 7), True)
    assert (optimizer.choices, optimizer.ordered) == (("adamw", "sgd"), False)


def test_the_sampler_gets_what_has_a_domain_and_is_neither_fixed_nor_for_after_training() -> None:
    unsearched = {v.path for v in space_of(Detector).variables if not v.searched}
    assert unsearched == {
        "architecture.compiled",
        "architecture.name",
        "training.epochs",
        "inference.threshold",
        "seed",
    }
    assert variable("inference.threshold").after_training


def test_a_literal_of_one_value_is_not_searched() -> None:
    only = space_of(declare(Literal["relu"], "relu")).variable("x")
    assert (only.choices, only.searched) == (("relu",), False)


def test_a_condition_is_looked_up_in_the_own_group_and_then_from_the_top() -> None:
    assert variable("training.momentum").when == (
        Condition(path="training.optimizer", values=("sgd",)),
    )
    assert variable("training.nesterov").when[0].path == "training.momentum"
    assert variable("training.schedule.warmup").when[0].path == "training.schedule.kind"


def test_a_condition_beside_a_group_holds_for_everything_in_it() -> None:
    expected = (Condition(path="training.optimizer", values=("adamw",)),)
    assert variable("training.adam.beta1").when == expected
    assert variable("training.adam.amsgrad").when == expected


def test_the_default_of_a_group_may_be_changed_where_it_is_used() -> None:
    class Encoder(Group):
        width: Annotated[int, Range(8, 64)] = 16

    net = declare(Encoder, Encoder(), wide=(Encoder, Encoder(width=64)))
    assert space_of(net).defaults() == {"x.width": 16, "wide.width": 64}


def test_a_whole_number_as_default_of_a_float_becomes_a_float() -> None:
    default = space_of(declare(float, 1)).defaults()["x"]
    assert isinstance(default, float)


@pytest.mark.parametrize(
    ("hint", "default", "sentence"),
    [
        (Annotated[float, Range(0.0, 0.1)], 5, "the default 5 is above 0.1"),
        (
            Annotated[int, Range(0, 100, step=10)],
            25,
            "the default 25 is not 0 plus a multiple of 10",
        ),
        (Annotated[int, Range(0.5, 3)], 1, "0.5 is not a whole number"),
        (Annotated[str, Range(0, 1)], "a", "Range needs int or float, and this is str"),
        (Annotated[int, OneOf(3, 5)], 4, "the default 4 is not one of 3,5"),
        (Annotated[bool, OneOf(1, 2)], True, "a bool has its values already; take OneOf away"),
        (Annotated[int, OneOf("a", "b")], 1, "'a' is not a whole number"),
        (Annotated[int, Range(1, 3), Range(1, 4)], 1, "Range stands there twice"),
        (Annotated[int, Range(1, 3), OneOf(1, 4)], 1, "Range and OneOf exclude each other"),
        (
            Annotated[bool, Fixed(), AfterTraining()],
            True,
            "Fixed and AfterTraining exclude each other",
        ),
        (Annotated[float, Live], 1.0, "write Live(…) with parentheses"),
        (
            Annotated[float, AfterTraining()],
            1.0,
            "there is nothing to search; give it a Range or OneOf",
        ),
        (Literal["a", "b"], "c", "the default 'c' is not one of a,b"),
        (Literal["a", 1], "a", "a Literal holds either strings or whole numbers"),
        (Literal[True, False], True, "a Literal holds either strings or whole numbers"),
        (
            Annotated[Literal["a", "b"], OneOf("a", "b")],
            "a",
            "a Literal has its values already; take Range or OneOf away",
        ),
        (int, "a", "the default 'a' is not a whole number"),
        (float, float("nan"), "the default nan is not a finite number"),
        (
            int | None,
            None,
            "int | None cannot be searched; use bool, int, float, str, Literal or a class of Group",
        ),
        (
            tuple,
            (),
            "tuple cannot be searched; use bool, int, float, str, Literal or a class of Group",
        ),
    ],
)
def test_a_declaration_that_cannot_be_meant_gets_a_sentence(
    hint: object, default: object, sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        space_of(declare(hint, default))
    assert str(refused.value) == f"Net.x: {sentence}"


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        (When("optimiser", "sgd"), "there is no variable 'optimiser'; did you mean 'optimizer'?"),
        (When("optimizer", "rmsprop"), "optimizer: 'rmsprop' is not one of adamw,sgd"),
        (When("threshold", 0.5), "threshold is only chosen after training"),
    ],
)
def test_a_condition_that_can_never_hold_gets_a_sentence(when: When, sentence: str) -> None:
    net = declare(
        Annotated[float, when],
        0.1,
        optimizer=(Literal["adamw", "sgd"], "adamw"),
        threshold=(Annotated[float, Range(0, 1), AfterTraining()], 0.5),
    )
    with pytest.raises(ConfigurationError) as refused:
        space_of(net)
    assert str(refused.value) == f"Net.x: When: {sentence}"


def test_conditions_in_a_circle_are_refused_with_the_circle() -> None:
    net = declare(
        Annotated[bool, When("y", True)],
        True,
        y=(Annotated[bool, When("z", True)], True),
        z=(Annotated[bool, When("x", True)], True),
    )
    with pytest.raises(ConfigurationError) as refused:
        space_of(net)
    circle = "x depends on y depends on z depends on x"
    assert str(refused.value) == f"Net: conditions go in a circle: {circle}"


def test_a_field_without_a_default_is_refused() -> None:
    class Net(Config):
        width: int

    with pytest.raises(ConfigurationError, match=r"^Net\.width: it needs a default"):
        space_of(Net)


def test_a_group_takes_no_range_and_no_default_of_another_group() -> None:
    class Other(Group):
        width: int = 1

    class Net(Group):
        width: int = 1

    with pytest.raises(ConfigurationError, match=r"^Net\.x: beside a group only When"):
        space_of(declare(Annotated[Net, Range(0, 1)], Net()))
    with pytest.raises(ConfigurationError, match=r"^Net\.x: the default must be a Net$"):
        space_of(declare(Net, Other()))


def test_a_default_that_the_user_refuses_is_an_error_in_the_users_words() -> None:
    class Net(Config):
        low: float = 0.6
        high: float = 0.5

        def __post_init__(self) -> None:
            if self.low > self.high:
                raise ValueError("low must not be above high")

    with pytest.raises(ConfigurationError, match="Net: the default is refused: low must not be"):
        space_of(Net)


def test_a_class_that_cannot_be_resolved_is_named() -> None:
    net = type("Net", (Config,), {"__annotations__": {"x": "Nowhere"}, "x": 1})
    with pytest.raises(ConfigurationError, match="'Nowhere' is not defined; define the types"):
        space_of(net)


def test_something_that_is_no_configuration_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="derive it from Config"):
        space_of(dict)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("low", "high", "log", "step", "sentence"),
    [
        (3, 1, False, None, "the range goes from 3 down to 1; low comes first"),
        (
            3,
            3,
            False,
            None,
            "the range 3..3 holds a single value; give it as a plain value instead",
        ),
        (0, 1, True, None, "a log range must lie above 0, and this one starts at 0"),
        (0, 1, False, 0.3, "steps of 0.3 from 0 do not meet 1; end at 0.9 instead"),
        (0, 1, False, -1, "the step must be above 0, and it is -1"),
        (1, 9, True, 1, "log and step do not go together; leave one of them out"),
        (float("nan"), 1, False, None, "nan is not a finite number"),
        (False, 1, False, None, "False is not a finite number"),
    ],
)
def test_a_range_refuses_at_once_what_cannot_be_meant(
    low: float, high: float, log: bool, step: float | None, sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Range(low, high, log=log, step=step)
    assert str(refused.value) == f"Range: {sentence}"


@pytest.mark.parametrize("values", [(), (3,), (3, 3), (1, "a"), (True, False), (1, 1.0)])
def test_one_of_refuses_at_once_what_cannot_be_meant(values: tuple[Any, ...]) -> None:
    with pytest.raises(ConfigurationError, match="write"):
        OneOf(*values)


def test_a_condition_needs_values() -> None:
    with pytest.raises(ConfigurationError, match="write the value"):
        When("training.optimizer")


def test_a_doc_without_a_unit_has_none() -> None:
    documented = space_of(declare(Annotated[int, Doc("how many")], 1)).variable("x")
    assert (documented.doc, documented.unit) == ("how many", None)
