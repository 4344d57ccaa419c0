"""The process of a slot: loads the objective once, then runs task after task until its runner goes.

In come ``TASK`` frames, and ``REVISION`` while a task runs; out go ``REPORTS`` and ``REVISED``, and
one ``FINAL`` at its end, which is written to a file before, where the runner wants that. Whatever
the objective does wrong becomes a ``FINAL`` with a kind of failure and a traceback; only a crash of
the process itself is for the runner to find out.
"""

import contextlib
import errno
import gc
import os
import resource
import signal
import sys
import time
import traceback
from pathlib import Path
from socket import socket
from typing import Any

import msgspec

from schema.errors import ConfigurationError
from schema.failpoints import reach
from schema.messages import Assignment, Failure, Final, Revised
from schema.scores import encode_scores
from schema.trial import FailureKind, Outcome
from trial_runner import torch_support
from trial_runner.devices import Device
from trial_runner.frames import Kind, frame
from trial_runner.objective import Objective
from trial_runner.output import print_to, take
from trial_runner.report_stream import ReportStream
from trial_runner.result_file import Tail, write_result
from trial_runner.slot_inbox import SlotInbox, Task
from trial_runner.stop_flag import StopFlag
from trial_runner.trial import Pruned, Stopped, Trial

PR_SET_PDEATHSIG = 1
BLAMED = (FailureKind.EXCEPTION, FailureKind.REFUSED, FailureKind.OUT_OF_MEMORY)
"""What an edit can do to a training that has not come to its first safe point."""

OOM_SCORE = 500
"""Of 1000: when memory runs out the kernel ends a training, and neither its runner nor others."""


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
        self._inbox = SlotInbox(connection, flag)
        self._encoder = msgspec.msgpack.Encoder()

    def run(self) -> None:
        """Serve until the runner closes the connection."""
        self._connection.sendall(frame(Kind.READY, b""))
        while (task := self._inbox.task()) is not None:
            self._stream.tail = Tail() if task.result else None
            final = self._run_task(task)
            self._stream.gather()
            if self._stream.tail is not None:
                with contextlib.suppress(OSError):  # the runner still hears of it
                    write_result(task.result, self._stream.tail.result(final))
                reach("child.result.written")
            self._stream.end()
            self._connection.sendall(frame(Kind.FINAL, self._encoder.encode(final)))

    def _run_task(self, task: Task) -> Final:
        self._stream.begin()
        began = time.perf_counter()
        trial, final = self._train(task, task.assignment)
        seconds = time.perf_counter() - began
        if trial is not None:
            metrics = final.metrics if final.outcome is Outcome.COMPLETE else trial.last
            final = msgspec.structs.replace(
                final,
                metrics=metrics,
                revision=trial.revision,
                suggested=trial.suggested,
                attributes=trial.attributes,
            )
            if trial.scores is not None and final.outcome is not Outcome.FAILED:
                self._stream.store(encode_scores(trial.scores))
        sys.stdout.flush()
        sys.stderr.flush()
        output = take(self._output, self._setup.output_bytes)
        if output or seconds:
            final = msgspec.structs.replace(final, seconds=seconds, output=output)
        if seconds > 1.0:
            gc.collect()
            torch_support.release_memory()
        return final

    def _train(self, task: Task, assignment: Assignment) -> tuple[Trial | None, Final]:
        """How the training went with these values, or with earlier ones that it can begin with."""
        while True:
            trial, final = self._attempt(task, assignment)
            if not (assignment.earlier and _could_not_begin(trial, final)):
                return trial, final
            del trial  # and all that it was bound to
            self._refuse(assignment.revision, final)
            first, *rest = assignment.earlier
            assignment = msgspec.structs.replace(
                assignment, revision=first.number, values=first.values, earlier=tuple(rest)
            )

    def _refuse(self, revision: int, final: Final) -> None:
        assert final.failure is not None
        print(final.failure.traceback, file=sys.stderr)
        reason = final.failure.reason
        told = Revised(number=revision, step=None, seconds=0.0, refused=reason, begun=True)
        self._stream.tell(Kind.REVISED, self._encoder.encode(told))
        gc.collect()
        torch_support.release_memory()

    def _attempt(self, task: Task, assignment: Assignment) -> tuple[Trial | None, Final]:
        torch_support.seed_everything(assignment.seed)
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
                self._inbox,
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
        return trial, final

    def _completed(self, trial: Trial, result: Any) -> Final:
        if trial.should_stop() and result is None:
            return Final(outcome=Outcome.STOPPED if trial.stop_wanted else Outcome.PRUNED)
        names = [metric.name for metric in self._objective.metrics]
        metrics = _metrics(result, names)
        if isinstance(metrics, Failure):
            return Final(outcome=Outcome.FAILED, failure=metrics)
        return Final(outcome=Outcome.COMPLETE, metrics=metrics, tuned=trial.tuned)


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


def _could_not_begin(trial: Trial | None, final: Final) -> bool:
    """Whether a configuration is to blame: nothing came to a first safe point with it."""
    begun = trial is not None and trial.begun
    return not begun and final.failure is not None and final.failure.kind in BLAMED


def _kind(error: BaseException) -> FailureKind:
    if torch_support.out_of_memory(error):
        return FailureKind.OUT_OF_MEMORY
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return FailureKind.DISK
    return FailureKind.EXCEPTION


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

    It dies with its parent, which is the fork server or the runner, and sooner than it when memory
    runs out. ``Ctrl-C`` in the terminal is
    for the runner alone.
    """
    with contextlib.suppress(PermissionError):
        os.setsid()
    die_with(setup.parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(setup.device.environment())
    print_to(output, setup.output_bytes)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core of a training fills any disk
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    torch_support.use_threads(setup.device.threads)


def die_with(parent: int) -> None:
    """Be killed when ``parent``, the process that started this one, dies."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)
