"""Objectives for the tests of the command line: quick, wrong in several ways, and slow."""

import threading
import time
from typing import Annotated, Literal

import trialmq as tq


class Model(tq.Group):
    kind: Literal["linear", "curved"] = "linear"
    slope: Annotated[float, tq.Range(-5.0, 5.0)] = 1.0
    bend: Annotated[float, tq.Range(0.1, 1.0), tq.When("model.kind", "curved")] = 0.5


class Training(tq.Group):
    rate: Annotated[float, tq.Range(1e-5, 1e-1, log=True)] = 1e-3
    epochs: int = 8


class Quick(tq.Config):
    model: Model = Model()
    training: Training = Training()


@tq.objective(minimize="loss", steps="training.epochs")
def train(config: Quick, trial: tq.Trial) -> dict[str, float]:
    """Learns nothing, quickly."""
    print(f"data for trial {trial.number}")
    if trial.number == 3:
        raise ValueError("the data has no positive example")
    loss = config.model.slope**2
    for epoch in range(config.training.epochs):
        trial.report(epoch, loss=loss + 1 / (epoch + 1))
    return {"loss": loss, "size": 2.0}


@tq.objective(minimize="loss")
def slow(config: Quick, trial: tq.Trial) -> dict[str, float]:
    """Takes a twentieth of a second."""
    time.sleep(0.05)
    return {"loss": config.model.slope**2}


@tq.objective(minimize=["loss", "cost"])
def two(config: Quick, trial: tq.Trial) -> dict[str, float]:
    """Has two metrics that want the opposite."""
    return {"loss": config.model.slope, "cost": -config.model.slope}


@tq.objective(minimize="loss")
def broken(config: Quick, trial: tq.Trial) -> dict[str, float]:
    """Always fails for the same reason."""
    raise ValueError("there is no data")


@tq.objective(minimize="loss")
def elsewhere(config: Quick, trial: tq.Trial) -> dict[str, float]:
    """Returns another metric now, and what is no metric then."""
    return {"accuracy": 1.0} if trial.number % 2 else {"loss": float("nan")}


not_an_objective = 3


@tq.objective(minimize="loss")
def hangs_at_first(config: Quick, trial: tq.Trial) -> dict[str, float]:
    """Reports once and then nothing more, unless it is tried again."""
    trial.report(0, loss=1.0)
    if trial.attempt == 1:
        threading.Event().wait()
    return {"loss": 1.0}
