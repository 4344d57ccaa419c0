"""A training with thirty variables of all kinds, of which a session changes some while it runs."""

import time
from typing import Annotated, Literal

import trialmq as tq

Share = Annotated[float, tq.Range(0.0, 1.0)]
LiveShare = Annotated[float, tq.Range(0.0, 1.0), tq.Live()]
Width = Annotated[int, tq.Range(1, 64)]
Word = Literal["first", "second", "third"]


class Architecture(tq.Group):
    """Ten."""

    a: Width = 8
    b: Width = 8
    c: Width = 8
    d: Width = 8
    kind: Word = "first"
    activation: Word = "first"
    bias: bool = True
    residual: bool = False
    dropout: LiveShare = 0.1
    noise: LiveShare = 0.1


class Training(tq.Group):
    """Twelve."""

    rate: Annotated[float, tq.Range(1e-5, 1.0, log=True), tq.Live()] = 1e-3
    decay: LiveShare = 0.1
    clip: Annotated[float, tq.Range(0.0, 10.0), tq.Live()] = 1.0
    smoothing: LiveShare = 0.0
    focal: Annotated[bool, tq.Live()] = False
    schedule: Annotated[Word, tq.Live()] = "first"
    warmup: Share = 0.1
    momentum: Share = 0.9
    optimizer: Word = "first"
    batch: Annotated[int, tq.OneOf(16, 32, 64)] = 32
    seed: int = 1
    steps: int = 1


class Preprocessing(tq.Group):
    """Eight."""

    a: Share = 0.5
    b: Share = 0.5
    c: Share = 0.5
    d: Share = 0.5
    bands: Width = 40
    window: Width = 32
    normalize: Word = "first"
    remark: str = "none"


class Thirty(tq.Config):
    """The configuration."""

    architecture: Architecture = Architecture()
    training: Training = Training()
    preprocessing: Preprocessing = Preprocessing()


@tq.objective(maximize="f1", steps="training.steps")
def train(config: Thirty, trial: tq.Trial) -> dict[str, float]:
    """A step takes twenty milliseconds; in a search there is one, without."""
    for step in range(config.training.steps):
        trial.report(step, f1=trial.config.training.decay, rate=trial.config.training.rate)
        time.sleep(0.02 if config.training.steps > 1 else 0.0)
    return {"f1": config.training.decay, "loss": config.training.rate}
