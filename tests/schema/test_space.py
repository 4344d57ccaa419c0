"""The space: complete and checked configurations, conditions, and its life as plain data."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.declaration import space_of
from schema.errors import ConfigurationError, InvalidValue, UnknownName
from schema.space import Space
from schema.values import Value, kind_of
from schema.variables import Condition, Variable
from tests.schema.spaces import GENERATED, Detector, allowed, samples, spaces, variables

SPACE = space_of(Detector)


def test_a_configuration_of_nothing_sampled_is_the_default_one() -> None:
    assert SPACE.complete({}) == SPACE.defaults()


def test_a_variable_whose_condition_fails_is_at_its_default() -> None:
    values = SPACE.complete({"training.optimizer": "adamw", "training.momentum": 0.5})
    assert values["training.momentum"] == 0.9


def test_a_variable_whose_condition_holds_has_the_sampled_value() -> None:
    values = SPACE.complete({"training.optimizer": "sgd", "training.momentum": 0.5})
    assert values["training.momentum"] == 0.5


def test_a_variable_is_inactive_when_the_one_it_depends_on_is() -> None:
    nesterov = SPACE.variable("training.nesterov")
    assert not SPACE.is_active(nesterov, {"training.optimizer": "adamw"})
    assert SPACE.is_active(nesterov, {"training.optimizer": "sgd"})
    assert not SPACE.is_active(nesterov, {"training.optimizer": "sgd", "training.momentum": 0.5})


def test_the_sampler_meets_a_variable_after_those_it_depends_on() -> None:
    late = Variable(path="late", kind="bool", default=True, searched=True)
    early = Variable(
        path="early",
        kind="bool",
        default=True,
        searched=True,
        when=(Condition(path="late", values=(True,)),),
    )
    order = Space(variables=(early, late)).sampling_order()
    assert [v.path for v in order] == ["late", "early"]


def test_only_searched_and_active_values_are_the_samplers() -> None:
    searched = SPACE.searched_active(SPACE.defaults())
    assert "training.adam.beta1" in searched and "training.schedule.kind" in searched
    assert not {"training.momentum", "training.epochs", "inference.threshold"} & searched.keys()


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("training.learning_rate", 5, "5 is above 0.1"),
        ("training.learning_rate", 1e-6, "1e-6 is below 1e-5"),
        ("training.learning_rate", "3e-4", "'3e-4' is not a number"),
        ("architecture.dropout", 0.25, "0.25 is not 0 plus a multiple of 0.1"),
        ("architecture.kernel", 4, "4 is not one of 3,5,7"),
        ("architecture.compiled", 1, "1 is not true or false"),
        ("training.schedule.warmup", 15, "15 is not 0 plus a multiple of 10"),
    ],
)
def test_a_value_that_is_not_allowed_gets_a_sentence(
    path: str, value: object, sentence: str
) -> None:
    with pytest.raises(InvalidValue) as refused:
        SPACE.check(path, value)
    assert str(refused.value) == f"{path}: {sentence}"


def test_an_unknown_variable_gets_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match=r"did you mean 'training\.learning_rate'\?"):
        SPACE.complete({"training.lerning_rate": 0.1})


def test_a_stepped_float_may_miss_its_grid_and_its_bounds_by_rounding() -> None:
    assert SPACE.check("architecture.dropout", 0.1 + 0.2) == pytest.approx(0.3)
    top = Variable(path="x", kind="float", default=0.0, low=0.0, high=0.3, step=0.1)
    assert top.check(0.1 + 0.2) == 0.3


def test_text_of_the_command_line_is_read_and_checked() -> None:
    assert SPACE.parse("training.learning_rate", "3e-4") == 3e-4
    assert SPACE.parse("architecture.compiled", "true") is True
    with pytest.raises(InvalidValue, match="'rmsprop' is not one of adamw,sgd"):
        SPACE.parse("training.optimizer", "rmsprop")


def test_two_variables_of_one_name_are_refused() -> None:
    twice = Variable(path="x", kind="int", default=1)
    with pytest.raises(ConfigurationError, match="x: there are two variables of this name"):
        Space(variables=(twice, twice))


def test_an_incoherent_space_is_refused_when_it_is_decoded() -> None:
    data = {"variables": [{"path": "x", "kind": "int", "default": 9, "low": 1, "high": 3}]}
    with pytest.raises(InvalidValue, match="x: the default 9 is above 3"):
        msgspec.convert(data, Space)


def test_the_fingerprint_ignores_texts_and_order_and_sees_everything_else() -> None:
    first = Variable(path="x", kind="int", default=1, low=1, high=3, searched=True)
    second = Variable(path="y", kind="bool", default=True)
    space = Space(variables=(first, second))
    documented = msgspec.structs.replace(first, doc="how many", unit="layers")
    wider = msgspec.structs.replace(first, high=4)
    assert Space(variables=(second, documented)).fingerprint() == space.fingerprint()
    assert Space(variables=(wider, second)).fingerprint() != space.fingerprint()


def test_the_fingerprint_of_a_declaration_never_changes() -> None:
    """A study that was stored by an earlier version must be recognised."""
    variable = Variable(path="x", kind="float", default=1, low=0.5, high=2, log=True, searched=True)
    assert Space(variables=(variable,)).fingerprint() == "09893e4ed0772b6f"


@GENERATED
@given(st.data())
def test_what_was_sampled_makes_a_complete_configuration_of_allowed_values(
    data: st.DataObject,
) -> None:
    space = data.draw(spaces())
    sampled = data.draw(samples(space))
    values = space.complete(sampled)
    assert list(values) == [variable.path for variable in space.variables]
    for variable in space.variables:
        value = values[variable.path]
        assert kind_of(value) == variable.kind and variable.check(value) == value
    assert space.searched_active(values) == {p: space.check(p, v) for p, v in sampled.items()}
    assert space.complete(values) == values


@GENERATED
@given(st.data())
def test_an_inactive_variable_is_at_its_default_whatever_was_given(data: st.DataObject) -> None:
    space = data.draw(spaces())
    given_values: dict[str, Value] = {v.path: data.draw(allowed(v)) for v in space.variables}
    values = space.complete(given_values)
    for variable in space.variables:
        expected = variable.default
        if space.is_active(variable, values):
            expected = variable.check(given_values[variable.path])
        assert values[variable.path] == expected


@GENERATED
@given(spaces())
def test_a_space_survives_the_wire(space: Space) -> None:
    received = msgspec.msgpack.decode(msgspec.msgpack.encode(space), type=Space)
    assert received == space
    assert received.fingerprint() == space.fingerprint()
    assert msgspec.json.decode(msgspec.json.encode(space), type=Space) == space


@GENERATED
@given(st.data())
def test_the_nearest_value_is_allowed_and_is_the_value_itself_if_that_is(
    data: st.DataObject,
) -> None:
    variable = data.draw(variables("x"))
    anything = data.draw(st.one_of(st.integers(-(10**7), 10**7), st.floats(-1e7, 1e7), st.text()))
    nearest = variable.nearest(anything)
    assert variable.check(nearest) == nearest
    value = data.draw(allowed(variable))
    assert variable.nearest(value) == variable.check(value)
