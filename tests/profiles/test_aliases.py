"""Aliases in a configuration class: under which former paths a variable is looked for."""

from typing import Annotated

import pytest

from schema.configuration import Config, Group
from schema.declaration import space_of
from schema.errors import ConfigurationError
from schema.markers import Alias, Range


class Optimizer(Group):
    rate: Annotated[float, Range(0.0, 1.0), Alias("lr", "learning_rate")] = 0.1
    steps: int = 3


class Training(Group):
    optimizer: Annotated[Optimizer, Alias("solver")] = Optimizer()


class Renamed(Config):
    training: Training = Training()
    seed: Annotated[int, Alias("random.seed")] = 0


def test_an_alias_is_looked_up_in_the_own_group_and_from_the_top() -> None:
    assert space_of(Renamed).variable("seed").aliases == ("random.seed",)
    aliases = space_of(Renamed).variable("training.optimizer.rate").aliases
    assert {"training.optimizer.lr", "training.optimizer.learning_rate", "lr"} <= {*aliases}


def test_an_alias_of_a_group_is_one_of_everything_in_it() -> None:
    space = space_of(Renamed)
    assert space.variable("training.optimizer.steps").aliases == (
        "training.solver.steps",
        "solver.steps",
    )
    assert "training.solver.lr" in space.variable("training.optimizer.rate").aliases


def test_an_alias_that_still_exists_is_refused() -> None:
    class Net(Config):
        old: int = 1
        new: Annotated[int, Alias("old")] = 1

    with pytest.raises(ConfigurationError) as refused:
        space_of(Net)
    assert str(refused.value) == "Net.new: Alias: old still exists; take Alias away"


@pytest.mark.parametrize("paths", [(), ("",), ("a..b",), ("a b",)])
def test_an_alias_that_names_nothing_is_refused(paths: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError, match="write the former name, or several"):
        Alias(*paths)


def test_an_alias_does_not_make_it_another_space() -> None:
    class Plain(Config):
        rate: Annotated[float, Range(0.0, 1.0)] = 0.1

    class Aliased(Config):
        rate: Annotated[float, Range(0.0, 1.0), Alias("lr")] = 0.1

    assert space_of(Plain).fingerprint() == space_of(Aliased).fingerprint()
