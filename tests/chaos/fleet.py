"""A fleet to be harmed: an orchestrator, runners and a client on the shared broker, for one row.

``async with Fleet(arena, runners=2) as fleet`` has them running; `study` creates a study. What
ended is started again with `serve` or `runner`, on the same database or spool. The rest, how to
harm it and how it is judged, is `tests.chaos.processes.Processes`.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from orchestrator.client.client import Client
from schema.brokers.address import broker_address
from schema.errors import TrialMQError, WrongInput
from schema.pruning import PrunerSettings
from schema.study import Limits, ObjectiveDescription, StudyKind, StudySettings, StudySpec
from tests.brokers.proxy import Proxy
from tests.chaos.arena import PATIENCE_SECONDS, Arena
from tests.chaos.processes import OBJECTIVES, SPOOL_SECONDS, Processes
from tests.cli.fleet import Process
from trialmq.connecting import connected
from trialmq.waiting_records import read_spool

ORCHESTRATOR = "orchestrator"
FEW_MORE = 20
"""Trials that may be made between a look and a change."""
ENDLESS = 100_000
NO_PRUNER = PrunerSettings(pruner="nop")


class Fleet(Processes):
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
        spools: Path | None = None,
        **environment: str,
    ) -> None:
        """Nothing is started yet.

        Args:
            runners: so many, called ``gpu1``, ``gpu2``, …
            objectives: functions of ``tests.chaos.objectives`` that the runners offer.
            proxied: who reaches the broker through a `Proxy` of their own, in ``proxies``:
                ``"orchestrator"`` or the name of a runner.
            folder: where the database is, if that is to be a special place.
            spools: where the runners' folders are, if that is to be a special place.
            environment: variables of every process; those of ``tests.chaos.altered`` work.
        """
        super().__init__(arena, folder, environment)
        names = [f"gpu{number}" for number in range(1, runners + 1)]
        self.spools = {name: (spools or self.folder) / name for name in names}
        self.proxies: dict[str, Proxy] = {}
        self.client: Client
        self._slots = slots
        self._objectives = objectives
        self._proxied = proxied
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for name in self._proxied:
                self.proxies[name] = await stack.enter_async_context(Proxy(self.arena.node.port))
            stack.callback(self.end)
            await asyncio.gather(self.serve(), *(self.runner(name) for name in self.spools))
            address = broker_address(self.url(""), {}, option="chaos", private=True)
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
        await self._stack.aclose()

    def url(self, name: str) -> str:
        port = self.proxies[name].port if name in self.proxies else self.arena.node.port
        return f"amqp://guest:guest@127.0.0.1:{port}"

    async def serve(self, *words: str, failpoint: str = "", **environment: str) -> Process:
        """Start the orchestrator, and wait until it serves."""
        process = self.start_serve(*words, failpoint=failpoint, **environment)
        await self.says(ORCHESTRATOR, r"serving .* as")
        return process

    def start_serve(self, *words: str, failpoint: str = "", **environment: str) -> Process:
        """Start the orchestrator."""
        common = ("serve", "--name", self.name, "--db", str(self.database), *words)
        return self.start(ORCHESTRATOR, *common, failpoint=failpoint, **environment)

    async def runner(
        self, name: str, *words: str, failpoint: str = "", **environment: str
    ) -> Process:
        """Start a runner, and wait until it has loaded its objectives."""
        allowed = [w for each in self._objectives for w in ("--allow", f"{OBJECTIVES}:{each}")]
        place = ["--orchestrator", self.name, "--state-dir", str(self.spools[name])]
        devices = ["--slots", str(self._slots), "--devices", "cpu"]
        command = ("runner", "--name", name, *allowed, *place, *devices, *words)
        process = self.start(name, *command, failpoint=failpoint, **environment)
        await self.says(name, f"runner {name} offers")
        return process

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
        """Create a study of so many trials, of the first objective where none is named."""
        limits = Limits(trials=trials, trial_seconds=trial_seconds)
        spec = StudySpec(
            name=name,
            objective=await self.offer(objective or self._objectives[0]),
            sampler="random",
            seed=self.arena.seed,
            settings=StudySettings(pruner=pruner, limits=limits),
        )
        self.trials += trials
        await self._created(spec)

    async def session(self, name: str = "s") -> None:
        """Begin a session of the first objective."""
        offer = await self.offer(self._objectives[0])
        limits = Limits(trials=1)
        spec = StudySpec(
            name=name,
            objective=offer,
            sampler="random",
            settings=StudySettings(pruner=NO_PRUNER, limits=limits),
            kind=StudyKind.SESSION,
            start=offer.space.defaults(),
        )
        self.trials += 1
        await self._created(spec)

    async def _created(self, spec: StudySpec) -> None:
        """Asked again while the runners of an orchestrator that was just started are arriving."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                await self.client.create_study(spec)
                return
            except WrongInput as error:
                if "no runner has arrived" not in str(error) or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.1)

    async def enough(self, name: str = "s") -> None:
        """No more trials than there are now, but for a few; all of them have to end."""
        [(made, wanted)] = self.rows(
            "SELECT count(*), json_extract(s.spec, '$.settings.limits.trials') "
            "FROM trial t JOIN study s ON s.id = t.study WHERE s.name = ?",
            name,
        )
        await self.client.change_settings(name, {"limits": {"trials": made + FEW_MORE}})
        self.trials += made + FEW_MORE - wanted

    async def settle(self) -> None:
        await self.until(self.spools_empty, "the spools are empty", SPOOL_SECONDS)

    def spools_empty(self) -> bool:
        """Is every record of every runner stored?"""
        there = [spool for spool in self.spools.values() if (spool / "identity.json").exists()]
        return not any(read_spool(spool).leases for spool in there)
