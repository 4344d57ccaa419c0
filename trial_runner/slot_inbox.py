"""What the process of a slot is sent: one task after another; revisions of the one that runs, and
that what it reported is judged.

These two are read only at a safe point of the training, and only when the shared flag says that
there are any, so looking for them costs no system call.
"""

import select
import threading
from collections.abc import Iterator
from socket import socket

import msgspec

from schema.messages import Assignment
from schema.values import Value
from trial_runner.frames import FrameReader, Kind
from trial_runner.stop_flag import StopFlag


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One assignment, under the serial number that its stop flag goes by.

    ``result`` is the file for how it ends, empty where nobody would read it.
    """

    serial: int
    assignment: Assignment
    result: str = ""


class NewRevision(msgspec.Struct, frozen=True, array_like=True):
    """The task of this serial number is to go on with these values."""

    serial: int
    number: int
    values: dict[str, Value]


class SlotInbox:
    """Reads ``connection``; ``taken`` counts what was read beside tasks, for all of them.

    ``judged`` is for the task to set to false; it is true when all it had reported then is judged.
    """

    def __init__(self, connection: socket, flag: StopFlag) -> None:
        self.taken = 0
        self.judged = True
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._reader = FrameReader(connection)
        self._flag = flag
        self._reading = threading.RLock()
        self._tasks = msgspec.msgpack.Decoder(Task)
        self._revisions = msgspec.msgpack.Decoder(NewRevision)

    def task(self) -> Task | None:
        """The next task, however long it takes; ``None`` when the runner is gone.

        Revisions that came too late for their task are passed over.
        """
        while (received := self._reader.read()) is not None:
            kind, body = received
            if kind is Kind.TASK:
                self.judged = True
                return self._tasks.decode(body)
            self.taken += 1
        return None

    def revisions(self, serial: int) -> Iterator[NewRevision]:
        """Those of the running task that are there, in their order."""
        with self._reading:  # a report may come from several threads
            while self.taken != self._flag.serials[2]:
                received = self._reader.waiting()
                if received is None:
                    return  # not all of it is there yet
                self.taken += 1
                kind, body = received
                if kind is Kind.JUDGED:
                    self.judged = True
                    continue
                revision = self._revisions.decode(body)
                if revision.serial == serial:
                    yield revision

    def wait(self, seconds: float) -> None:
        """Return when the runner says anything, after ``seconds`` at the latest."""
        self._poll.poll(seconds * 1000)
