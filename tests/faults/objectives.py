"""Objectives that do what a sweep must survive.

``TRUTH`` in the environment names a file to which every start and every finish is appended, and
``NOTICE`` a named pipe that a test reads to learn at once that a trial started.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import trialmq as tq


class Point(tq.Group):
    """One variable is enough."""

    x: Annotated[float, tq.Range(0.0, 1.0)] = 0.5


class FaultConfig(tq.Config):
    """The space of these objectives."""

    point: Point = Point()


def _append(variable: str, line: str) -> None:
    path = os.environ.get(variable)
    if path:
        with Path(path).open("a", buffering=1) as file:
            file.write(line + "\n")


def _started(trial: tq.Trial) -> None:
    _append("TRUTH", f"start {trial.number} {trial.attempt} {os.getpid()}")
    _append("NOTICE", f"{trial.number} {trial.attempt} {os.getpid()}")


@tq.objective(maximize="score", steps=5)
def steady(config: FaultConfig, trial: tq.Trial) -> dict[str, float]:
    """A quarter of a second of honest work."""
    _started(trial)
    for step in range(5):
        time.sleep(0.05)
        trial.report(step, score=config.point.x)
    _append("TRUTH", f"finish {trial.number} {trial.attempt}")
    return {"score": config.point.x}


@tq.objective(maximize="score")
def segfaults_on_one(config: FaultConfig, trial: tq.Trial) -> dict[str, float]:
    """Trial 1 always crashes its process."""
    _started(trial)
    if trial.number == 1:
        print("about to crash", flush=True)
        ctypes.string_at(0)
    return {"score": config.point.x}


@tq.objective(maximize="score")
def killed_once(config: FaultConfig, trial: tq.Trial) -> dict[str, float]:
    """The first attempt of trial 2 is killed in the middle, as by the kernel."""
    _started(trial)
    trial.report(0, score=config.point.x)
    if trial.number == 2 and trial.attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"score": config.point.x}


@tq.objective(maximize="score")
def hangs_on_one(config: FaultConfig, trial: tq.Trial) -> dict[str, float]:
    """Trial 0 hangs, deaf to everything but SIGKILL, with a child of its own."""
    _started(trial)
    if trial.number == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        _append("TRUTH", f"grandchild {child.pid}")
        while True:
            time.sleep(60)
    return {"score": config.point.x}


@tq.objective(maximize="score")
def exits(config: FaultConfig, trial: tq.Trial) -> dict[str, float]:
    """Trial 1 calls sys.exit, trial 2 raises KeyboardInterrupt, trial 3 returns nonsense."""
    if trial.number == 1:
        sys.exit("enough")
    if trial.number == 2:
        raise KeyboardInterrupt
    if trial.number == 3:
        return "good"  # type: ignore[return-value]
    if trial.number == 4:
        return {"other": 1.0}
    return {"score": float("nan") if trial.number == 5 else config.point.x}


@tq.objective(maximize="score")
def prints_much(config: FaultConfig, trial: tq.Trial) -> dict[str, float]:
    """Ten megabytes of output, then a last line."""
    for _ in range(100):
        print("x" * 100_000)
    print("the last line")
    return {"score": config.point.x}


@tq.objective(maximize="score")
def tells_its_process(config: FaultConfig, trial: tq.Trial) -> dict[str, float]:
    """Which process ran it?"""
    return {"score": config.point.x, "process": float(os.getpid())}


@tq.objective(minimize="loss", steps=200)
def worse_and_worse(config: FaultConfig, trial: tq.Trial) -> dict[str, float]:
    """Every trial is worse than the one before, so that a pruner has something to do."""
    for step in range(200):
        time.sleep(0.002)
        trial.report(step, loss=float(trial.number))
    return {"loss": float(trial.number)}


@tq.objective(maximize="score")
def out_of_memory(config: FaultConfig, trial: tq.Trial) -> dict[str, float]:
    """Trial 1 asks for more memory than there is."""
    _started(trial)
    if trial.number == 1:
        raise MemoryError("cannot allocate 1 PiB")
    return {"score": config.point.x}
