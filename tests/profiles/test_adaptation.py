"""Profiles of older configuration classes: all is taken over, or told of."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.adaptation import Adapted, Refused, adapt, as_defaults, fit
from schema.errors import InvalidValue, UnknownName, WrongInput
from schema.space import Space
from schema.values import Value
from schema.variables import Condition, Variable
from tests.profiles.making import PLAIN, SPACE, profile, profiles
from tests.schema.spaces import GENERATED, PATHS, spaces

RATE = Variable(path="rate", kind="float", default=0.1, low=0.01, high=1.0)
EPOCHS = Variable(path="epochs", kind="int", default=6)
THEN = Space(variables=(RATE, EPOCHS))


def adapted(values: dict[str, Value], *variables: Variable) -> Adapted:
    """`values`, complete then, in the space of these variables now."""
    return adapt(profile(THEN, values), Space(variables=variables))


def test_a_profile_of_the_same_class_is_taken_as_it_is() -> None:
    found = adapt(profile(), SPACE)
    assert found == Adapted(values=SPACE.defaults())
    assert found.exact


def test_a_variable_that_was_added_is_at_its_default_and_told() -> None:
    added = Variable(path="patience", kind="int", default=3)
    found = adapted({"rate": 0.5, "epochs": 9}, RATE, EPOCHS, added)
    assert found == Adapted(values={"rate": 0.5, "epochs": 9, "patience": 3}, filled=("patience",))
    assert [*found.sentences()] == ["patience: not in the profile; the default 3 is taken"]


def test_a_variable_that_was_removed_is_dropped_and_told() -> None:
    found = adapted({"rate": 0.5, "epochs": 9}, RATE)
    assert found == Adapted(values={"rate": 0.5}, dropped={"epochs": 9})
    assert [*found.sentences()] == ["epochs: there is no such variable any more; 9 is left out"]


def test_a_variable_that_was_renamed_keeps_its_value_through_its_alias() -> None:
    renamed = msgspec.structs.replace(RATE, path="training.rate", aliases=("lr", "rate"))
    found = adapted({"rate": 0.5, "epochs": 9}, renamed, EPOCHS)
    assert found == Adapted(
        values={"training.rate": 0.5, "epochs": 9}, renamed={"training.rate": "rate"}
    )
    assert [*found.sentences()] == ["training.rate: taken over from rate, as it was called"]


def test_a_path_that_exists_is_nobodys_alias() -> None:
    other = msgspec.structs.replace(RATE, path="other", aliases=("rate",))
    found = adapted({"rate": 0.5}, RATE, other)
    assert found == Adapted(values={"rate": 0.5, "other": 0.1}, filled=("other",))


def test_a_value_out_of_range_is_told_with_the_nearest_and_not_clamped() -> None:
    narrow = msgspec.structs.replace(RATE, high=0.2)
    found = adapted({"rate": 0.5, "epochs": 9}, narrow, EPOCHS)
    refused = Refused(path="rate", value=0.5, problem="0.5 is above 0.2", nearest=0.2)
    assert found == Adapted(values={"rate": 0.1, "epochs": 9}, out_of_range=(refused,))
    assert [*found.sentences()] == ["rate: 0.5 is above 0.2; the default 0.1 is taken"]


def test_a_value_of_another_type_is_told_apart_from_one_out_of_range() -> None:
    worded = Variable(path="epochs", kind="str", default="few", choices=("few", "many"))
    found = adapted({"rate": 0.5, "epochs": 9}, RATE, worded)
    refused = Refused(path="epochs", value=9, problem="9 is not text", nearest="few")
    assert found == Adapted(values={"rate": 0.5, "epochs": "few"}, changed_type=(refused,))


def test_a_whole_number_is_a_number_where_one_is_wanted_now() -> None:
    decimal = Variable(path="epochs", kind="float", default=6.0)
    found = adapted({"rate": 0.5, "epochs": 9}, RATE, decimal)
    assert found.exact and repr(found.values["epochs"]) == "9.0"


def test_a_value_that_a_new_condition_switches_off_is_told() -> None:
    only = msgspec.structs.replace(EPOCHS, when=(Condition(path="rate", values=(1.0,)),))
    found = adapted({"rate": 0.5, "epochs": 9}, RATE, only)
    assert found == Adapted(values={"rate": 0.5, "epochs": 6}, inactive={"epochs": 9})
    assert [*found.sentences()] == ["epochs: 9 has no effect here; the default 6 is taken"]


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("training.lerning_rate", 0.1, "variable .*; did you mean 'training.learning_rate'"),
        ("trainig.epochs", 3, "there is no group 'trainig'; did you mean 'training'"),
        ("sed", 3, "variable 'sed'; did you mean 'seed'"),
    ],
)
@pytest.mark.parametrize("fingerprint", ["", SPACE.fingerprint()])
def test_a_wrong_name_in_a_profile_of_today_is_a_mistake_and_gets_the_nearest(
    fingerprint: str, path: str, value: Value, sentence: str
) -> None:
    mistaken = profile(values=SPACE.defaults() | {path: value})
    with pytest.raises(UnknownName, match=sentence):
        fit(msgspec.structs.replace(mistaken, fingerprint=fingerprint), SPACE)


@pytest.mark.parametrize(
    ("value", "sentence"), [(5, "5 is above 0.1"), ("3e-4", "'3e-4' is not a number")]
)
def test_a_wrong_value_in_a_profile_of_today_gets_the_sentence_of_the_space(
    value: Value, sentence: str
) -> None:
    path = "training.learning_rate"
    with pytest.raises(InvalidValue) as refused:
        fit(profile(values=SPACE.defaults() | {path: value}), SPACE)
    assert str(refused.value) == f"{path}: {sentence}"


def test_a_wrong_name_in_a_profile_of_an_older_class_is_not_a_mistake() -> None:
    older = profile(THEN, {"rate": 0.5, "epochs": 9, "seed": 4})
    assert fit(older, SPACE) == adapt(older, SPACE)


def test_a_profile_that_has_nothing_in_common_is_refused_as_one_of_another_objective() -> None:
    with pytest.raises(WrongInput, match=r"one of wake\.train:train: none of its variables exists"):
        fit(profile(THEN, {"rate": 0.5, "epochs": 9}), SPACE)


def test_a_space_with_other_defaults_searches_what_it_did() -> None:
    values = SPACE.complete({"training.learning_rate": 0.01, "architecture.kernel": 5})
    moved = as_defaults(values, SPACE)
    assert moved.defaults() == values
    assert [v.path for v in moved.sampling_order()] == [v.path for v in SPACE.sampling_order()]
    assert moved.variable("training.learning_rate").high == 0.1


def test_what_is_left_out_of_a_profile_of_today_is_filled_in_and_told() -> None:
    found = fit(profile(values={"seed": 4}), SPACE)
    assert found.values == SPACE.defaults() | {"seed": 4}
    assert "training.epochs" in found.filled and "seed" not in found.filled


@GENERATED
@given(st.data())
def test_a_profile_of_its_own_space_fits_exactly(data: st.DataObject) -> None:
    space = data.draw(spaces())
    own = data.draw(profiles(space))
    assert fit(own, space) == Adapted(values=own.values)


@GENERATED
@given(st.data())
def test_whatever_the_class_was_the_outcome_is_allowed_and_every_value_is_accounted_for(
    data: st.DataObject,
) -> None:
    now = data.draw(spaces())
    names = st.sampled_from(PATHS) | st.text("xyz", min_size=1, max_size=2)
    aliased = [
        msgspec.structs.replace(v, aliases=tuple(data.draw(st.lists(names, max_size=2))))
        for v in now.variables
    ]
    now = Space(variables=tuple(aliased))
    values = data.draw(st.dictionaries(names, PLAIN, max_size=6))
    found = adapt(profile(now, values), now)
    assert found.values == now.complete(found.values)
    assert list(found.values) == [v.path for v in now.variables]
    refused = {r.path: r for r in (*found.changed_type, *found.out_of_range)}
    for variable in now.variables:
        told = [variable.path in one for one in (found.filled, refused, found.inactive)]
        assert sum(told) <= 1
        origin = found.renamed.get(variable.path, variable.path)
        if variable.path in found.filled:
            assert found.values[variable.path] == variable.default
        elif variable.path in refused:
            one = refused[variable.path]
            assert one.value == values[origin] and variable.check(one.nearest) == one.nearest
            assert found.values[variable.path] == variable.default
        elif variable.path in found.inactive:
            assert not now.is_active(variable, found.values)
        else:
            assert found.values[variable.path] == variable.check(values[origin])
    origins = {found.renamed.get(v.path, v.path) for v in now.variables}
    assert found.dropped == {path: v for path, v in values.items() if path not in origins}
    assert found.exact == (
        not (found.renamed or found.dropped or found.filled or refused) and not found.inactive
    )
