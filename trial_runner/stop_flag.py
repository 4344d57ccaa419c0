"""The flag of a slot: a few bytes of memory that the runner writes and a report reads.

Reading it costs tens of nanoseconds and no system call, so a training process can look at every
step. It holds the serial numbers of the last task that is to be pruned and of the last that is to
be stopped; a serial names one task, so a late order for the task before cannot hit the next. The
third number says how many frames beside tasks were sent to the process, the fourth how often
anything here was changed: as long as it is the same, a report need not look at the others.
"""

import mmap
import os
from typing import Self

SIZE = 32  # four native uint64: prune, stop, frames sent, changes


class StopFlag:
    """Shared between the runner and one process of a slot."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, SIZE)
        self.serials = memoryview(self._memory).cast("Q")

    @classmethod
    def create(cls) -> Self:
        """A new flag; its descriptor is to be passed to the process."""
        import tempfile  # takes long to load, and is needed by runners alone, not by a user's code

        with tempfile.TemporaryFile() as file:
            file.truncate(SIZE)
            return cls(os.dup(file.fileno()))

    def prune(self, serial: int) -> None:
        """Task ``serial`` is to end as pruned."""
        self.serials[0] = serial
        self.serials[3] += 1

    def stop(self, serial: int) -> None:
        """Task ``serial`` is to end now, whatever it has reached."""
        self.serials[1] = serial
        self.serials[3] += 1

    def frames(self, sent: int) -> None:
        """So many frames beside tasks were sent to the process that it is shared with."""
        self.serials[2] = sent
        self.serials[3] += 1

    def close(self) -> None:
        """Give the memory back."""
        self.serials.release()
        self._memory.close()
        os.close(self.descriptor)
