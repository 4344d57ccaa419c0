"""Processes to be harmed, with one database between them, for one row of the matrix.

`start` starts one and `kill`, `stop`, `go_on` harm it; `fault` notes that something was done, and
`recovers` waits for the first record that is stored after that. `finish` waits for the end of every
trial, ends what is left, and lets the oracle judge. `tests.chaos.fleet.Fleet` is a fleet of them,
`tests.chaos.solo.Solo` one `trialmq run`.
"""

import asyncio
import os
import signal
import sqlite3
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from schema.failpoints import VARIABLE as FAILPOINT
from tests.chaos.arena import PATIENCE_SECONDS, Arena
from tests.chaos.oracle import States, judge, living, rows
from tests.cli.fleet import Process
from tests.truth import TRUTH

MARK = "CHAOS_MARK"
ALTERED = "tests.chaos.altered"
OBJECTIVES = "tests.chaos.objectives"
ENDED = ("complete", "pruned", "failed", "cancelled")
ORPHAN_SECONDS = 10.0
SPOOL_SECONDS = 30.0


class Processes:
    """Commands of one row, all with a mark of their own in the environment."""

    def __init__(self, arena: Arena, folder: Path | None, environment: dict[str, str]) -> None:
        self.arena = arena
        self.name = uuid.uuid4().hex[:12]
        self.folder = arena.folder / self.name
        self.folder.mkdir(parents=True)
        self.database = (folder or self.folder) / "studies.db"
        self.truth = self.folder / "truth.jsonl"
        self.truth.touch()
        self.spools: dict[str, Path] = {}
        self.processes: dict[str, Process] = {}
        self.trials = 0
        """How many trials have to end."""
        self._mark = f"{MARK}={uuid.uuid4().hex}"
        self._environment = {MARK: self._mark.partition("=")[2], TRUTH: str(self.truth)}
        self._environment |= environment
        self._fault: tuple[float, int] = (0.0, 0)
        self._former: list[tuple[str, Process]] = []

    # ------------------------------------------------------------------ processes

    def url(self, name: str) -> str:
        """Where the broker is for the process of this name."""
        return ""

    def start(self, name: str, *words: str, failpoint: str = "", **environment: str) -> Process:
        """Any command of ours as the process ``name``; a former one is kept for its log."""
        if name in self.processes:
            self._former.append((name, self.processes[name]))
        said = self._environment | environment
        if failpoint:
            said[FAILPOINT] = failpoint
        altered = any(each.startswith("CHAOS_") for each in said if each != MARK)
        module = ALTERED if altered else "trialmq"
        url = self.url(name)
        process = Process(words, self.folder, url, module=module, environment=said)
        self.processes[name] = process
        return process

    async def says(self, name: str, pattern: str, *, times: int = 1) -> None:
        """Returns when the process wrote so many lines that fit; fails when it ends before."""
        await asyncio.to_thread(self.processes[name].says, pattern, times=times)

    async def ends(self, name: str) -> int:
        """The exit code of a process that ends by itself, -9 for one that was killed."""
        return await asyncio.to_thread(self.processes[name].ends)

    def kill(self, name: str) -> None:
        """``kill -9``; counted as a fault."""
        self.processes[name].kill()
        self.arena.injected(f"kill -9 of {'a runner' if name in self.spools else f'the {name}'}")
        self.fault(count=False)

    def stop(self, name: str) -> None:
        """SIGSTOP; counted as a fault."""
        self.processes[name].process.send_signal(signal.SIGSTOP)
        self.fault()

    def go_on(self, name: str) -> None:
        """SIGCONT; the time to recover begins here."""
        self.processes[name].process.send_signal(signal.SIGCONT)
        self.fault(count=False)

    def everybody(self, what: signal.Signals) -> None:
        """Send a signal to every process, slots and their children too."""
        for process in living(self._mark):
            with suppress(ProcessLookupError):
                os.kill(process, what)

    def living(self) -> int:
        """How many processes there are, slots and their children too."""
        return len(living(self._mark))

    def end(self) -> None:
        """Kill whatever is left, and write down what each process said."""
        self.everybody(signal.SIGKILL)
        for each in self.processes.values():
            each.process.wait()
        for name, process in [*self._former, *self.processes.items()]:
            with (self.folder / f"{name}.log").open("a") as log:
                log.write(process.said + "---- ended\n")

    # ------------------------------------------------------------------ what is stored

    def rows(self, sql: str, *values: object) -> list[Any]:
        """What the database says; nothing while it cannot be read."""
        try:
            return rows(self.database, sql, *values)
        except sqlite3.Error:
            return []

    def states(self) -> dict[str, int]:
        """How many trials are in which state."""
        return dict(self.rows("SELECT state, count(*) FROM trial GROUP BY state"))

    def ended(self) -> int:
        """How many trials have ended."""
        states = self.states()
        return sum(states.get(state, 0) for state in ENDED)

    def running(self, runner: str = "%") -> int:
        """How many trials a runner, or all of them, trains as far as is stored."""
        counted = "SELECT count(*) FROM trial WHERE state = 'running' AND runner LIKE ?"
        found = self.rows(counted, runner)
        return int(found[0][0]) if found else 0

    async def until(
        self, holds: Callable[[], object], what: str, seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Returns when it holds; TimeoutError when that takes longer."""
        await self.arena.until(holds, what, seconds)

    async def until_ended(self, trials: int) -> None:
        """Returns when at least so many trials have ended."""
        await self.until(lambda: self.ended() >= trials, f"{trials} trials have ended")

    async def until_running(self, runner: str = "%", trials: int = 1) -> None:
        """Returns when a runner (any for ``%``) trains so many."""
        await self.until(lambda: self.running(runner) >= trials, f"{runner} trains {trials}")

    # ------------------------------------------------------------------ faults

    def fault(self, *, count: bool = True, runner: str = "%") -> None:
        """Something was done now, to ``runner`` if one is named; the time to recover begins."""
        if count:
            self.arena.injected()
        self._fault = (time.monotonic(), self._pulse(runner))

    def since_fault(self) -> float:
        """Seconds since the last fault."""
        return time.monotonic() - self._fault[0]

    async def recovers(self, bound: float | None = None, *, runner: str = "%") -> None:
        """Wait for the first record that is stored after the fault, of ``runner`` if one is named.

        Args:
            bound: seconds that it may take.
        """
        since, before = self._fault
        await self.until(
            lambda: self.ended() >= self.trials or self._pulse(runner) > before, "it recovers"
        )
        self.arena.recovered_in(time.monotonic() - since, bound)

    def _pulse(self, runner: str) -> int:
        """What grows with each record of a runner that is stored."""
        found = self.rows(
            "SELECT count(started) + count(ended) + (SELECT count(*) FROM report r "
            "JOIN attempt b ON b.trial = r.trial AND b.number = r.attempt "
            "WHERE b.runner LIKE ?1) FROM attempt a WHERE a.runner LIKE ?1",
            runner,
        )
        return int(found[0][0]) if found else 0

    # ------------------------------------------------------------------ the end

    async def finish(self, states: States | None = None, *, repeats: int = 0) -> None:
        """Wait until every trial has ended and is out of the spools, end all, and judge.

        Args:
            states: how the trials must have ended, by state, or what must hold of that; by default
                all are complete.
            repeats: so much finished work may have been done again (a runner that is killed takes
                with it a training between its last line and its result).
        """
        try:
            await self.until_ended(self.trials)
            await self.settle()
        except TimeoutError as error:
            self.arena.expect(False, f"{error}: {self.states()}")
        await self.no_orphans()
        await asyncio.to_thread(
            judge,
            self.arena,
            self.database,
            [spool for spool in self.spools.values() if spool.exists()],
            self.truth,
            states={"complete": self.trials} if states is None else states,
            repeats=repeats,
        )

    async def settle(self) -> None:
        """Returns when nothing is on its way any more."""

    async def no_orphans(self) -> None:
        """Kill what was started here, and wait for the end of all that those had started."""
        for process in self.processes.values():
            process.kill()
        try:
            await self.until(lambda: not living(self._mark), "no process is left", ORPHAN_SECONDS)
        except TimeoutError as error:
            self.arena.expect(False, f"{error}: {living(self._mark)} outlived their runner")
            self.everybody(signal.SIGKILL)
