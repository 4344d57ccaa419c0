"""Objectives that are unkind to the process that runs them, and to its runner."""

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from socket import AF_UNIX, socket
from typing import Annotated

import trialmq as tq


class Unkind(tq.Config):
    """One variable is enough."""

    x: Annotated[float, tq.Range(0.0, 1.0)] = 0.5


def runners_connection() -> socket:
    """The connection to the runner, which is no business of an objective."""
    for descriptor in range(3, 100):
        with suppress(OSError):
            if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                continue
            return socket(AF_UNIX, fileno=os.dup(descriptor))
    raise AssertionError("there is no connection")


@tq.objective(maximize="score")
def process(config: Unkind, trial: tq.Trial) -> dict[str, float]:
    """Which process is it?"""
    return {"score": config.x, "process": float(os.getpid())}


@tq.objective(maximize="score")
def many_batches(config: Unkind, trial: tq.Trial) -> dict[str, float]:
    """A thousand reports, each in a batch of its own."""
    for step in range(1000):
        trial.report(step, score=config.x)
        time.sleep(0.0006)
    return {"score": config.x}


@tq.objective(maximize="score")
def waits(config: Unkind, trial: tq.Trial) -> dict[str, float]:
    """Reports until it is told to end."""
    for step in range(100_000):
        trial.report(step, score=config.x)
        time.sleep(0.005)
    return {"score": config.x}


@tq.objective(maximize="score")
def hangs(config: Unkind, trial: tq.Trial) -> dict[str, float]:
    """Reports once, and never again."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    trial.report(0, score=config.x)
    threading.Event().wait()
    return {"score": config.x}


@tq.objective(maximize="score")
def garbage(config: Unkind, trial: tq.Trial) -> dict[str, float]:
    """Writes to the runner's connection."""
    with runners_connection() as connection:
        connection.sendall(b"hello, this is no frame at all")
    threading.Event().wait()
    return {"score": config.x}


@tq.objective(maximize="score")
def no_reports(config: Unkind, trial: tq.Trial) -> dict[str, float]:
    """Writes a frame of reports that are none."""
    with runners_connection() as connection:
        connection.sendall(b"\x06\x00\x00\x00\x03hello")
    threading.Event().wait()
    return {"score": config.x}


@tq.objective(maximize="score")
def huge_report(config: Unkind, trial: tq.Trial) -> dict[str, float]:
    """One report of several hundred kilobytes."""
    trial.report(0, **{f"metric_{n}": 1.0 for n in range(20_000)})
    return {"score": config.x}


@tq.objective(maximize="score")
def huge_batch(config: Unkind, trial: tq.Trial) -> dict[str, float]:
    """Reports that are large together."""
    for step in range(120):
        trial.report(step, **{f"metric_{n}": 1.0 for n in range(300)})
    return {"score": config.x}


@tq.objective(maximize="score")
def huge_result(config: Unkind, trial: tq.Trial) -> dict[str, float]:
    """A result of several hundred kilobytes."""
    return {"score": config.x, **{f"metric_{n}": 1.0 for n in range(20_000)}}


@tq.objective(maximize="score")
def prints(config: Unkind, trial: tq.Trial) -> dict[str, float]:
    """Two hundred megabytes, and tells how large the file became that took them."""
    line, largest = "x" * 99_999, 0
    for _ in range(2000):
        print(line)
        largest = max(largest, os.fstat(1).st_size)
    print("the last line")
    return {"score": config.x, "largest": float(largest)}


@tq.objective(maximize="score")
def prints_past_python(config: Unkind, trial: tq.Trial) -> dict[str, float]:
    """A process of its own prints slowly, ten megabytes in all."""
    code = "import os, time\nfor n in range(100): os.write(1, b'x' * 100_000); time.sleep(0.01)"
    subprocess.run([sys.executable, "-c", code], check=True)
    return {"score": config.x, "size": float(os.fstat(1).st_size)}


@tq.objective(maximize="score")
def disk_is_full(config: Unkind, trial: tq.Trial) -> dict[str, float]:
    """A checkpoint for which there is no room."""
    raise OSError(errno.ENOSPC, "No space left on device")


@tq.objective(maximize="score")
def leaves_processes(config: Unkind, trial: tq.Trial) -> dict[str, float]:
    """Two children that ignore SIGTERM, one of them in a group of its own, and a fork."""
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    group = {"process_group": 0}
    first = subprocess.Popen([sys.executable, "-c", code])
    second = subprocess.Popen([sys.executable, "-c", code], **group)  # type: ignore[call-overload]
    fork = os.fork()
    if fork == 0:  # it holds the connection to the runner as well
        time.sleep(600)
    print(first.pid, second.pid, fork, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    return {"score": config.x}


@tq.objective(maximize="score")
def limits(config: Unkind, trial: tq.Trial) -> dict[str, float]:
    """What a slot may do, and how soon it is ended when memory runs out."""
    core = resource.getrlimit(resource.RLIMIT_CORE)[0]
    score = int(Path("/proc/self/oom_score_adj").read_text())
    return {"score": config.x, "core": float(core), "oom": float(score)}
