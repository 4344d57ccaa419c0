"""An objective of a process that has torch loaded, as real ones do."""

import torch

import trialmq as tq
from benchmarks.objectives import PointConfig


@tq.objective(minimize="loss")
def first_report(config: PointConfig, trial: tq.Trial) -> dict[str, float]:
    """Reports at once."""
    trial.report(0, loss=float(torch.tensor(config.point.x)))
    return {"loss": config.point.x}
