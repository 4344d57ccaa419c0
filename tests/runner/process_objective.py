"""An objective that tells which process it ran in."""

import os
from typing import Annotated

import trialmq as tq


class Settings(tq.Config):
    """One variable."""

    x: Annotated[float, tq.Range(0.0, 1.0)] = 0.5


@tq.objective(maximize="process", gpu_memory="6GiB")
def train(config: Settings, trial: tq.Trial) -> float:
    """Its result is the number of its process."""
    return os.getpid()
