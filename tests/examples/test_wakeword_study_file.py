"""The study file of the example narrows the example."""

from pathlib import Path

from examples.wakeword.train import train
from schema.narrowing import narrow
from trialmq.cli.study_file import read_study_file

FILE = Path(__file__).parents[2] / "examples/wakeword/study.toml"


def test_the_study_file_fits_the_configuration() -> None:
    found = read_study_file(FILE)
    space = narrow(train.space, found.overrides)
    assert space.variable("training.epochs").default == 8
    assert not space.variable("training.optimizer").searched
    assert not space.variable("augmentation.shift_ms").searched
    rate = space.variable("training.learning_rate")
    assert (rate.low, rate.high, rate.log) == (3e-4, 3e-3, True)
    assert found.options["prune_on"] == "f1"
    assert found.parameters == {"min_resource": 2}
