"""Between a typed configuration and flat values."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.configuration import Config, build, flatten
from schema.declaration import space_of
from schema.errors import ConfigurationError, UnknownName
from tests.schema.spaces import GENERATED, Detector, allowed

SPACE = space_of(Detector)
EVERYTHING = st.fixed_dictionaries({v.path: allowed(v) for v in SPACE.variables})


@GENERATED
@given(EVERYTHING)
def test_a_configuration_survives_being_taken_apart_and_built(values: dict[str, bool]) -> None:
    config = build(Detector, values)
    assert build(Detector, flatten(config)) == config
    assert flatten(config) == values


def test_a_configuration_is_typed_and_nested() -> None:
    config = build(Detector, SPACE.complete({"training.learning_rate": 1e-2}))
    assert config.training.learning_rate == 1e-2
    assert config.training.schedule.kind == "constant"
    assert config == Detector(training=config.training)


def test_a_configuration_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Detector().seed = 3  # type: ignore[misc]


def test_a_missing_value_is_named() -> None:
    values = SPACE.defaults()
    del values["training.epochs"]
    with pytest.raises(ConfigurationError, match=r"^Detector: training\.epochs is missing$"):
        build(Detector, values)


def test_an_unknown_value_is_named_with_the_nearest() -> None:
    values = {**SPACE.defaults(), "training.epoch": 3}
    with pytest.raises(UnknownName, match=r"did you mean 'training\.epochs'\?"):
        build(Detector, values)


def test_a_value_of_the_wrong_type_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"got `str` - at `\$\.training\.epochs`"):
        build(Detector, {**SPACE.defaults(), "training.epochs": "many"})


def test_a_combination_that_the_user_refuses_is_an_error_in_the_users_words() -> None:
    class Hysteresis(Config):
        low: float = 0.4
        high: float = 0.6

        def __post_init__(self) -> None:
            if self.low > self.high:
                raise ValueError("low must not be above high")

    with pytest.raises(ConfigurationError, match="Hysteresis: low must not be above high"):
        build(Hysteresis, {"low": 0.7, "high": 0.6})


def test_the_configuration_is_light_to_import() -> None:
    code = "import schema.declaration, schema.narrowing, sys; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"torch", "numpy", "optuna", "asyncio", "rich", "cyclopts", "dataclasses"}
    assert not heavy & set(out.stdout.split())
