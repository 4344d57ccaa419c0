"""Objectives that write down what they do, and some that do what a fleet must survive."""

import ctypes
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import trialmq as tq
from tests import truth
from trial_runner.frames import Kind, frame


class Point(tq.Config):
    """One variable is enough."""

    x: Annotated[float, tq.Range(0.0, 1.0)] = 0.5


def _work(config: Point, trial: tq.Trial, steps: int, seconds: float) -> dict[str, float]:
    truth.started(trial)
    for step in range(steps):
        time.sleep(seconds)  # the training
        truth.reported(trial, step, score=config.x + step)
        trial.report(step, score=config.x + step)
    return truth.finished(trial, {"score": config.x})


@tq.objective(maximize="score", steps=8)
def steady(config: Point, trial: tq.Trial) -> dict[str, float]:
    """A sixth of a second of honest work."""
    return _work(config, trial, 8, 0.02)


@tq.objective(maximize="score", steps=20)
def moderate(config: Point, trial: tq.Trial) -> dict[str, float]:
    """One second."""
    return _work(config, trial, 20, 0.05)


@tq.objective(maximize="score", steps=1)
def brief(config: Point, trial: tq.Trial) -> dict[str, float]:
    """Ten milliseconds."""
    return _work(config, trial, 1, 0.01)


@tq.objective(maximize="score", steps=100)
def long(config: Point, trial: tq.Trial) -> dict[str, float]:
    """Five seconds, a report every 50 ms: something to be interrupted."""
    return _work(config, trial, 100, 0.05)


class Knobs(tq.Config):
    """What is edited while it runs; ``ends`` ends it."""

    rate: Annotated[float, tq.Range(0.0, 1.0), tq.Live()] = 0.5
    decay: Annotated[float, tq.Range(0.0, 1.0), tq.Live()] = 0.0
    ends: Annotated[bool, tq.Live()] = False
    width: Annotated[int, tq.Range(1, 64)] = 4


class Optimizer:
    """As much of one as a binding sees."""

    def __init__(self, rate: float) -> None:
        self.param_groups = [{"lr": rate}]


@tq.objective(maximize="score")
def edited(config: Knobs, trial: tq.Trial) -> dict[str, float]:
    """Tells what is in force at each step, until it is edited to end."""
    truth.started(trial)
    optimizer = Optimizer(config.rate)
    trial.bind("rate", optimizer, "lr")
    step = 0
    while not trial.config.ends:
        step += 1
        told = {
            "rate": optimizer.param_groups[0]["lr"],
            "decay": trial.config.decay,
            "width": float(trial.config.width),
            "revision": float(trial.revision),
        }
        truth.reported(trial, step, **told)
        trial.report(step, **told)
        time.sleep(0.02)  # the training
    return truth.finished(trial, {"score": optimizer.param_groups[0]["lr"]})


@tq.objective(maximize="score", steps=8)
def segfaults(config: Point, trial: tq.Trial) -> dict[str, float]:
    """Trial 1 always crashes its process."""
    if trial.number == 1:
        truth.started(trial)
        ctypes.string_at(0)
    return _work(config, trial, 8, 0.02)


@tq.objective(maximize="score", steps=8)
def eats_memory(config: Point, trial: tq.Trial) -> dict[str, float]:
    """Trial 1 takes memory until the kernel ends it."""
    if trial.number == 1:
        truth.started(trial)
        taken = []
        while True:
            taken.append(bytearray(os.urandom(1024)) * 4096)
    return _work(config, trial, 8, 0.02)


@tq.objective(maximize="score", steps=8)
def eats_gpu_memory(config: Point, trial: tq.Trial) -> dict[str, float]:
    """Trial 1 raises what torch raises when a GPU is full."""
    if trial.number == 1:
        import torch

        truth.started(trial)
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
    return _work(config, trial, 8, 0.02)


@tq.objective(maximize="score", steps=8)
def hangs(config: Point, trial: tq.Trial) -> dict[str, float]:
    """Trial 1 loops for ever; trial 2 too, in a regular expression that keeps the GIL."""
    if trial.number == 1:
        truth.started(trial)
        while True:
            pass
    if trial.number == 2:
        truth.started(trial)
        re.match(r"(a+)+$", "a" * 64 + "b")
    return _work(config, trial, 8, 0.02)


@tq.objective(maximize="score", steps=8)
def has_a_family(config: Point, trial: tq.Trial) -> dict[str, float]:
    """Trial 1 ignores SIGTERM, starts processes in groups of their own, and hangs."""
    if trial.number == 1:
        truth.started(trial)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        ignoring = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
        for command in (
            ignoring,
            f"import subprocess, sys; subprocess.run([sys.executable, '-c', {ignoring!r}])",
        ):
            subprocess.Popen([sys.executable, "-c", command], process_group=0)
        threading.Event().wait()
    return _work(config, trial, 8, 0.02)


@tq.objective(maximize="score", steps=8)
def prints_a_gigabyte(config: Point, trial: tq.Trial) -> dict[str, float]:
    """Trial 1 prints 1 GB and a last line."""
    if trial.number == 1:
        line = "x" * 999_999
        for _ in range(1000):
            print(line)
        print("the last line", flush=True)
    return _work(config, trial, 8, 0.02)


@tq.objective(maximize="score", steps=8)
def writes_garbage(config: Point, trial: tq.Trial) -> dict[str, float]:
    """Trials 1 and 2 write on their runner's connection: random bytes, and 10 MB of zeros as a
    frame of reports."""
    if trial.number in (1, 2):
        size = 10_000_000
        said = os.urandom(4096) if trial.number == 1 else frame(Kind.REPORTS, bytes(size))
        for descriptor in [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]:
            with suppress(OSError):
                if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                    with socket.socket(fileno=os.dup(descriptor)) as connection:
                        connection.sendall(said)
        for step in range(8):
            time.sleep(0.02)  # the training
            trial.report(step, score=config.x)
        return {"score": config.x}
    return _work(config, trial, 8, 0.02)


@tq.objective(maximize="score", steps=4)
def strange_values(config: Point, trial: tq.Trial) -> dict[str, float]:
    """Reports NaN, infinity, 1e400 and a new metric; trials 1 to 3 return what is no result."""
    truth.started(trial)
    for step, value in enumerate((float("nan"), float("inf"), float("-inf"), 1e308 * 10)):
        truth.reported(trial, step, score=value, extra=float(step))
        trial.report(step, score=value, extra=float(step))
    if trial.number == 1:
        return {"score": float("nan")}
    if trial.number == 2:
        return {"other": 1.0}
    if trial.number == 3:
        return [1.0, 2.0]  # type: ignore[return-value]
    return truth.finished(trial, {"score": config.x})


@tq.objective(maximize="score", steps=8)
def poison(config: Point, trial: tq.Trial) -> dict[str, float]:
    """Trial 1 kills the runner that has it."""
    if trial.number == 1:
        truth.started(trial)
        status = Path(f"/proc/{os.getppid()}/stat").read_text()  # the fork server, a child of ...
        os.kill(int(status.rpartition(")")[2].split()[1]), signal.SIGKILL)
        threading.Event().wait()
    return _work(config, trial, 8, 0.02)


@tq.objective(maximize="score", steps=3)
def loses_at_the_end(config: Point, trial: tq.Trial) -> dict[str, float]:
    """Every trial is worse than the one before, which shows only as it ends."""
    truth.started(trial)
    value = -float(trial.number)
    for step in range(3):
        truth.reported(trial, step, score=value)
        trial.report(step, score=value)
        time.sleep(0.25 * config.x**2)  # about as long as a verdict takes, and sometimes longer
    return truth.finished(trial, {"score": value})
