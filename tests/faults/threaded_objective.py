"""An objective whose module starts a thread, so that its process must not be forked."""

import threading

import trialmq as tq
from tests.faults.objectives import FaultConfig

_stop = threading.Event()
threading.Thread(target=_stop.wait, daemon=True).start()


@tq.objective(maximize="score")
def train(config: FaultConfig, trial: tq.Trial) -> dict[str, float]:
    """Nothing special."""
    return {"score": config.point.x}
