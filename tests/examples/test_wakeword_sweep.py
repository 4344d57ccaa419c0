"""The sweep that `benchmarks.sweep` compares with runs the same objective by Optuna alone."""

import time
from pathlib import Path

import pytest

from benchmarks.sweep_optuna import sequential
from examples.wakeword.data import load
from tests.examples.conftest import TINY


def test_the_peer_trains_the_objective_of_the_example(
    tiny_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("examples.wakeword.train.load", lambda: load(TINY, tiny_cache))
    ended = sequential(trials=2, epochs=1, seed=0, origin=time.time())
    assert [(trial.outcome, trial.steps) for trial in ended] == [("complete", 1)] * 2
    assert ended[0].config["training.epochs"] == 1
    assert all(trial.f1 is not None for trial in ended)
