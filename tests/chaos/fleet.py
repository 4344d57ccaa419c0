"""A fleet to be harmed: an orchestrator, runners and a client on the shared broker, for one row.

``async with Fleet(arena, runners=2) as fleet`` has them running; `study` creates a study, `fault`
notes that something was done to the fleet and `recovers` waits for the first record that is stored
after that, `finish` waits for the end of every trial, ends all processes and lets the oracle judge.
A process that ended is started again with `serve` or `runner`, on the same database or spool.
"""

import asyncio
import os
import signal
import sqlite3
import time
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from orchestrator.client import Client
from schema.brokers.address import broker_address
from schema.errors import TrialMQError
from schema.failpoints import VARIABLE as FAILPOINT
from schema.pruning import PrunerSettings
from schema.study import Limits, ObjectiveDescription, StudySettings, StudySpec
from tests.brokers.proxy import Proxy
from tests.chaos.arena import PATIENCE_SECONDS, Arena
from tests.chaos.oracle import judge, living, rows
from tests.cli.fleet import Process
from tests.truth import TRUTH
from trialmq.connecting import connected
from trialmq.waiting_records import read_spool

MARK = "CHAOS_MARK"
ORCHESTRATOR = "orchestrator"
OBJECTIVES = "tests.chaos.objectives"
ENDED = ("complete", "pruned", "failed", "cancelled")
NO_PRUNER = PrunerSettings(pruner="nop")
ORPHAN_SECONDS = 10.0
SPOOL_SECONDS = 30.0


class Fleet:
    """Processes that share a broker and, by a name of their own, an orchestrator."""

    def __init__(
        self,
        arena: Arena,
        *,
        runners: int = 2,
        slots: int = 1,
        objectives: Sequence[str] = ("steady",),
        proxied: Sequence[str] = (),
        folder: Path | None = None,
        **environment: str,
    ) -> None:
        """Nothing is started yet.

        Args:
            objectives: functions of ``tests.chaos.objectives`` that the runners offer.
            proxied: who reaches the broker through a `Proxy` of their own: ``"orchestrator"`` or
                the name of a runner, ``gpu1``, ``gpu2``, …
            folder: where the database is, if that is to be a special place.
            environment: variables of every process; those of ``tests.chaos.altered`` work.
        """
        self.arena = arena
        self.name = uuid.uuid4().hex[:12]
        self.names = [f"gpu{number}" for number in range(1, runners + 1)]
        self.folder = arena.folder / self.name
        self.folder.mkdir(parents=True)
        self.database = (folder or self.folder) / "studies.db"
        self.truth = self.folder / "truth.jsonl"
        self.spools = {name: self.folder / name for name in self.names}
        self.processes: dict[str, Process] = {}
        self.proxies: dict[str, Proxy] = {}
        self.client: Client
        self._slots = slots
        self._objectives = objectives
        self._proxied = proxied
        self._mark = f"{MARK}={uuid.uuid4().hex}"
        self._environment = {MARK: self._mark.partition("=")[2], TRUTH: str(self.truth)}
        self._environment |= environment
        self._trials = 0
        self._fault = (0.0, ((),))
        self._finished: list[tuple[str, Process]] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.truth.touch()
        async with AsyncExitStack() as stack:
            for name in self._proxied:
                self.proxies[name] = await stack.enter_async_context(Proxy(self.arena.node.port))
            stack.callback(self.end)
            await asyncio.gather(self.serve(), *(self.runner(name) for name in self.names))
            address = broker_address(self.url(), {}, option="chaos", private=True)
            assert address is not None
            client = connected(address, orchestrator=self.name, deadline=30.0)
            self.client = await stack.enter_async_context(client)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name, process in [*self._finished, *self.processes.items()]:
            with (self.folder / f"{name}.log").open("a") as log:
                log.write(process.said + "\n----\n")
        await self._stack.aclose()

    def end(self) -> None:
        """Kill whatever is left of this fleet."""
        for process in living(self._mark):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for each in self.processes.values():
            each.process.wait()

    # ------------------------------------------------------------------ processes

    def url(self, name: str = "") -> str:
        """Where the broker is for ``name``."""
        port = self.proxies[name].port if name in self.proxies else self.arena.node.port
        return f"amqp://guest:guest@127.0.0.1:{port}"

    def start(self, name: str, *words: str, failpoint: str = "", **environment: str) -> Process:
        """Any command as the process of this name; a former one is remembered for the logs."""
        if name in self.processes:
            self._finished.append((name, self.processes[name]))
        said = self._environment | environment
        if failpoint:
            said[FAILPOINT] = failpoint
        altered = any(variable.startswith("CHAOS_") for variable in said if variable != MARK)
        process = self.processes[name] = Process(
            words,
            self.folder,
            self.url(name),
            module="tests.chaos.altered" if altered else "trialmq",
            environment=said,
        )
        return process

    async def serve(self, *words: str, failpoint: str = "", **environment: str) -> Process:
        """Start the orchestrator, and wait until it serves."""
        common = ("serve", "--name", self.name, "--db", str(self.database))
        process = self.start(ORCHESTRATOR, *common, *words, failpoint=failpoint, **environment)
        await self.says(ORCHESTRATOR, r"serving .* as")
        return process

    async def runner(
        self, name: str, *words: str, failpoint: str = "", **environment: str
    ) -> Process:
        """Start a runner, and wait until it has loaded its objectives."""
        allowed = [w for each in self._objectives for w in ("--allow", f"{OBJECTIVES}:{each}")]
        place = ["--orchestrator", self.name, "--state-dir", str(self.spools[name])]
        devices = ["--slots", str(self._slots), "--devices", "cpu"]
        process = self.start(
            name,
            *("runner", "--name", name, *allowed, *place, *devices, *words),
            failpoint=failpoint,
            **environment,
        )
        await self.says(name, f"runner {name} offers")
        return process

    async def says(self, name: str, pattern: str, *, times: int = 1) -> None:
        """Returns when the process wrote so many lines that fit; fails when it ends before."""
        await asyncio.to_thread(self.processes[name].says, pattern, times=times)

    async def ends(self, name: str) -> int:
        """The exit code of a process that ends by itself."""
        return await asyncio.to_thread(self.processes[name].ends)

    def kill(self, name: str) -> None:
        """``kill -9``; counted as a fault."""
        self.processes[name].kill()
        self.arena.injected(f"kill -9 of {'a runner' if name in self.spools else name}")
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
        """Send a signal to every process of the fleet, slots and their children too."""
        for process in living(self._mark):
            with suppress(ProcessLookupError):
                os.kill(process, what)

    # ------------------------------------------------------------------ studies

    async def offer(self, objective: str) -> ObjectiveDescription:
        """The objective as a runner offers it, once one does."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            with suppress(TrialMQError):
                for offer in await self.client.offers():
                    if offer.entry == f"{OBJECTIVES}:{objective}":
                        return offer
            await asyncio.sleep(0.1)
        raise TimeoutError(f"nobody offers {objective}")

    async def study(
        self,
        trials: int,
        objective: str = "",
        *,
        name: str = "s",
        pruner: PrunerSettings = NO_PRUNER,
        trial_seconds: float | None = None,
    ) -> None:
        """Create a study of so many trials."""
        spec = StudySpec(
            name=name,
            objective=await self.offer(objective or self._objectives[0]),
            sampler="random",
            seed=self.arena.seed,
            settings=StudySettings(
                pruner=pruner, limits=Limits(trials=trials, trial_seconds=trial_seconds)
            ),
        )
        await self.client.create_study(spec)
        self._trials += trials

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
        """How many trials a runner, or all of them, trains."""
        counted = "SELECT count(*) FROM trial WHERE state = 'running' AND runner LIKE ?"
        found = self.rows(counted, runner)
        return int(found[0][0]) if found else 0

    async def until_ended(self, trials: int) -> None:
        """Returns when at least so many trials have ended."""
        await self.arena.until(lambda: self.ended() >= trials, f"{trials} trials have ended")

    async def until_running(self, runner: str = "%", trials: int = 1) -> None:
        """Returns when a runner (any for ``%``) trains so many."""
        await self.arena.until(lambda: self.running(runner) >= trials, f"{runner} trains")

    # ------------------------------------------------------------------ faults

    def fault(self, *, count: bool = True) -> None:
        """Something was done to the fleet now; the time to recover begins."""
        if count:
            self.arena.injected()
        self._fault = (time.monotonic(), self._pulse())

    async def recovers(self, bound: float | None = None, *, runner: str = "%") -> None:
        """Wait for the first record that is stored after the fault, of ``runner`` if one is named.

        Args:
            bound: seconds that it may take.
        """
        since, before = self._fault
        if runner != "%":
            before = self._pulse(runner)
        await self.arena.until(
            lambda: self.ended() >= self._trials or self._pulse(runner) > before, "it recovers"
        )
        self.arena.recovered_in(time.monotonic() - since, bound)

    def _pulse(self, runner: str = "%") -> tuple[Any, ...]:
        """What grows with each record of a runner that is stored."""
        return tuple(
            self.rows(
                "SELECT count(started) + count(ended) + (SELECT count(*) FROM report r "
                "JOIN attempt b ON b.trial = r.trial AND b.number = r.attempt "
                "WHERE b.runner LIKE ?1) FROM attempt a WHERE a.runner LIKE ?1",
                runner,
            )
        )

    # ------------------------------------------------------------------ the end

    async def finish(self, states: dict[str, int] | None = None, *, repeats: int = 0) -> None:
        """Wait until every trial has ended and is out of the spools, end all, and judge.

        Args:
            states: how the trials must have ended; by default all are complete.
            repeats: so much finished work may have been done again (a runner that was killed may
                take a training with it between its last line and its result).
        """
        try:
            await self.until_ended(self._trials)
            await self.arena.until(self._spools_empty, "the spools are empty", SPOOL_SECONDS)
        except TimeoutError as error:
            self.arena.expect(False, f"{error}: {self.states()}")
        await self.no_orphans()
        await asyncio.to_thread(
            judge,
            self.arena,
            self.database,
            [spool for spool in self.spools.values() if spool.exists()],
            self.truth,
            states={"complete": self._trials} if states is None else states,
            repeats=repeats,
        )

    def _spools_empty(self) -> bool:
        there = [spool for spool in self.spools.values() if (spool / "identity.json").exists()]
        return not any(read_spool(spool).leases for spool in there)

    async def no_orphans(self) -> None:
        """Kill what the harness started, and wait for the end of all that those had started."""
        for process in self.processes.values():
            process.kill()
        try:
            await self.arena.until(
                lambda: not living(self._mark), "no process is left", ORPHAN_SECONDS
            )
        except TimeoutError as error:
            left = living(self._mark)
            self.arena.expect(False, f"{error}: {left} outlived their runner")
            self.end()
