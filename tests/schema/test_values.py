"""Values: what is typed as what, what is refused, how configurations are nested and compared."""

import re
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import ConfigurationError, InvalidValue
from schema.values import (
    Kind,
    Value,
    difference,
    kind_of,
    nest,
    parse,
    shown,
    typed,
    unnest,
    written,
)
from tests.schema.spaces import GENERATED, Detector

FLAT: dict[str, Value] = {"seed": 1, "training.epochs": 6, "training.schedule.kind": "cosine"}
VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(codec="utf-8", exclude_categories=("Zs", "Cc", "Zl", "Zp"))),
)


class Colour(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("float", 1, 1.0),
        ("float", 0.1, 0.1),
        ("int", -3, -3),
        ("bool", True, True),
        ("str", Colour.RED, "red"),
    ],
)
def test_a_value_is_given_back_as_exactly_its_kind(
    kind: Kind, value: Value, expected: Value
) -> None:
    result = typed(kind, value, "x")
    assert result == expected
    assert kind_of(result) == kind


@pytest.mark.parametrize(
    ("kind", "value", "problem"),
    [
        ("int", True, "True is not a whole number"),
        ("int", 3.0, "3.0 is not a whole number"),
        ("float", "3e-4", "'3e-4' is not a number"),
        ("float", False, "False is not a number"),
        ("float", float("nan"), "nan is not a finite number"),
        ("float", float("-inf"), "-inf is not a finite number"),
        ("float", 10**400, "a whole number must fit in 64 bits"),
        ("int", 2**63, "a whole number must fit in 64 bits"),
        ("bool", 1, "1 is not true or false"),
        ("str", 1, "1 is not text"),
        ("str", "\ud800", r"'\ud800' is not valid Unicode text"),
        ("int", None, "None is not a whole number"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: Kind, value: object, problem: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        typed(kind, value, "training.epochs")
    assert str(refused.value) == f"training.epochs: {problem}"


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("float", "3e-4", 3e-4),
        ("float", "2", 2.0),
        ("int", "1e3", 1000),
        ("int", " 7 ", 7),
        ("bool", "True", True),
        ("bool", "off", False),
        ("str", "adamw", "adamw"),
    ],
)
def test_text_is_read_as_the_kind_says(kind: Kind, text: str, expected: Value) -> None:
    assert parse(kind, text, "x") == expected


@pytest.mark.parametrize(
    ("kind", "text"),
    [("float", "fast"), ("float", "1e999"), ("int", "1.5"), ("bool", "maybe"), ("int", "")],
)
def test_text_that_does_not_read_as_the_kind_is_refused(kind: Kind, text: str) -> None:
    with pytest.raises(InvalidValue, match=r"^x: .* is not "):
        parse(kind, text, "x")


@GENERATED
@given(VALUES)
def test_what_is_written_reads_as_the_same_value(value: Value) -> None:
    kind = kind_of(value)
    assert kind is not None
    assert parse(kind, written(value), "x") == value


def test_flat_values_nest_by_group_and_back() -> None:
    nested = {"seed": 1, "training": {"epochs": 6, "schedule": {"kind": "cosine"}}}
    assert nest(FLAT) == nested
    assert dict(unnest(nested)) == FLAT


@pytest.mark.parametrize("paths", [("a", "a.b"), ("a.b", "a"), ("a.b", "a.b.c"), ("a.b.c", "a.b")])
def test_a_path_cannot_be_both_a_variable_and_a_group(paths: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="both a variable and a group"):
        nest(dict.fromkeys(paths, 1))


def test_a_difference_lists_what_changed_with_old_and_new() -> None:
    new: dict[str, Value] = {**FLAT, "training.epochs": 8, "training.momentum": 0.5}
    del new["seed"]
    changes = [(change.path, change.old, change.new) for change in difference(FLAT, new)]
    assert changes == [
        ("seed", 1, None),
        ("training.epochs", 6, 8),
        ("training.momentum", None, 0.5),
    ]


def test_equal_values_of_different_types_are_a_difference() -> None:
    assert difference({"a": True}, {"a": 1}) and not difference({"a": 1}, {"a": 1})


def test_the_error_of_a_long_value_stays_one_readable_line() -> None:
    with pytest.raises(InvalidValue) as refused:
        typed("int", "x" * 10_000, Detector.__name__)
    assert len(str(refused.value)) < 120


@GENERATED
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_written_as_people_do_and_read_back_exactly(number: float) -> None:
    text = written(number)
    assert repr(parse("float", text, "x")) == repr(number)
    assert not text.endswith(".0") or text == "-0.0"
    assert not re.search(r"e[+0]|e-0", text)


def test_numbers_in_sentences_have_no_digits_that_say_nothing() -> None:
    assert [shown(x) for x in (5.0, 1e-05, 1e16, 0.1, 5, "5.0")] == [
        "5",
        "1e-5",
        "1e16",
        "0.1",
        "5",
        "'5.0'",
    ]
