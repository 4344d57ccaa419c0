"""What a runner starts: ``python -m trial_runner.slot_main fork|slot ENTRY DESCRIPTOR…``.

``fork``: load the objective, say what it is, and fork a slot's process whenever one is wanted; it
costs milliseconds, because torch is loaded already. ``slot``: load the objective and be a slot,
for the case that this process must not be forked (CUDA runs in it, or threads do).

Both speak frames over the first descriptor; a slot has two more, its stop flag and its output.
"""

import gc
import os
import select
import signal
import sys
import threading
import traceback
from socket import AF_UNIX, SOCK_STREAM, recv_fds, socket

import msgspec

from schema.errors import TrialMQError
from schema.study import ObjectiveDescription
from trial_runner import torch_support
from trial_runner.child import SlotProcess, SlotSetup, die_with, settle
from trial_runner.frames import Kind, frame
from trial_runner.loading import load
from trial_runner.objective import Objective
from trial_runner.stop_flag import StopFlag

SETUP = "TRIALMQ_SLOT"
"""The environment variable in which a slot that is started from scratch finds its setup."""


PARENT = "TRIALMQ_RUNNER"
"""The environment variable in which a fork server finds the process that started it."""


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What became of loading the objective: its description, or the problem in words."""

    description: ObjectiveDescription | None = None
    problem: str = ""
    traceback: str = ""
    forkable: bool = False


class Exited(msgspec.Struct, frozen=True, array_like=True):
    """A forked process ended; ``status`` as of ``os.waitstatus_to_exitcode``."""

    process: int
    status: int


def forkable() -> bool:
    """True when this process may be forked: no CUDA in it, and one thread of Python's."""
    return not torch_support.cuda_initialised() and threading.active_count() == 1


def _load(entry: str, *, warm: bool) -> tuple[Objective | None, Loaded]:
    """Load the objective; ``warm``: and what else is loaded once for all that are forked from here.

    All this stays until the end, and no collection looks at it: torch's objects would cost each a
    tenth of a second, and the end of the process most of one.
    """
    try:
        objective = load(entry)
        description = objective.describe(entry)
    except TrialMQError as error:
        trace = traceback.format_exc()
        return None, Loaded(problem=str(error), traceback=trace)
    if warm:
        torch_support.warm_up()
    gc.freeze()
    return objective, Loaded(description=description, forkable=forkable())


def serve_forks(entry: str, connection: socket) -> None:
    """Load the objective, report it, and fork a slot for each set of descriptors that comes."""
    objective, loaded = _load(entry, warm=True)
    connection.sendall(frame(Kind.READY, msgspec.msgpack.encode(loaded)))
    if objective is None or not loaded.forkable:
        return
    wakeup, notify = os.pipe()
    os.set_blocking(notify, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(notify, warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        ready, _, _ = select.select([connection.fileno(), wakeup], [], [])
        if wakeup in ready:
            os.read(wakeup, 4096)
            for exited in _reap():
                connection.sendall(frame(Kind.EXITED, msgspec.msgpack.encode(exited)))
        if connection.fileno() in ready:
            body, descriptors, _, _ = recv_fds(connection, 4096, 3)
            if not body:
                return
            setup = msgspec.msgpack.decode(body, type=SlotSetup)
            sys.stdout.flush()
            process = os.fork()
            if process == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for descriptor in (wakeup, notify, connection.fileno()):
                    os.close(descriptor)
                _be_slot(objective, setup, *descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            connection.sendall(frame(Kind.FORKED, msgspec.msgpack.encode(process)))


def _reap() -> list[Exited]:
    exited: list[Exited] = []
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return exited
        if process == 0:
            return exited
        exited.append(Exited(process, os.waitstatus_to_exitcode(status)))


def _be_slot(
    objective: Objective, setup: SlotSetup, connection: int, flag: int, output: int
) -> None:
    """Run tasks until the runner is gone, then end this process without unwinding the parent's."""
    status = 0
    try:
        settle(setup, output)
        with socket(AF_UNIX, SOCK_STREAM, fileno=connection) as channel:
            SlotProcess(objective, channel, StopFlag(flag), output, setup).run()
    except ConnectionError:
        pass  # the runner is gone
    except BaseException:
        traceback.print_exc()
        status = 1
    os._exit(status)


def main(mode: str, entry: str, connection: int, *descriptors: int) -> None:
    """Be a fork server or a slot."""
    channel = socket(AF_UNIX, SOCK_STREAM, fileno=connection)
    if mode == "fork":
        die_with(int(os.environ.pop(PARENT)))
        with channel:
            serve_forks(entry, channel)
        return
    setup = msgspec.json.decode(os.environ.pop(SETUP), type=SlotSetup)
    objective, loaded = _load(entry, warm=False)
    if objective is None:
        print(loaded.traceback, file=sys.stderr)
        sys.exit(1)
    _be_slot(objective, setup, channel.detach(), *descriptors)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
