"""Objectives of several metrics that report while they train, and one that reports another name."""

import time
from typing import Annotated

import trialmq as tq

STEPS = 6
STEP_SECONDS = 0.01  # so that a verdict arrives before the trial is over


class Net(tq.Group):
    good: Annotated[float, tq.Range(0.0, 1.0)] = 0.5
    large: Annotated[float, tq.Range(0.0, 1.0)] = 0.5


class NetConfig(tq.Config):
    net: Net = Net()


@tq.objective(maximize="f1", minimize="rate", constraints=["rate <= 0.9"], steps=STEPS)
def several(config: NetConfig, trial: tq.Trial) -> dict[str, float]:
    """More of one variable is better in both metrics, more of the other trades them."""
    net = config.net
    metrics: dict[str, float] = {}
    for step in range(STEPS):
        f1 = 0.7 * net.good + 0.3 * net.large + step / 100
        metrics = {"f1": f1, "rate": 0.7 * (1 - net.good) + 0.3 * net.large}
        trial.report(step, **metrics)
        time.sleep(STEP_SECONDS)
    return metrics


@tq.objective(maximize="f1", steps=STEPS)
def misnamed(config: NetConfig, trial: tq.Trial) -> dict[str, float]:
    """Reports val_f1 and returns f1."""
    for step in range(STEPS):
        trial.report(step, val_f1=config.net.good)
    return {"f1": config.net.good}
