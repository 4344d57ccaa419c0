"""What stands in a cell, and what a person enters there."""

import pytest

from schema.errors import InvalidValue
from schema.values import Value
from schema.variables import Condition, Variable
from tests.page.acting_runner import SPACE
from webui.grid.cells import about, cell, choices, is_switch, value_of

RATE = SPACE.variable("training.learning_rate")
CHANNELS = SPACE.variable("architecture.channels")
CLIP = SPACE.variable("training.clip")
SEED = Variable(path="seed", kind="int", default=0)
KERNEL = Variable(path="kernel", kind="int", default=3, choices=(3, 5, 7), ordered=True)
PADDED = Variable(path="padded", kind="str", default=" a", choices=(" a", "b"))
NAME = Variable(path="name", kind="str", default="x")


@pytest.mark.parametrize(
    ("variable", "entered", "value"),
    [
        (RATE, "3e-4", 3e-4),
        (RATE, " .001 ", 1e-3),
        (RATE, 0.01, 0.01),
        (CHANNELS, "1.6e1", 16),
        (CHANNELS, 16.0, 16),  # a browser knows one kind of number
        (CLIP, True, True),
        (CLIP, "false", False),
        (KERNEL, 5, 5),
        (KERNEL, "7", 7),
        (SEED, str(2**62), 2**62),
        (PADDED, " a", " a"),
        (NAME, None, ""),
    ],
)
def test_what_is_entered_becomes_a_value_of_its_kind(
    variable: Variable, entered: object, value: Value
) -> None:
    if entered == 16.0:
        entered = 16  # as JSON writes it
    found = value_of(variable, entered)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("variable", "entered", "problem"),
    [
        (RATE, "fast", "'fast' is not a number"),
        (RATE, "", "'' is not a number"),
        (RATE, None, "'' is not a number"),
        (RATE, "1.5", "1.5 is above 0.1"),
        (RATE, "nan", "nan is not a finite number"),
        (CHANNELS, "16.5", "16.5 is not a whole number"),
        (KERNEL, "4", "4 is not one of 3,5,7"),
        (CLIP, "perhaps", "'perhaps' is not true or false"),
    ],
)
def test_what_is_refused_is_refused_in_the_words_of_the_configuration(
    variable: Variable, entered: object, problem: str
) -> None:
    with pytest.raises(InvalidValue) as error:
        value_of(variable, entered)
    assert error.value.problem == problem


@pytest.mark.parametrize("value", [True, False, 0, 2**53, 2**63 - 1, -(2**63) + 1, 0.1, "", "a"])
def test_a_value_survives_the_way_through_a_cell(value: Value) -> None:
    kind = {bool: "bool", int: "int", float: "float", str: "str"}[type(value)]
    variable = Variable(path="x", kind=kind, default=value)  # type: ignore[arg-type]
    there = cell(value)
    assert not (isinstance(there, int) and abs(there) > 2**53), "a browser would round it"
    found = value_of(variable, there)
    assert (type(found), found) == (type(value), value)


def test_switches_and_lists_are_told_from_fields() -> None:
    assert is_switch(CLIP)
    assert not is_switch(KERNEL)
    assert choices(KERNEL) == [3, 5, 7]
    assert choices(RATE) == []


def test_a_header_says_what_there_is_to_know() -> None:
    variable = Variable(
        path="training.momentum",
        kind="float",
        default=0.9,
        low=0.25,
        high=0.99,
        unit="1/step",
        doc="how long a gradient acts",
        live=True,
        when=(Condition(path="training.optimizer", values=("sgd",)),),
    )
    assert about(variable) == (
        "how long a gradient acts; 0.25..0.99 1/step; only while training.optimizer is sgd; "
        "live: it can change while a training runs; not searched"
    )
