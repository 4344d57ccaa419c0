"""A runner and what is needed of an orchestrator, in one process that a test may kill.

    python -m tests.faults.lone_runner FOLDER OBJECTIVE TRIALS

The runner's spool is in the folder, and so is what the orchestrator has committed: each record that
it took, synced before it is acknowledged. It ends when every trial is complete.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from schema.brokers.memory import MemoryHub
from schema.messages import Assignment, Final, Heartbeat, Record
from schema.trial import Outcome
from tests.runner.scripted_orchestrator import ScriptedOrchestrator
from trial_runner.agent import RunnerAgent
from trial_runner.devices import Device
from trial_runner.launcher import Launcher
from trial_runner.settings import RunnerSettings


def committed(folder: Path) -> list[Record]:
    """What the orchestrator has taken so far, in order."""
    path = folder / "committed"
    lines = path.read_bytes().splitlines() if path.exists() else []
    return [msgspec.msgpack.decode(bytes.fromhex(line.decode()), type=Record) for line in lines]


def keep(file: BinaryIO, record: Record) -> None:
    """Commit one record."""
    file.write(msgspec.msgpack.encode(record).hex().encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())


class Bookkeeper:
    """Which attempt of each trial is due: the first, or the one after a failure."""

    def __init__(self, records: list[Record], objective: str, trials: int) -> None:
        self.attempts = dict.fromkeys(range(1, trials + 1), 1)
        self._objective = objective
        for record in records:
            self.note(record)

    def note(self, record: Record) -> None:
        """Take a record into account."""
        if isinstance(record.body, Final):
            if record.body.outcome is Outcome.COMPLETE:
                del self.attempts[record.trial]
            else:
                self.attempts[record.trial] = record.attempt + 1

    def due(self, heard: Sequence[Heartbeat] = ()) -> tuple[Assignment, ...]:
        """The assignments that the runner does not say it holds."""
        claimed = {claim.trial for heartbeat in heard for claim in heartbeat.leases}
        return tuple(
            Assignment(
                trial=trial,
                attempt=attempt,
                study="study",
                number=trial,
                objective=self._objective,
                values={"point.x": trial / 100},
                seed=trial,
            )
            for trial, attempt in self.attempts.items()
            if trial not in claimed
        )


async def main(folder: Path, objective: str, trials: int) -> None:
    """Run until all is complete."""
    records = committed(folder)
    books = Bookkeeper(records, objective, trials)
    hub = MemoryHub()
    with (folder / "committed").open("ab") as file:
        async with (
            hub.connect() as ours,
            hub.connect() as theirs,
            ScriptedOrchestrator(ours) as orchestrator,
            Launcher(objective) as launcher,
        ):

            def take(record: Record) -> None:
                keep(file, record)
                books.note(record)

            for record in records:
                orchestrator.taken.setdefault((record.trial, record.attempt), []).append(record)
            orchestrator.on_taken = take
            await orchestrator.make_queue()
            await launcher.load()
            settings = RunnerSettings(heartbeat_seconds=0.1, state_dir=folder / "spool")
            devices = [Device(name="cpu"), Device(name="cpu")]
            async with RunnerAgent("r", theirs, [launcher], devices, settings) as agent:
                await orchestrator.assign(*books.due())
                while books.attempts:
                    orchestrator.heartbeats.clear()
                    await orchestrator.until(lambda: orchestrator.heartbeats or not books.attempts)
                    await orchestrator.assign(*books.due(orchestrator.heartbeats[-1:]))
                await agent.drain(5.0)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
