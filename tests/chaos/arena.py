"""What a row of the matrix is handed: a broker, a folder, chance with a seed, and its findings."""

import asyncio
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

from tests.chaos.findings import Findings
from tests.rabbitmq_node import RabbitMQNode

PATIENCE_SECONDS = 40.0
LOOK_SECONDS = 0.05
BUSY = 1.75
"""Processes a core that want to run: above, times say nothing of the fleet."""


class NotHere(Exception):
    """This machine cannot inject the fault; the text is the reason that the table tells."""


class Arena:
    """The place of one row."""

    def __init__(
        self,
        findings: Findings,
        folder: Path,
        node: RabbitMQNode | None,
        *,
        seed: int,
        quick: bool = False,
        timed: bool = True,
    ) -> None:
        self.findings = findings
        self.folder = folder
        self.seed = seed
        self.random = random.Random(f"{seed}/{findings.number}")
        self.quick = quick
        self.timed = timed
        self._node = node

    @property
    def node(self) -> RabbitMQNode:
        """The broker that the rows share; whoever hurts it leaves it running and sound.

        Raises:
            NotHere: there is none.
        """
        if self._node is None:
            raise NotHere("rabbitmq-server is not installed")
        return self._node

    def times(self, full: int, quick: int) -> int:
        """So many in a full run, so many in a quick one."""
        return quick if self.quick else full

    def expect(self, holds: object, sentence: str) -> None:
        """What must hold; the sentence says how it does not."""
        if not holds:
            self.findings.violations.append(sentence)

    def note(self, sentence: str) -> None:
        """A figure for the reader of the table."""
        self.findings.notes.append(sentence)

    def injected(self, what: str = "fault", times: int = 1) -> None:
        """Count a fault."""
        self.findings.injections += times
        self.findings.kills[what] = self.findings.kills.get(what, 0) + times

    def recovered_in(self, seconds: float, bound: float | None) -> None:
        """Note how long it took, which may not be above ``bound``."""
        longest = max(seconds, self.findings.recovery_seconds or 0.0)
        self.findings.recovery_seconds = longest
        self.expect_prompt(
            bound is None or seconds <= bound,
            f"recovered after {seconds:.1f} s, the bound is {bound or 0:g}",
        )

    def expect_prompt(self, holds: object, sentence: str) -> None:
        """What must hold in time.

        On a machine that is busy with other things it is no violation: nothing is prompt there.
        """
        if holds or not self.timed:
            return
        load, cores = os.getloadavg()[0], os.cpu_count() or 1
        if load > BUSY * cores:
            self.note(f"{sentence}, at a load of {load:.0f} on {cores} cores")
        else:
            self.expect(False, sentence)

    async def pause(self, shortest: float, longest: float) -> None:
        """A moment of chance, in seconds: the fault comes when it comes."""
        await asyncio.sleep(self.random.uniform(shortest, longest))

    async def until(
        self, holds: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Returns when it holds.

        Raises:
            TimeoutError: it did not within ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                raise TimeoutError(f"not within {seconds:g} s: {what}")
            await asyncio.sleep(LOOK_SECONDS)
