"""The sending end of reports: from the process of a slot to its runner, without ever waiting.

What is reported gathers in a list, and is written as one small frame to a socket that the runner
reads. What the socket cannot take at once stays, and a background thread sends what a silent
training has left over.
"""

import os
import threading
import time
from socket import MSG_DONTWAIT, socket

import msgspec

from schema.messages import Report, Scored
from schema.scores import PART_BYTES
from trial_runner.frames import Kind, frame
from trial_runner.result_file import Tail

FLUSH_SECONDS = 0.0005
"""Reports that come faster than this travel together."""

FLUSH_REPORTS = 128
LEFTOVER_SECONDS = 0.02
"""How long a report may lie in a training that says nothing more."""


class ReportStream:
    """The sending end of reports in the process of a slot; one for all its trials."""

    def __init__(self, connection: socket) -> None:
        self._connection = connection
        self._encoder = msgspec.msgpack.Encoder()
        self._lock = threading.Lock()
        self._unsent = b""
        self._active = threading.Event()
        self.pending: list[Report] = []
        self.sent_at = 0.0
        self.tail: Tail | None = None
        threading.Thread(target=self._send_leftovers, name="reports", daemon=True).start()

    def begin(self) -> None:
        """A trial starts; what a thread of the one before still reported is not its own."""
        self.sent_at = time.perf_counter() - FLUSH_SECONDS
        self.pending = []
        self._active.set()

    def end(self) -> None:
        """The trial is over: everything it reported is sent, waiting for the runner if need be."""
        self._active.clear()
        self.flush(wait=True)

    def gather(self) -> None:
        """What is pending becomes one frame that waits to be sent."""
        with self._lock:
            self._gather()

    def _gather(self) -> None:
        if self.pending:
            batch, self.pending = self.pending, []
            body = self._encoder.encode(batch)
            if self.tail is not None:
                self.tail.append(body)
            self._unsent += frame(Kind.REPORTS, body)

    def flush(self, *, wait: bool = False, ask: bool = False) -> None:
        """Send what is pending as one frame; what does not fit is sent later, or waited for.

        The runner is asked to say when it is judged.
        """
        with self._lock:
            self.sent_at = time.perf_counter()
            self._gather()
            if ask:
                self._unsent += frame(Kind.AWAITS, b"")
            try:
                if wait:
                    self._connection.sendall(self._unsent)
                    self._unsent = b""
                else:
                    sent = self._connection.send(self._unsent, MSG_DONTWAIT)
                    self._unsent = self._unsent[sent:]
            except BlockingIOError:
                return
            except OSError:
                os._exit(1)  # the runner is gone, which is no failure of the training

    def store(self, scores: bytes) -> None:
        """Encoded scores follow all that was reported, in parts, with what is sent next."""
        pieces = [scores[at : at + PART_BYTES] for at in range(0, len(scores), PART_BYTES)]
        parts = [Scored(part=n, parts=len(pieces), data=data) for n, data in enumerate(pieces, 1)]
        with self._lock:
            self._gather()
            if self.tail is not None:
                self.tail.scores = parts
            frames = [frame(Kind.SCORES, self._encoder.encode(part)) for part in parts]
            self._unsent += b"".join(frames)

    def tell(self, kind: Kind, body: bytes) -> None:
        """Send a frame of another kind behind all that was reported before it."""
        with self._lock:
            self._gather()
            self._unsent += frame(kind, body)
        self.flush()

    def _send_leftovers(self) -> None:
        while True:
            self._active.wait()
            time.sleep(LEFTOVER_SECONDS)
            if self.pending or self._unsent:
                self.flush()
