"""An objective with a variable of every kind, which reports what is really in force."""

import time
from typing import Annotated, Literal

import trialmq as tq
from schema.configuration import flatten
from schema.values import Value

LONG = 1_000_000
"""A session takes so many steps: it runs until the test ends."""


class Architecture(tq.Group):
    """What a training is built with; two of its variables can change while it runs."""

    channels: Annotated[int, tq.Range(8, 64, log=True)] = 16
    kernel: Annotated[int, tq.OneOf(3, 5, 7)] = 3
    activation: Literal["relu", "gelu", "silu"] = "relu"
    dropout: Annotated[float, tq.Range(0.0, 0.5), tq.Live()] = 0.1
    blocks: Annotated[int, tq.Range(1, 8), tq.Live()] = 4


class Training(tq.Group):
    """Everything live but the optimizer."""

    learning_rate: Annotated[float, tq.Range(1e-5, 1e-1, log=True), tq.Live()] = 1e-3
    clip: Annotated[bool, tq.Live()] = False
    schedule: Annotated[Literal["constant", "linear", "cosine"], tq.Live()] = "constant"
    window: Annotated[float, tq.OneOf(0.5, 1.0, 1.5), tq.Live()] = 0.5
    remark: Annotated[str, tq.Live()] = "plain"
    seed: Annotated[int, tq.Live()] = 7
    optimizer: Literal["adamw", "sgd"] = "adamw"
    momentum: Annotated[float, tq.Range(0.0, 0.99), tq.When("training.optimizer", "sgd")] = 0.9
    steps: int = 3


class Inference(tq.Group):
    """Chosen afterwards."""

    threshold: Annotated[float, tq.Range(0.05, 0.95), tq.AfterTraining()] = 0.5


class Everything(tq.Config):
    """The configuration."""

    architecture: Architecture = Architecture()
    training: Training = Training()
    inference: Inference = Inference()


def as_number(value: Value) -> float:
    """A value as a metric: text by its length and its letters."""
    if isinstance(value, str):
        return float(sum(place * ord(letter) for place, letter in enumerate(value, 1)))
    return float(value)


@tq.objective(maximize="score", steps="training.steps")
def train(config: Everything, trial: tq.Trial) -> dict[str, float]:
    """Reports every value in force, under its path."""

    def remark(text: str) -> None:
        if text == "nonsense":
            raise tq.Refused("a remark has to mean something")

    trial.bind("training.remark", remark)
    for step in range(config.training.steps):
        values = flatten(trial.config)
        score = 1.0 / (1.0 + abs(values["training.learning_rate"] - 1e-3))  # type: ignore[operator]
        trial.report(step, score=score, **{path: as_number(v) for path, v in values.items()})
        time.sleep(0.01)
    return {"score": score}
