"""One place for a trial: starts its process, feeds it, watches it, and ends it when need be.

The slot tells its agent five things: reports came in, something else did (what became of a
revision, scores to be stored), the training waits for the verdict on its reports, a task ended
(always exactly one ``Final`` for a task, whether the objective returned, raised, crashed or was
killed), and it is ready for the next. A process that died is replaced.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import AF_UNIX, SOCK_STREAM, socketpair

import msgspec

from schema.errors import ProtocolError, TrialMQError, WorkFailed
from schema.messages import Assignment, Failure, Final
from schema.trial import FailureKind, Outcome
from schema.values import Value
from trial_runner.device_health import DeviceMonitor
from trial_runner.devices import Device
from trial_runner.ending import after_crash, ended_by
from trial_runner.frame_protocol import FrameProtocol
from trial_runner.frames import Kind
from trial_runner.launcher import Launcher, Process
from trial_runner.output import LOOK_SECONDS, output_file, take, trim
from trial_runner.processes import end_with_all, killed_for_memory, mark_of
from trial_runner.received import Told, check_reports, read_final, read_told
from trial_runner.room import make_room
from trial_runner.settings import RunnerSettings
from trial_runner.slot_inbox import NewRevision, Task
from trial_runner.spool_format import ProcessMark
from trial_runner.stop_flag import StopFlag

START_FAILURES = 3
"""So many processes in a row that die before they are ready, and the slot gives up."""


@dataclass(slots=True)
class Running:
    """The task that the process works on, and how it is to end if it was told to."""

    task: Task
    sent: bool = False  # not while its memory is being made free
    heard: float = 0.0  # when it reported last, on the loop's clock
    ending: Outcome | FailureKind | Failure | None = None
    limit: asyncio.TimerHandle | None = None
    grace: asyncio.TimerHandle | None = None
    revisions: list[NewRevision] = field(default_factory=list)  # came before it was sent


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
        on_told: Callable[["Slot", Told], None],
        on_awaits: Callable[["Slot"], None],
        on_final: Callable[["Slot", Final], None],
        on_broken: Callable[[BaseException], None],
        gpu_memory: int | None = None,
        monitor: DeviceMonitor | None = None,
    ) -> None:
        self.name = name
        self.device = device
        self.running: Running | None = None
        self.ready = False
        self.launcher = launcher
        self._settings = settings
        self._on_ready = on_ready
        self._on_reports = on_reports
        self._on_told = on_told
        self._on_awaits = on_awaits
        self._on_final = on_final
        self._on_broken = on_broken
        self._gpu_memory = gpu_memory if device.uuid else None
        self._monitor = monitor
        self._flag = StopFlag.create()
        self._output = output_file()
        self._encoder = msgspec.msgpack.Encoder()
        self._frames = 0  # beside tasks, that were sent to the present process
        self._serial = 0
        self._protocol: FrameProtocol | None = None
        self._process: Process | None = None
        self._started = False
        self._failures = 0
        self._closing = False
        self._replacing: asyncio.Task[None] | None = None
        self._admitting: asyncio.Task[None] | None = None
        self._loaded = asyncio.Event()
        self._launched = False
        self._mark: ProcessMark | None = None
        self._kills = killed_for_memory()
        self._looking: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------------ the process

    async def start(self) -> None:
        """Start the process; ``on_ready`` is called when it has loaded the objective."""
        self._launched = False
        self._kills = killed_for_memory()
        self._frames = 0
        self._flag.frames(0)
        ours, theirs = socketpair(AF_UNIX, SOCK_STREAM)
        ours.setblocking(False)
        _, self._protocol = await asyncio.get_running_loop().create_unix_connection(
            lambda: FrameProtocol(self._receive, self._lost, self._refuse), sock=ours
        )
        with theirs:
            self._process = await self.launcher.launch(
                theirs,
                self._flag.descriptor,
                self._output.fileno(),
                self.device,
                self._settings.output_bytes,
            )
        process = self._process
        process.exited.add_done_callback(lambda _: self._exited(process))
        self._mark = mark_of(process.id)
        self._launched = True
        if self._looking is None:
            self._look()
        if self._started:
            self._become_ready()

    @property
    def mark(self) -> ProcessMark | None:
        """Which process it is, for those who outlive this one."""
        return self._mark

    def load(self, launcher: Launcher, gpu_memory: int | None) -> None:
        """Replace the idle process by one with another objective; ``on_ready`` is called again."""
        assert self.running is None and self._protocol is not None
        self.launcher = launcher
        self._gpu_memory = gpu_memory if self.device.uuid else None
        self.ready = False
        self._protocol.close()

    async def close(self) -> None:
        """End the process, at once if it does not end by itself; nothing is reported any more."""
        self._closing = True
        self.ready = False
        for task in (self._admitting, self._replacing):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
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
        if self._looking is not None:
            self._looking.cancel()
        self._flag.close()
        self._output.close()

    def kill(self) -> None:
        """Kill the process and everything that it started."""
        if self._process is not None and not self._process.exited.done():
            end_with_all(self._process.id)

    def _exited(self, process: Process) -> None:
        """The process is gone; what it started may still hold the other end of its connection."""
        if process is self._process and not self._closing:
            end_with_all(process.id)
            if (protocol := self._protocol) is not None:
                loop = asyncio.get_running_loop()
                loop.call_later(self._settings.stop_grace_seconds, protocol.close)

    def _look(self) -> None:
        """Every moment: is the output too long, or has the trial hung up?"""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            trim(self._output.fileno(), self._settings.output_bytes)
        if self.running is not None and self.running.sent:
            hang = self.running.task.assignment.hang_seconds
            if hang is not None and loop.time() - self.running.heard >= hang:
                self.stop(FailureKind.HANG)
        self._looking = loop.call_later(LOOK_SECONDS, self._look)

    def _lost(self) -> None:
        self.ready = False
        self._loaded.clear()
        if not self._closing:
            self._replacing = asyncio.create_task(self._replace())

    async def _replace(self) -> None:
        """The process is gone: say how its task ended, and start another one."""
        assert self._process is not None
        end_with_all(self._process.id)
        status = await asyncio.shield(self._process.exited)
        if self.running is not None and self.running.sent:
            self._end(self._crashed(status))
        self._failures = 0 if self._started else self._failures + 1
        self._started = False
        if self._failures >= START_FAILURES:
            words = (
                take(self._output.fileno(), self._settings.output_bytes).strip()
                or f"exit status {status}"
            )
            self._on_broken(WorkFailed(f"{self.name} cannot start its process: {words}"))
            return
        try:
            await self.start()
        except (OSError, TrialMQError) as error:
            self._on_broken(error)

    # ------------------------------------------------------------------ tasks

    def run(self, assignment: Assignment, result: str = "") -> None:
        """Give the idle process its next task; ``result`` is the file for how it ends."""
        assert self.running is None and self.ready and self._protocol is not None
        self._serial += 1
        task = Task(serial=self._serial, assignment=assignment, result=result)
        self.running = Running(task)
        if self._gpu_memory is not None and self._monitor is not None:
            admission = self._admit(self.running, self._gpu_memory, self._monitor)
            self._admitting = asyncio.create_task(admission)
        else:
            self._send(self.running)

    async def _admit(self, running: Running, need: int, monitor: DeviceMonitor) -> None:
        """Send the task when its memory is free, or give it back if that does not come about."""
        grace = self._settings.memory_grace_seconds
        problem = await make_room(monitor, self.device, need, self._renew, grace_seconds=grace)
        if not problem:
            await self._loaded.wait()  # the process may have died meanwhile
            self._send(running)
            return
        failure = Failure(kind=FailureKind.OUT_OF_MEMORY, reason=problem)
        self._end(Final(outcome=Outcome.RELEASED, failure=failure))
        self._on_ready(self)

    async def _renew(self) -> None:
        """End the idle process, and wait for the one that replaces it."""
        assert self._protocol is not None
        self.ready = False
        self._loaded.clear()
        self._protocol.close()
        await self._loaded.wait()

    def _send(self, running: Running) -> None:
        assert self._protocol is not None
        running.sent = True
        running.heard = asyncio.get_running_loop().time()
        self._protocol.send(Kind.TASK, self._encoder.encode(running.task))
        for revision in running.revisions:
            self._send_revision(revision)
        seconds = running.task.assignment.limit_seconds
        if seconds is not None:
            loop = asyncio.get_running_loop()
            running.limit = loop.call_later(seconds, self.stop, FailureKind.TIMEOUT)

    def revise(self, number: int, values: dict[str, Value]) -> None:
        """The running task is to go on with these values from its next safe point on."""
        if self.running is None:
            return
        revision = NewRevision(self.running.task.serial, number, values)
        if self.running.sent:
            self._send_revision(revision)
        else:
            self.running.revisions.append(revision)

    def _send_revision(self, revision: NewRevision) -> None:
        self._send_beside(Kind.REVISION, self._encoder.encode(revision))

    def judged(self) -> None:
        """Tell the training, which waits for it, that what it reported is judged."""
        if self.running is not None:
            self._send_beside(Kind.JUDGED, b"")

    def _send_beside(self, kind: Kind, body: bytes) -> None:
        """First the frame, then the flag that says that there is one to be read."""
        assert self._protocol is not None
        self._protocol.send(kind, body)
        self._frames += 1
        self._flag.frames(self._frames)

    def prune(self) -> None:
        """The running task should end at its next report, as pruned."""
        if self.running is not None:
            self._flag.prune(self.running.task.serial)

    def stop(self, ending: Outcome | FailureKind | Failure) -> None:
        """The running task has to end: at its next report, or by force after the grace.

        Args:
            ending: how it then counts, unless it completes all the same.
        """
        if self.running is None or self.running.ending is not None:
            return
        self.running.ending = ending
        if not self.running.sent:
            assert self._admitting is not None
            self._admitting.cancel()
            self._end(
                ended_by(ending, Final(outcome=Outcome.STOPPED), self.running.task.assignment)
            )
            self._on_ready(self)
            return
        self._flag.stop(self.running.task.serial)
        self.running.grace = asyncio.get_running_loop().call_later(
            self._settings.stop_grace_seconds, self.kill
        )

    def _receive(self, kind: Kind, body: bytes) -> None:
        if kind is Kind.REPORTS:
            if self.running is not None and self.running.sent:
                self.running.heard = asyncio.get_running_loop().time()
                self._on_reports(self, check_reports(body))
        elif kind in (Kind.REVISED, Kind.SCORES):
            if self.running is not None and self.running.sent:
                self._on_told(self, read_told(body))
        elif kind is Kind.AWAITS:
            if self.running is not None and self.running.sent:
                self._on_awaits(self)
        elif kind is Kind.FINAL:
            if self.running is None or not self.running.sent:
                raise ProtocolError("a result came, and no task was running")
            final = self._as_told(read_final(body))
            self.ready = not self._settings.isolate
            self._end(final)
            if self._settings.isolate and self._protocol is not None:
                self._protocol.close()
            else:
                self._on_ready(self)
        elif kind is Kind.READY:
            self._started = True
            if self._launched:
                self._become_ready()
        else:
            raise ProtocolError(f"a slot sends no {kind.name} frame")

    def _become_ready(self) -> None:
        self.ready = True
        self._loaded.set()
        self._on_ready(self)

    def _refuse(self, problem: str) -> None:
        """The process sent something that no slot sends; its connection is closed."""
        reason = (
            f"its process wrote to the runner's connection what does not belong there: {problem}"
        )
        if self.running is not None:
            self.running.ending = Failure(kind=FailureKind.BAD_RESULT, reason=reason[:500])
        self.kill()

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
        """A task that ended because it was told to counts as that; no result mends a failure."""
        assert self.running is not None
        ending = self.running.ending
        if ending is None:
            return final
        if final.outcome is not Outcome.STOPPED and not isinstance(ending, Failure):
            return final
        return ended_by(ending, final, self.running.task.assignment)

    def _crashed(self, status: int) -> Final:
        assert self.running is not None
        output = take(self._output.fileno(), self._settings.output_bytes)
        if self.running.ending is not None:
            stopped = Final(outcome=Outcome.STOPPED, output=output)
            return ended_by(self.running.ending, stopped, self.running.task.assignment)
        failure = after_crash(status, self._kills, killed_for_memory())
        return Final(outcome=Outcome.FAILED, failure=failure, output=output)
