"""One place for a trial: starts its process, feeds it, watches it, and ends it when need be.

The slot tells its agent three things: reports came in, a task ended (always exactly one ``Final``
for a task, whether the objective returned, raised, crashed or was killed), and it is ready for the
next. A process that died is replaced.
"""

import asyncio
import contextlib
import fcntl
import os
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from socket import AF_UNIX, SOCK_STREAM, socketpair
from typing import IO

import msgspec

from schema.errors import TrialMQError, WorkFailed
from schema.messages import Assignment, Failure, Final
from schema.trial import FailureKind, Outcome
from trial_runner.child import Task
from trial_runner.devices import Device
from trial_runner.frame_protocol import FrameProtocol
from trial_runner.frames import Kind
from trial_runner.launcher import Launcher, Process
from trial_runner.settings import RunnerSettings
from trial_runner.stop_flag import StopFlag

START_FAILURES = 3
"""So many processes in a row that die before they are ready, and the slot gives up."""


@dataclass(slots=True)
class Running:
    """The task that the process works on, and how it is to end if it was told to."""

    task: Task
    ending: Outcome | FailureKind | None = None
    limit: asyncio.TimerHandle | None = None
    grace: asyncio.TimerHandle | None = None


def _output_file() -> IO[bytes]:
    """Where a process prints to; it appends, because the file is emptied between two tasks."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the slot
    fcntl.fcntl(file, fcntl.F_SETFL, os.O_APPEND)
    return file


class Slot:
    """A warm process on one device."""

    def __init__(
        self,
        name: str,
        device: Device,
        launcher: Launcher,
        settings: RunnerSettings,
        *,
        on_ready: Callable[["Slot"], None],
        on_reports: Callable[["Slot", bytes], None],
        on_final: Callable[["Slot", Final], None],
        on_broken: Callable[[BaseException], None],
    ) -> None:
        self.name = name
        self.device = device
        self.running: Running | None = None
        self.ready = False
        self._launcher = launcher
        self._settings = settings
        self._on_ready = on_ready
        self._on_reports = on_reports
        self._on_final = on_final
        self._on_broken = on_broken
        self._flag = StopFlag.create()
        self._output = _output_file()
        self._encoder = msgspec.msgpack.Encoder()
        self._finals = msgspec.msgpack.Decoder(Final)
        self._serial = 0
        self._protocol: FrameProtocol | None = None
        self._process: Process | None = None
        self._started = False
        self._failures = 0
        self._closing = False
        self._replacing: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------ the process

    async def start(self) -> None:
        """Start the process; ``on_ready`` is called when it has loaded the objective."""
        ours, theirs = socketpair(AF_UNIX, SOCK_STREAM)
        ours.setblocking(False)
        _, self._protocol = await asyncio.get_running_loop().create_unix_connection(
            lambda: FrameProtocol(self._receive, self._lost), sock=ours
        )
        with theirs:
            self._process = await self._launcher.launch(
                theirs,
                self._flag.descriptor,
                self._output.fileno(),
                self.device,
                self._settings.output_bytes,
            )

    async def close(self) -> None:
        """End the process, at once if it does not end by itself; nothing is reported any more."""
        self._closing = True
        self.ready = False
        if self._replacing is not None:
            self._replacing.cancel()
            await asyncio.gather(self._replacing, return_exceptions=True)
        if self._protocol is not None:
            self._protocol.close()
        if self._process is not None:
            if self.running is not None:
                self.kill()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.stop_grace_seconds):
                    await asyncio.shield(self._process.exited)
            self.kill()
        self._cancel_timers()
        self._flag.close()
        self._output.close()

    def kill(self) -> None:
        """Kill the process and everything that it started."""
        if self._process is not None and not self._process.exited.done():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.id, signal.SIGKILL)

    def _lost(self) -> None:
        self.ready = False
        if not self._closing:
            self._replacing = asyncio.create_task(self._replace())

    async def _replace(self) -> None:
        """The process is gone: say how its task ended, and start another one."""
        self.kill()
        assert self._process is not None
        status = await asyncio.shield(self._process.exited)
        if self.running is not None:
            self._end(self._crashed(status))
        self._failures = 0 if self._started else self._failures + 1
        self._started = False
        if self._failures >= START_FAILURES:
            words = self._take_output().strip() or f"exit status {status}"
            self._on_broken(WorkFailed(f"{self.name} cannot start its process: {words}"))
            return
        try:
            await self.start()
        except (OSError, TrialMQError) as error:
            self._on_broken(error)

    # ------------------------------------------------------------------ tasks

    def run(self, assignment: Assignment) -> None:
        """Give the idle process its next task."""
        assert self.running is None and self.ready and self._protocol is not None
        self._serial += 1
        task = Task(serial=self._serial, assignment=assignment)
        self.running = Running(task)
        self._protocol.send(Kind.TASK, self._encoder.encode(task))
        if assignment.limit_seconds is not None:
            loop = asyncio.get_running_loop()
            self.running.limit = loop.call_later(
                assignment.limit_seconds, self.stop, FailureKind.TIMEOUT
            )

    def prune(self) -> None:
        """The running task should end at its next report, as pruned."""
        if self.running is not None:
            self._flag.prune(self.running.task.serial)

    def stop(self, ending: Outcome | FailureKind) -> None:
        """The running task has to end: at its next report, or by force after the grace.

        Args:
            ending: how it then counts, unless it completes all the same.
        """
        if self.running is None or self.running.ending is not None:
            return
        self.running.ending = ending
        self._flag.stop(self.running.task.serial)
        self.running.grace = asyncio.get_running_loop().call_later(
            self._settings.stop_grace_seconds, self.kill
        )

    def _receive(self, kind: Kind, body: bytes) -> None:
        if kind is Kind.REPORTS:
            self._on_reports(self, body)
        elif kind is Kind.FINAL:
            final = self._as_told(self._finals.decode(body))
            self.ready = not self._settings.isolate
            self._end(final)
            if self._settings.isolate and self._protocol is not None:
                self._protocol.close()
            else:
                self._on_ready(self)
        elif kind is Kind.READY:
            self.ready = self._started = True
            self._on_ready(self)

    def _end(self, final: Final) -> None:
        self._cancel_timers()
        self.running = None
        self._on_final(self, final)

    def _cancel_timers(self) -> None:
        if self.running is not None:
            for timer in (self.running.limit, self.running.grace):
                if timer is not None:
                    timer.cancel()

    def _as_told(self, final: Final) -> Final:
        """A task that ended because it was told to counts as that."""
        ending = self.running.ending if self.running else None
        if ending is None or final.outcome is not Outcome.STOPPED:
            return final
        return self._ended_by(ending, final)

    def _crashed(self, status: int) -> Final:
        assert self.running is not None
        output = self._take_output()
        if self.running.ending is not None:
            return self._ended_by(
                self.running.ending, Final(outcome=Outcome.STOPPED, output=output)
            )
        how = f"exit status {status}"
        if status < 0:
            how = signal.Signals(-status).name
            if -status == signal.SIGKILL:
                how += ", which is also how Linux ends a process when memory runs out"
        failure = Failure(kind=FailureKind.CRASH, reason=f"its process died ({how})")
        return Final(outcome=Outcome.FAILED, failure=failure, output=output)

    def _ended_by(self, ending: Outcome | FailureKind, final: Final) -> Final:
        if isinstance(ending, Outcome):
            return msgspec.structs.replace(final, outcome=ending)
        assert self.running is not None
        limit = self.running.task.assignment.limit_seconds
        failure = Failure(kind=ending, reason=f"it took longer than {limit:g} s")
        return msgspec.structs.replace(final, outcome=Outcome.FAILED, failure=failure)

    def _take_output(self) -> str:
        """The end of what a process that died had printed; the file is empty afterwards."""
        descriptor = self._output.fileno()
        size = os.fstat(descriptor).st_size
        length = min(size, self._settings.output_bytes)
        text = os.pread(descriptor, length, size - length).decode("utf-8", "replace")
        os.ftruncate(descriptor, 0)
        return text
