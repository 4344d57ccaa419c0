"""A training for the tests of sessions: reports what is in force until a file says that it may end.

It keeps a checkpoint at each step, so that it goes on where it was.
"""

import time
from pathlib import Path
from typing import Annotated

import trialmq as tq


class Training(tq.Group):
    rate: Annotated[float, tq.Range(1e-5, 1e-1, log=True), tq.Live()] = 1e-3
    smoothing: Annotated[float, tq.Range(0.0, 0.5), tq.Live()] = 0.0
    width: Annotated[int, tq.Range(1, 64)] = 4


class Live(tq.Config):
    training: Training = Training()


class Optimizer:
    """As much of one as a binding sees."""

    def __init__(self, rate: float) -> None:
        self.param_groups = [{"lr": rate}]


@tq.objective(maximize="score")
def train(config: Live, trial: tq.Trial) -> dict[str, float]:
    """Ends when there is a file ``end`` where it runs."""
    optimizer = Optimizer(config.training.rate)

    def smooth(value: float) -> None:
        if value > 0.4:
            raise tq.Refused("the labels would be of no use")

    trial.bind("training.rate", optimizer, "lr")
    trial.bind("training.smoothing", smooth)
    step = int(trial.latest_checkpoint.read_text() or 0) if trial.latest_checkpoint else 0
    while not Path("end").exists():
        step += 1
        (trial.checkpoint_dir / "step").write_text(str(step))
        rate = optimizer.param_groups[0]["lr"]
        trial.report(step, rate=rate, width=config.training.width)
        time.sleep(0.005)
    return {"score": optimizer.param_groups[0]["lr"], "width": float(config.training.width)}


@tq.objective(maximize="score")
def quick(config: Live, trial: tq.Trial) -> dict[str, float]:
    """Ends at once."""
    trial.report(0, score=config.training.rate)
    return {"score": config.training.rate, "width": float(config.training.width)}
