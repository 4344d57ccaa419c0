"""The wake-word example on a tiny corpus, whose reports tell every value that is in force."""

from typing import Any
from unittest.mock import patch

import trialmq as tq
from examples.wakeword import train as example
from examples.wakeword.configuration import WakewordConfig
from examples.wakeword.data import load
from schema.configuration import flatten
from schema.values import Value
from tests.examples.conftest import TINY

patch.object(example, "load", lambda: load(TINY)).start()


class Telling:
    """A trial that reports its configuration beside the metrics."""

    def __init__(self, trial: tq.Trial) -> None:
        self._trial = trial

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trial, name)

    def report(self, step: int, **metrics: float) -> None:
        """With every value as a number, under its path."""
        values = {path: as_number(v) for path, v in flatten(self._trial.config).items()}
        self._trial.report(step, **metrics, **values)


def as_number(value: Value) -> float:
    """A value as a metric: text by its letters and their places."""
    if isinstance(value, str):
        return float(sum(place * ord(letter) for place, letter in enumerate(value, 1)))
    return float(value)


@tq.objective(maximize="f1", steps="training.epochs")
def train(config: WakewordConfig, trial: tq.Trial) -> dict[str, float]:
    """As the example does it; but noise that drowns the voice is refused."""

    def noise(snr_low_db: float) -> None:
        if snr_low_db < 0:
            raise tq.Refused("the noise would drown the voice")

    trial.bind("augmentation.snr_low_db", noise)
    metrics: dict[str, float] = example.train(config, Telling(trial))
    return metrics
