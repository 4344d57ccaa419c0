"""Profiles as structs: their names, edits to them, and how two configurations differ."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import ConfigurationError, InvalidValue, UnknownName, WrongInput
from schema.profile import Edit, Profile, checked_profile_name, differences, edited, with_edits
from schema.values import Value
from tests.profiles.making import SPACE, profile, profiles, sampled
from tests.schema.spaces import GENERATED, allowed, spaces


@pytest.mark.parametrize("name", ["quiet", "quiet-2", "v1.2", "CONSOLE", "defaults", "7", "a" * 64])
def test_a_name_that_any_system_can_have_is_taken(name: str) -> None:
    assert checked_profile_name(name) == name


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "use 1 to 64 letters"),
        ("a" * 65, "use 1 to 64 letters"),
        ("../quiet", "use 1 to 64 letters"),
        ("/etc/quiet", "use 1 to 64 letters"),
        ("c:\\quiet", "use 1 to 64 letters"),
        (".", "use 1 to 64 letters"),
        ("..", "use 1 to 64 letters"),
        ("quiet\n", "use 1 to 64 letters"),
        ("study:12", "use 1 to 64 letters"),
        ("default", "it means the default configuration"),
        ("Default", "it means the default configuration"),
        ("nul", "it is a device on Windows"),
        ("COM1.v2", "it is a device on Windows"),
        ("quiet.", "end it with something else than a dot"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_a_sentence(name: str, sentence: str) -> None:
    with pytest.raises(WrongInput, match=sentence) as refused:
        checked_profile_name(name)
    assert str(refused.value).startswith(f"profile name {name!r}: ")


def test_an_edit_is_in_the_values_and_in_the_provenance() -> None:
    before = profile()
    after = with_edits(before, {"training.learning_rate": 0.01}, SPACE)
    assert after.values == {**before.values, "training.learning_rate": 0.01}
    edit = Edit(path="training.learning_rate", old=1e-3, new=0.01)
    assert after.provenance.edits == (edit,)
    assert (after.name, after.version) == (before.name, before.version)


def test_what_was_edited_twice_is_noted_once_and_what_was_taken_back_not_at_all() -> None:
    once = with_edits(profile(), {"training.epochs": 20, "seed": 3}, SPACE)
    twice = with_edits(once, {"training.epochs": 30, "seed": 0}, SPACE)
    assert twice.provenance.edits == (Edit(path="training.epochs", old=10, new=30),)


def test_an_edit_without_effect_is_refused_unless_its_condition_is_edited_with_it() -> None:
    momentum: dict[str, Value] = {"training.momentum": 0.5}
    with pytest.raises(InvalidValue) as refused:
        with_edits(profile(), momentum, SPACE)
    assert str(refused.value) == (
        "training.momentum: it has no effect unless training.optimizer is sgd"
    )
    both = with_edits(profile(), momentum | {"training.optimizer": "sgd"}, SPACE)
    assert both.values["training.momentum"] == 0.5


def test_the_condition_that_is_named_is_the_one_that_fails() -> None:
    with pytest.raises(InvalidValue, match=r"no effect unless training\.optimizer is sgd$"):
        edited(SPACE.defaults(), {"training.nesterov": True}, SPACE)  # needs the momentum it has


def test_what_an_edit_switches_off_is_an_edit_as_well() -> None:
    sgd = with_edits(profile(), {"training.optimizer": "sgd", "training.momentum": 0.5}, SPACE)
    adamw = edited(sgd.values, {"training.optimizer": "adamw"}, SPACE)
    assert adamw == SPACE.defaults()
    before = profile(values=sgd.values)
    assert with_edits(before, {"training.optimizer": "adamw"}, SPACE).provenance.edits == (
        Edit(path="training.optimizer", old="sgd", new="adamw"),
        Edit(path="training.momentum", old=0.5, new=0.9),
    )


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("training.learning_rate", 5, "training.learning_rate: 5 is above 0.1"),
        ("training.learning_rate", float("nan"), "nan is not a finite number"),
        ("architecture.compiled", 1, "architecture.compiled: 1 is not true or false"),
    ],
)
def test_an_edit_is_refused_by_the_sentence_of_the_space(
    path: str, value: Value, sentence: str
) -> None:
    with pytest.raises(InvalidValue, match=sentence):
        with_edits(profile(), {path: value}, SPACE)


def test_an_edit_of_an_unknown_variable_gets_the_nearest_name() -> None:
    with pytest.raises(UnknownName, match=r"did you mean 'training\.learning_rate'\?"):
        with_edits(profile(), {"training.lerning_rate": 0.1}, SPACE)


def test_a_profile_that_is_not_complete_is_not_filled_in_by_an_edit() -> None:
    with pytest.raises(ConfigurationError, match=r"^architecture\.channels is missing$"):
        with_edits(profile(values={"seed": 1}), {"seed": 2}, SPACE)


def test_differences_stand_in_the_declared_order_and_tell_what_has_an_effect() -> None:
    left = SPACE.defaults() | {"seed": 1, "gone.by": True, "training.momentum": 0.5}
    right = SPACE.defaults() | {"architecture.kernel": 5}
    found = [(d.path, d.left, d.right, d.active) for d in differences(left, right, SPACE)]
    assert found == [
        ("architecture.kernel", 3, 5, True),
        ("training.momentum", 0.5, 0.9, False),
        ("seed", 1, 0, True),
        ("gone.by", True, None, False),
    ]


def test_a_variable_that_is_active_on_one_side_counts_as_active() -> None:
    sgd = edited(SPACE.defaults(), {"training.optimizer": "sgd", "training.momentum": 0.5}, SPACE)
    for left, right in ((sgd, SPACE.defaults()), (SPACE.defaults(), sgd)):
        found = {d.path: d.active for d in differences(left, right, SPACE)}
        assert found == {"training.optimizer": True, "training.momentum": True}


@GENERATED
@given(st.data())
def test_the_edits_of_a_profile_are_how_it_differs_from_its_source(data: st.DataObject) -> None:
    space = data.draw(spaces())
    source = profile(space, data.draw(sampled(space)))
    current = source
    for _ in range(data.draw(st.integers(1, 3))):
        variable = data.draw(st.sampled_from(space.variables))
        try:
            current = with_edits(current, {variable.path: data.draw(allowed(variable))}, space)
        except InvalidValue as refused:
            assert "it has no effect unless" in refused.problem
            assert not space.is_active(variable, current.values)
    noted = {edit.path: (edit.old, edit.new) for edit in current.provenance.edits}
    differing = {
        d.path: (d.left, d.right) for d in differences(source.values, current.values, space)
    }
    assert noted == differing
    assert current.values == space.complete(current.values)


@GENERATED
@given(st.data())
def test_differences_are_none_with_itself_and_lead_from_one_side_to_the_other(
    data: st.DataObject,
) -> None:
    space = data.draw(spaces())
    left, right = data.draw(profiles(space)).values, data.draw(sampled(space))
    assert differences(left, left, space) == []
    found = differences(left, right, space)
    assert left | {d.path: d.right for d in found if d.right is not None} == right
    for d in found:
        variable = space.variable(d.path)
        assert d.active  # in a complete configuration what is inactive is at its default
        assert variable.check(d.left) == d.left and variable.check(d.right) == d.right


@GENERATED
@given(st.data())
def test_a_profile_survives_the_wire(data: st.DataObject) -> None:
    sent = data.draw(profiles(data.draw(spaces())))
    received = msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=Profile)
    assert repr(received) == repr(sent)  # not ==: a metric may be NaN
