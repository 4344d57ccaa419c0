"""The objective: one trial trains one wake-word detector.

    trialmq run examples/wakeword/train.py:train --trials 40 --runners 2

The validation voices' F1, at the best threshold for them, decides.  A training that diverges raises
`FloatingPointError`, so the trial fails with that reason and is not scored 0.
"""

import trialmq as tq
from examples.wakeword.configuration import WakewordConfig
from examples.wakeword.data import load
from examples.wakeword.training import WakewordTraining


@tq.objective(maximize="f1", steps="training.epochs")
def train(config: WakewordConfig, trial: tq.Trial) -> dict[str, float]:
    """Train for all epochs; report "f1", "false_positive_rate" and "loss" after each."""
    training = WakewordTraining(config, load(), seed=trial.seed, device=trial.device)
    metrics: dict[str, float] = {}
    for epoch in range(config.training.epochs):
        metrics = training.epoch(trial.config)  # its live variables may have been edited
        trial.report(epoch, **metrics)
    return metrics
