"""Objectives without work, so that only the system around them is measured."""

import itertools
import time
from collections.abc import Callable
from typing import Annotated, Any

import trialmq as tq

STEPS = 100


class Point(tq.Group):
    """Two variables, as in the peers' benchmarks."""

    x: Annotated[float, tq.Range(-5.0, 5.0)] = 1.0
    rate: Annotated[float, tq.Range(1e-5, 1e-1, log=True)] = 1e-3


class PointConfig(tq.Config):
    """The space of every benchmark."""

    point: Point = Point()


@tq.objective(minimize="loss")
def nothing(config: PointConfig, trial: tq.Trial) -> dict[str, float]:
    """Returns at once."""
    return {"loss": config.point.x**2 + config.point.rate}


@tq.objective(minimize="loss", steps=20)
def twenty_reports(config: PointConfig, trial: tq.Trial) -> dict[str, float]:
    """Twenty reports, for the memory of the orchestrator."""
    for step in range(20):
        trial.report(step, loss=config.point.x**2 + 1 / (step + 1))
    return {"loss": config.point.x**2}


@tq.objective(minimize="loss", steps=STEPS)
def many_reports(config: PointConfig, trial: tq.Trial) -> dict[str, float]:
    """Reports as fast as it can, and returns how long each call took (microseconds)."""
    stalls = []
    clock = time.perf_counter
    for step in range(STEPS):
        before = clock()
        trial.report(step, loss=config.point.x**2 + 1 / (step + 1))
        stalls.append(clock() - before)
    stalls.sort()
    return {
        "loss": config.point.x**2,
        "stall_median": stalls[STEPS // 2] * 1e6,
        "stall_mean": sum(stalls) / STEPS * 1e6,
        "stall_p99": stalls[int(STEPS * 0.99)] * 1e6,
    }


def optuna_reports(trial: Any) -> float:
    """As an Optuna objective reports; returns how long each report took (microseconds)."""
    stalls = []
    clock = time.perf_counter
    x = trial.suggest_float("x", -5.0, 5.0)
    for step in range(STEPS):
        before = clock()
        trial.report(x**2 + 1 / (step + 1), step)
        trial.should_prune()
        stalls.append(clock() - before)
    return sorted(stalls)[STEPS // 2] * 1e6


@tq.objective(minimize="loss", steps=STEPS)
def only_reports(config: PointConfig, trial: tq.Trial) -> dict[str, float]:
    """A hundred reports and nothing else."""
    for step in range(STEPS):
        trial.report(step, loss=config.point.x**2 + 1 / (step + 1))
    return {"loss": config.point.x**2}


@tq.objective(minimize="loss")
def waiting_steps(config: PointConfig, trial: tq.Trial) -> dict[str, float]:
    """Steps of a millisecond that leave the core free, as those of a GPU do."""
    return _until_pruned(trial, time.sleep)


@tq.objective(minimize="loss")
def working_steps(config: PointConfig, trial: tq.Trial) -> dict[str, float]:
    """Steps of a millisecond that keep the core busy."""
    return _until_pruned(trial, _work)


def _until_pruned(trial: tq.Trial, pass_time: Callable[[float], None]) -> dict[str, float]:
    """Fifty good steps, then one that the threshold pruner refuses.

    Returns how long it took until the decision could be seen (ms). It completes although it should
    be pruned, which is allowed, so that the figure comes out as a metric.
    """
    clock = time.perf_counter
    for step in range(50):
        pass_time(0.001)
        trial.report(step, loss=1.0)
    pass_time(0.001)
    before = clock()
    try:
        trial.report(50, loss=1e9)
    except tq.Pruned:
        pass
    while not trial.should_stop() and clock() < before + 1:
        pass_time(0.00005)
    return {"loss": 0.0, "lag_ms": (clock() - before) * 1e3}


def _work(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


class Knobs(tq.Config):
    """What is edited while a training runs."""

    rate: Annotated[float, tq.Range(1e-5, 1.0, log=True), tq.Live()] = 0.1
    decay: Annotated[float, tq.Range(0.0, 1.0), tq.Live()] = 0.0
    dropout: Annotated[float, tq.Range(0.0, 0.9), tq.Live()] = 0.1
    clip: Annotated[float, tq.Range(0.0, 10.0), tq.Live()] = 1.0


@tq.objective(maximize="score")
def edited(config: Knobs, trial: tq.Trial) -> dict[str, float]:
    """Steps of 5 ms, 200 a second, each reporting what is in force, until it is told to end."""
    for step in itertools.count():
        time.sleep(0.005)
        now = trial.config
        trial.report(
            step,
            rate=now.rate,
            decay=now.decay,
            dropout=now.dropout,
            clip=now.clip,
            revision=trial.revision,
        )
    raise AssertionError("unreachable")
