"""The process of a slot: loads the objective once, then runs task after task until its runner goes.

In come ``TASK`` frames, out go ``REPORTS`` while a task runs and one ``FINAL`` at its end. Whatever
the objective does wrong becomes a ``FINAL`` with a kind of failure and a traceback; only a crash of
the process itself is for the runner to find out.
"""

import contextlib
import gc
import io
import os
import signal
import sys
import time
import traceback
from socket import socket
from typing import Any

import msgspec

from schema.errors import ConfigurationError
from schema.messages import Assignment, Failure, Final
from schema.trial import FailureKind, Outcome
from trial_runner import torch_support
from trial_runner.devices import Device
from trial_runner.frames import Kind, frame, read_frame
from trial_runner.objective import Objective
from trial_runner.stop_flag import StopFlag
from trial_runner.trial import Pruned, ReportStream, Stopped, Trial

PR_SET_PDEATHSIG = 1


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One assignment, under the serial number that its stop flag goes by."""

    serial: int
    assignment: Assignment


class SlotSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What a slot's process is started with, beside its descriptors."""

    device: Device
    output_bytes: int
    parent: int


class SlotProcess:
    """Runs the tasks that come over ``connection``, one at a time, in the main thread."""

    def __init__(
        self,
        objective: Objective,
        connection: socket,
        flag: StopFlag,
        output: int,
        setup: SlotSetup,
    ) -> None:
        self._objective = objective
        self._connection = connection
        self._flag = flag
        self._output = output
        self._setup = setup
        self._stream = ReportStream(connection)
        self._decoder = msgspec.msgpack.Decoder(Task)
        self._encoder = msgspec.msgpack.Encoder()

    def run(self) -> None:
        """Serve until the runner closes the connection."""
        self._connection.sendall(frame(Kind.READY, b""))
        while (received := read_frame(self._connection)) is not None:
            final = self._run_task(self._decoder.decode(received[1]))
            self._stream.end()
            self._connection.sendall(frame(Kind.FINAL, self._encoder.encode(final)))

    def _run_task(self, task: Task) -> Final:
        assignment = task.assignment
        torch_support.seed_everything(assignment.seed)
        self._stream.begin()
        began = time.perf_counter()
        trial: Trial | None = None
        try:
            config = self._objective.configure(assignment.values)
            trial = Trial(
                assignment,
                config,
                self._objective,
                self._setup.device.torch_name,
                task.serial,
                self._stream,
                self._flag,
            )
            result = self._objective.function(config, trial)
            final = self._completed(trial, result)
        except Pruned:
            stopped = trial is not None and trial.stop_wanted
            final = Final(outcome=Outcome.STOPPED if stopped else Outcome.PRUNED)
        except Stopped:
            final = Final(outcome=Outcome.STOPPED)
        except ConfigurationError as error:
            final = _failed(FailureKind.REFUSED, str(error), error)
        except BaseException as error:
            final = _failed(_kind(error), _reason(error), error)
        seconds = time.perf_counter() - began
        if trial is not None and final.outcome is not Outcome.COMPLETE:
            final = msgspec.structs.replace(final, metrics=trial.last)
        sys.stdout.flush()
        sys.stderr.flush()
        if (output := self._take_output()) or seconds:
            final = msgspec.structs.replace(final, seconds=seconds, output=output)
        if seconds > 1.0:
            gc.collect()
            torch_support.release_memory()
        return final

    def _completed(self, trial: Trial, result: Any) -> Final:
        if trial.should_stop() and result is None:
            return Final(outcome=Outcome.STOPPED if trial.stop_wanted else Outcome.PRUNED)
        names = [metric.name for metric in self._objective.metrics]
        metrics = _metrics(result, names)
        if isinstance(metrics, Failure):
            return Final(outcome=Outcome.FAILED, failure=metrics)
        return Final(outcome=Outcome.COMPLETE, metrics=metrics, tuned=trial.tuned)

    def _take_output(self) -> str:
        """The end of what the task printed; the file is empty again for the next one."""
        size = os.fstat(self._output).st_size
        if not size:
            return ""
        length = min(size, self._setup.output_bytes)
        text = os.pread(self._output, length, size - length).decode("utf-8", "replace")
        os.ftruncate(self._output, 0)
        return text if size == length else f"… ({size - length} bytes before this)\n{text}"


def _metrics(result: Any, names: list[str]) -> dict[str, float] | Failure:
    """What an objective returned as metrics, or what is wrong with it."""
    if not isinstance(result, dict):
        if len(names) != 1 or isinstance(result, (str, bytes, bool)) or result is None:
            wanted = "{" + ", ".join(f"{name!r}: …" for name in names) + "}"
            what = "None" if result is None else f"a {type(result).__name__}"
            reason = f"the objective returned {what}; it should return {wanted}"
            return Failure(kind=FailureKind.BAD_RESULT, reason=reason)
        result = {names[0]: result}
    metrics: dict[str, float] = {}
    for name, value in result.items():
        try:
            metrics[str(name)] = float(value)
        except (TypeError, ValueError):
            reason = f"metric {name!r} is not a number but a {type(value).__name__}: {value!r}"
            return Failure(kind=FailureKind.BAD_RESULT, reason=reason[:500])
    missing = [name for name in names if name not in metrics]
    if missing:
        known = ", ".join(metrics) or "nothing"
        reason = f"the result has no metric {missing[0]!r}; it has {known}"
        return Failure(kind=FailureKind.BAD_RESULT, reason=reason)
    return metrics


def _kind(error: BaseException) -> FailureKind:
    memory = torch_support.out_of_memory(error)
    return FailureKind.OUT_OF_MEMORY if memory else FailureKind.EXCEPTION


def _reason(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}"[:500] if text else type(error).__name__


def _encodable(text: str) -> str:
    """``text`` as UTF-8 can hold it: names of files may have bytes that are no text."""
    return text.encode("utf-8", "backslashreplace").decode()


def _failed(kind: FailureKind, reason: str, error: BaseException) -> Final:
    trace = error.__traceback__.tb_next if error.__traceback__ else None  # from the user's frame on
    lines = traceback.format_exception(type(error), error, trace)
    told = _encodable("".join(lines)[-20_000:])
    failure = Failure(kind=kind, reason=_encodable(reason), traceback=told)
    return Final(outcome=Outcome.FAILED, failure=failure)


def settle(setup: SlotSetup, output: int) -> None:
    """Make this process a slot's: its own group, its device, its share, its output, and its end.

    It dies with its parent, which is the fork server or the runner. ``Ctrl-C`` in the terminal is
    for the runner alone.
    """
    with contextlib.suppress(PermissionError):
        os.setsid()
    _die_with_parent(setup.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(setup.device.environment())
    os.dup2(output, 1)
    os.dup2(output, 2)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)
    torch_support.use_threads(setup.device.threads)


def _die_with_parent(parent: int) -> None:
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
