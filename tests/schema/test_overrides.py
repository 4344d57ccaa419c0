"""Overrides: read from the command line and from a study file, joined, and put in force."""

import tomllib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.declaration import space_of
from schema.errors import ConfigurationError, UnknownName
from schema.narrowing import narrow
from schema.overrides import (
    Interval,
    Overrides,
    Search,
    merge,
    overrides_from_tables,
    parse_search,
    parse_set,
)
from schema.space import Space
from schema.values import Value
from schema.variables import Variable, is_number
from tests.schema.spaces import GENERATED, Detector, allowed, spaces, variables

SPACE = space_of(Detector)
RATE = "training.learning_rate"
STUDY_FILE = """
trials = 40
leave_out = ["architecture"]
[set.training]
epochs = 6
schedule.kind = "cosine"
[search.training]
learning_rate = { low = 1e-4, high = 1e-2 }
optimizer = ["adamw"]
"""


def searched(*texts: str) -> dict[str, Variable]:
    """The variables after ``--search`` with each of `texts`."""
    overrides = Overrides(search=dict(parse_search(text, SPACE) for text in texts))
    return {variable.path: variable for variable in narrow(SPACE, overrides).variables}


def test_a_variable_that_is_set_has_that_default_and_is_searched_no_more() -> None:
    path, value = parse_set("training.learning_rate=3e-4", SPACE)
    rate = narrow(SPACE, Overrides(set={path: value})).variable(RATE)
    assert (rate.default, rate.searched, rate.high) == (3e-4, False, 1e-1)


def test_a_variable_that_is_set_is_not_tuned_after_training_either() -> None:
    threshold = narrow(SPACE, Overrides(set={"inference.threshold": 0.7})).variable(
        "inference.threshold"
    )
    assert (threshold.default, threshold.after_training) == (0.7, False)


def test_a_narrower_range_keeps_the_scale_and_moves_the_default_inside() -> None:
    rate = searched("training.learning_rate=1e-2..5e-2")[RATE]
    assert (rate.low, rate.high, rate.log, rate.default) == (1e-2, 5e-2, True, 1e-2)


def test_a_range_may_say_its_scale_and_step() -> None:
    assert not searched("training.learning_rate=1e-2..5e-2,linear")[RATE].log
    assert searched("training.momentum=0.5..0.9,log")["training.momentum"].log
    warmup = searched("training.schedule.warmup=0..80,step=40")["training.schedule.warmup"]
    assert (warmup.high, warmup.step, warmup.default) == (80, 40, 0)


def test_a_whole_number_may_be_searched_on_a_logarithmic_scale() -> None:
    epochs = searched("training.epochs=4..20,log")["training.epochs"]
    assert (epochs.low, epochs.high, epochs.log, epochs.step) == (4, 20, True, None)


def test_a_plain_number_that_is_given_a_range_is_searched() -> None:
    epochs = searched("training.epochs=4..20")["training.epochs"]
    assert (epochs.searched, epochs.step, epochs.default) == (True, 1, 10)


def test_a_fixed_bool_that_is_given_values_is_searched() -> None:
    assert searched("architecture.compiled=true,false")["architecture.compiled"].searched


def test_a_plain_text_that_is_given_values_is_searched_among_them() -> None:
    name = searched("architecture.name=crnn,tcn")["architecture.name"]
    assert (name.choices, name.ordered, name.default) == (("crnn", "tcn"), False, "crnn")


def test_a_range_may_be_searched_at_some_of_its_values() -> None:
    channels = searched("architecture.channels=48,24,32")["architecture.channels"]
    assert (channels.choices, channels.ordered, channels.default) == ((24, 32, 48), True, 24)


def test_choices_keep_the_declared_order() -> None:
    size = searched("architecture.size=large,small")["architecture.size"]
    assert (size.choices, size.default) == (("small", "large"), "small")


def test_ordered_numbers_may_be_narrowed_by_a_range() -> None:
    assert searched("architecture.kernel=4..9")["architecture.kernel"].choices == (5, 7)


def test_a_single_value_to_search_is_the_same_as_setting_it() -> None:
    by_search = searched("training.optimizer=sgd")
    assert by_search == {
        v.path: v for v in narrow(SPACE, Overrides(set={"training.optimizer": "sgd"})).variables
    }


def test_a_condition_on_a_narrowed_variable_goes_on_working() -> None:
    space = narrow(SPACE, Overrides(set={"training.optimizer": "sgd"}))
    assert "training.momentum" in space.searched_active({})
    space = narrow(SPACE, Overrides(search={"training.optimizer": ("adamw",)}))
    assert "training.momentum" not in space.searched_active({})


def test_a_threshold_with_a_narrower_range_is_still_tuned_after_training() -> None:
    threshold = searched("inference.threshold=0.4..0.6")["inference.threshold"]
    assert (threshold.after_training, threshold.searched, threshold.low) == (True, False, 0.4)


def test_a_group_that_is_left_out_keeps_its_defaults_with_all_groups_in_it() -> None:
    space = narrow(SPACE, Overrides(leave_out=("training", "inference.threshold")))
    assert {v.group for v in space.sampling_order()} == {"architecture"}
    assert not space.variable("inference.threshold").after_training
    assert space.defaults() == SPACE.defaults()


def test_a_variable_named_itself_is_searched_though_its_group_is_left_out() -> None:
    space = narrow(SPACE, Overrides(leave_out=("training",), search={RATE: (1e-3, 1e-2)}))
    assert [v.path for v in space.sampling_order() if v.group == "training"] == [RATE]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("training.learning_rate=1e-4..1", "training.learning_rate: 1 is above 0.1"),
        ("training.learning_rate=fast..1", "training.learning_rate: 'fast' is not a number"),
        (
            "training.learning_rate=1e-2..1e-3",
            "training.learning_rate: the range goes from 0.01 down to 0.001; low comes first",
        ),
        (
            "training.epochs=4..4",
            "training.epochs: the range 4..4 holds a single value; "
            "give it as a plain value instead",
        ),
        (
            "training.epochs=0..9,log",
            "training.epochs: a log range must lie above 0, and this one starts at 0",
        ),
        (
            "training.learning_rate=1e-4..1e-2,lgo",
            "training.learning_rate: 'lgo' is not understood; "
            "write LOW..HIGH and, if you like, ,log or ,linear or ,step=STEP",
        ),
        (
            "training.schedule.warmup=0..80,step=5",
            "training.schedule.warmup: a step of 5 leaves the declared grid; "
            "write a multiple of 10",
        ),
        (
            "training.schedule.warmup=5..45",
            "training.schedule.warmup: 5 is not 0 plus a multiple of 10",
        ),
        ("training.optimizer=adam", "training.optimizer: 'adam' is not one of adamw,sgd"),
        (
            "architecture.kernel=8..9",
            "architecture.kernel: there is no range; choose among 3,5,7",
        ),
        (
            "training.lerning_rate=1..2",
            "there is no variable 'training.lerning_rate'; did you mean 'training.learning_rate'?",
        ),
        (
            "training.epochs",
            "'training.epochs': write group.variable=1e-4..1e-2 or group.variable=adamw,sgd",
        ),
    ],
)
def test_a_search_that_cannot_be_meant_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises((ConfigurationError, UnknownName)) as refused:
        searched(text)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (Overrides(set={RATE: 5}), "training.learning_rate: 5 is above 0.1"),
        (Overrides(set={RATE: "3e-4"}), "training.learning_rate: '3e-4' is not a number"),
        (
            Overrides(set={RATE: 1e-3}, search={RATE: (1e-3,)}),
            "training.learning_rate: it is both set and searched; leave one of them out",
        ),
        (
            Overrides(search={"training.optimizer": Interval(low=1, high=2)}),
            "training.optimizer: there is no range; choose among adamw,sgd",
        ),
        (
            Overrides(search={"architecture.name": Interval(low=1, high=2)}),
            "architecture.name: it has no range; write its values",
        ),
        (Overrides(search={RATE: ()}), f"{RATE}: write the values to search, or one to set"),
        (
            Overrides(leave_out=("trainning",)),
            "there is no group or variable 'trainning'; did you mean 'training'?",
        ),
        (Overrides(set={"sead": 1}), "there is no variable 'sead'; did you mean 'seed'?"),
    ],
)
def test_an_override_that_cannot_be_meant_gets_a_sentence(
    overrides: Overrides, sentence: str
) -> None:
    with pytest.raises((ConfigurationError, UnknownName)) as refused:
        narrow(SPACE, overrides)
    assert str(refused.value) == sentence


def test_a_study_file_holds_the_same_overrides_as_tables() -> None:
    assert overrides_from_tables(tomllib.loads(STUDY_FILE)) == Overrides(
        set={"training.epochs": 6, "training.schedule.kind": "cosine"},
        search={RATE: Interval(low=1e-4, high=1e-2), "training.optimizer": ("adamw",)},
        leave_out=("architecture",),
    )


def test_variables_called_low_and_high_are_not_taken_for_a_range() -> None:
    tables = tomllib.loads("[search.hysteresis]\nlow = [0.1, 0.2]\nhigh = {low = 0.5, high = 0.9}")
    assert overrides_from_tables(tables).search == {
        "hysteresis.low": (0.1, 0.2),
        "hysteresis.high": Interval(low=0.5, high=0.9),
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("leave_out = 'training'", "leave_out: write a list of names"),
        ("set = 3", "set: write a table"),
        ("set.epochs = [3]", "epochs: [3] is not a value"),
        ("search.epochs = 3", "epochs: 3 is no range; write { low = …"),
        ("search.epochs = {low = 3}", "epochs: Object missing required field `high`; write {"),
        ("search.epochs = {low = 3, high = 4, lgo = 1}", "contains unknown field `lgo`; write {"),
        ("search.epochs = [[3]]", "epochs: Expected `bool | int | float | str`, got `array`"),
    ],
)
def test_tables_of_another_shape_get_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        overrides_from_tables(tomllib.loads(text))
    assert sentence in str(refused.value)


def test_the_command_line_wins_over_the_study_file() -> None:
    file = Overrides(
        set={"seed": 1, "training.epochs": 6},
        search={RATE: (1e-3, 1e-2), "architecture.kernel": (3, 5)},
        leave_out=("inference",),
    )
    line = Overrides(
        set={RATE: 1e-4},
        search={"training.epochs": Interval(low=3, high=9)},
        leave_out=("architecture",),
    )
    assert merge(file, line) == Overrides(
        set={"seed": 1, RATE: 1e-4},
        search={"training.epochs": Interval(low=3, high=9)},
        leave_out=("inference", "architecture"),
    )
    assert merge(file, Overrides()) == file == merge(Overrides(), file)


def test_overrides_survive_the_wire() -> None:
    overrides = overrides_from_tables(tomllib.loads(STUDY_FILE))
    data = msgspec.msgpack.encode(overrides)
    assert msgspec.msgpack.decode(data, type=Overrides) == overrides


@GENERATED
@given(st.data())
def test_narrowing_never_widens(data: st.DataObject) -> None:
    space = data.draw(spaces())
    fixed: dict[str, Value] = {}
    searches: dict[str, Search] = {}
    for variable in space.variables:
        values = data.draw(st.lists(allowed(variable), min_size=2, max_size=3))
        search: Search = tuple(values)
        numbers = [value for value in values if is_number(value)]
        if variable.low is not None and min(numbers) < max(numbers):
            search = Interval(low=min(numbers), high=max(numbers))
        match data.draw(st.sampled_from(["set", "search", "keep"])):
            case "set":
                fixed[variable.path] = values[0]
            case "search":
                searches[variable.path] = search
    narrowed = narrow(space, Overrides(set=fixed, search=searches))
    assert [v.path for v in narrowed.variables] == [v.path for v in space.variables]
    for variable in narrowed.variables:
        value = data.draw(allowed(variable))
        assert space.check(variable.path, value) == variable.check(value)


@GENERATED
@given(st.data())
def test_a_domain_as_it_is_written_is_the_search_that_gives_it(data: st.DataObject) -> None:
    variable = data.draw(variables("x").filter(lambda variable: variable.has_domain))
    space = Space(variables=(variable,))
    path, search = parse_search(f"x={variable.domain()}", space)
    again = narrow(space, Overrides(search={path: search})).variable(path)
    assert again.domain() == variable.domain()
    assert again.default == variable.default
