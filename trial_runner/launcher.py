"""Starts the processes of slots: by forking one that has loaded everything, else from scratch.

The fork server loads the objective once (importing torch takes over a second) and says what it is.
Where it may be forked a new slot costs milliseconds; where it may not (CUDA or threads were started
by the import), each slot is a fresh interpreter that loads the objective itself.
"""

import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass
from socket import AF_UNIX, SOCK_STREAM, send_fds, socket, socketpair
from types import TracebackType
from typing import Self

import msgspec

from schema.errors import WorkFailed, WrongInput
from schema.study import ObjectiveDescription
from trial_runner.child import SlotSetup
from trial_runner.devices import Device
from trial_runner.frame_protocol import FrameProtocol
from trial_runner.frames import Kind
from trial_runner.slot_main import PARENT, SETUP, Exited, Loaded


@dataclass(frozen=True, slots=True)
class Process:
    """A slot's process; ``exited`` gets its exit status, negative for a signal."""

    id: int
    exited: asyncio.Future[int]


class Launcher:
    """Loads one objective, which has a ``description`` then, and starts processes for it.

    ``fork`` set to False starts each from scratch even where forking is possible.
    """

    def __init__(self, entry: str, *, threads: int = 1, fork: bool = True) -> None:
        self.entry = entry
        self.description: ObjectiveDescription | None = None
        self._threads = threads
        self._fork = fork
        self._server: asyncio.subprocess.Process | None = None
        self._protocol: FrameProtocol | None = None
        self._socket: socket | None = None
        self._loaded: asyncio.Future[Loaded]
        self._forked: asyncio.Future[int] | None = None
        self._running: dict[int, asyncio.Future[int]] = {}
        self._one_at_a_time = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the launcher

    async def load(self) -> ObjectiveDescription:
        """Start the fork server and wait until it has loaded the objective.

        Raises:
            WrongInput: it cannot be loaded; the message says why.
            WorkFailed: its process died while it loaded.
        """
        loop = asyncio.get_running_loop()
        self._loaded = loop.create_future()
        ours, theirs = socketpair(AF_UNIX, SOCK_STREAM)
        environment = {PARENT: str(os.getpid())}
        self._server = await self._spawn("fork", theirs.fileno(), environment=environment)
        theirs.close()
        ours.setblocking(False)
        self._socket = ours
        _, self._protocol = await loop.create_unix_connection(
            lambda: FrameProtocol(self._receive, self._lost), sock=ours
        )
        loaded = await self._loaded
        if loaded.description is None:
            error = WrongInput(loaded.problem)
            error.add_note(loaded.traceback)
            raise error
        self._fork = self._fork and loaded.forkable
        self.description = loaded.description
        return loaded.description

    async def launch(
        self, connection: socket, flag: int, output: int, device: Device, output_bytes: int
    ) -> Process:
        """Start the process of a slot at the other end of ``connection``.

        A fork server that died is started again.

        Raises:
            WrongInput: it cannot load the objective any more.
            WorkFailed: it died again at once.
        """
        if not self._fork:
            return await self._launch_fresh(connection, flag, output, device, output_bytes)
        async with self._one_at_a_time:
            if self._socket is None:  # the fork server died, and its slots with it
                await self.load()
            assert self._server is not None and self._socket is not None
            setup = SlotSetup(device=device, output_bytes=output_bytes, parent=self._server.pid)
            self._forked = asyncio.get_running_loop().create_future()
            body = msgspec.msgpack.encode(setup)
            descriptors = [connection.fileno(), flag, output]
            send_fds(self._socket, [body], descriptors)
            process = await self._forked
        exited = self._running.setdefault(process, asyncio.get_running_loop().create_future())
        return Process(process, exited)

    async def _launch_fresh(
        self, connection: socket, flag: int, output: int, device: Device, output_bytes: int
    ) -> Process:
        setup = SlotSetup(device=device, output_bytes=output_bytes, parent=os.getpid())
        environment = {**device.environment(), SETUP: msgspec.json.encode(setup).decode()}
        server = await self._spawn(
            "slot", connection.fileno(), flag, output, environment=environment
        )
        exited = asyncio.get_running_loop().create_future()

        async def watch() -> None:
            exited.set_result(await server.wait())

        self._keep(asyncio.create_task(watch()))
        return Process(server.pid, exited)

    async def _spawn(
        self, mode: str, *descriptors: int, environment: dict[str, str] | None = None
    ) -> asyncio.subprocess.Process:
        threads = str(self._threads)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # a folder of the user's that is called like one of our packages is not found
            "-m",
            "trial_runner.slot_main",
            mode,
            self.entry,
            *map(str, descriptors),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=descriptors,
            start_new_session=True,
            env={
                # A script that asks whether CUDA is there shall not start it: no fork could use it.
                "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
                **os.environ,
                # No OpenMP pool in a process that is forked; a slot asks for its share later.
                "OMP_NUM_THREADS": "1" if mode == "fork" else threads,
                **(environment or {}),
            },
        )

    def _receive(self, kind: Kind, body: bytes) -> None:
        if kind is Kind.READY:
            self._loaded.set_result(msgspec.msgpack.decode(body, type=Loaded))
        elif kind is Kind.FORKED and self._forked is not None and not self._forked.done():
            self._forked.set_result(msgspec.msgpack.decode(body, type=int))
        elif kind is Kind.EXITED:
            exited = msgspec.msgpack.decode(body, type=Exited)
            loop = asyncio.get_running_loop()
            known = self._running.setdefault(exited.process, loop.create_future())
            if not known.done():
                known.set_result(exited.status)

    def _lost(self) -> None:
        self._socket = None
        error = WorkFailed(f"the process that loads {self.entry} died{self._last_words()}")
        for future in (self._loaded, self._forked):
            if future is not None and not future.done():
                future.set_exception(error)
        for exited in self._running.values():
            if not exited.done():
                exited.set_result(-9)  # its children die with it

    def _last_words(self) -> str:
        self._log.seek(0, os.SEEK_END)
        size = self._log.tell()
        self._log.seek(max(0, size - 2000))
        text = self._log.read().decode("utf-8", "replace").strip()
        return f": {text}" if text else ""

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._protocol is not None:
            self._protocol.close()
        if self._server is not None:
            try:
                async with asyncio.timeout(3):
                    await self._server.wait()
            except TimeoutError:
                self._server.kill()
                await self._server.wait()
        self._log.close()
