"""A runner with real processes, and an orchestrator that does what a test says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from schema.brokers.memory import MemoryHub
from schema.identity import Queue, orchestrator_party, runner_party
from schema.messages import Assignment
from tests.brokers.members import Connect
from tests.runner.scripted_orchestrator import ScriptedOrchestrator
from trial_runner.agent import RunnerAgent
from trial_runner.devices import Device
from trial_runner.launcher import Launcher
from trial_runner.settings import RunnerSettings
from trial_runner.spool import Lease

OBJECTIVES = Path(__file__).with_name("agent_objectives.py")


def entry(name: str) -> str:
    """An objective of these tests, as a user names it."""
    return f"{OBJECTIVES}:{name}"


def trial(number: int, objective: str, **more: Any) -> Assignment:
    """The first attempt of a trial."""
    more = {"attempt": 1, "values": {"x": 0.5}, "seed": number, **more}
    return Assignment(trial=number, study="s", number=number, objective=entry(objective), **more)


async def eventually(holds: Callable[[], object]) -> None:
    """Wait until what other processes do makes it true, of which nobody is told."""
    async with asyncio.timeout(30):
        while True:
            if holds():
                return
            await asyncio.sleep(0.005)


async def the_lease_of(agent: RunnerAgent) -> Lease:
    """The lease of a runner, as soon as it has one."""
    await eventually(lambda: agent._spool.leases)
    [lease] = agent._spool.leases.values()
    return lease


class Stage:
    """A broker, its orchestrator, and a way to start a runner."""

    def __init__(self, connect: Connect, orchestrator: ScriptedOrchestrator) -> None:
        self.orchestrator = orchestrator
        self._connect = connect

    async def make(self, queue: Queue) -> None:
        """Make a queue of another orchestrator."""
        async with self._connect() as broker:
            await broker.declare(queue)

    @asynccontextmanager
    async def runner(
        self, *objectives: str, slots: int = 1, file: Path = OBJECTIVES, **settings: Any
    ) -> AsyncIterator[RunnerAgent]:
        """A runner called ``r`` that offers these objectives."""
        settings = {"heartbeat_seconds": 0.05, "stop_grace_seconds": 0.3, **settings}
        async with AsyncExitStack() as stack:
            launchers = []
            for objective in objectives:
                launchers.append(await stack.enter_async_context(Launcher(f"{file}:{objective}")))
                await launchers[-1].load()
            broker = await stack.enter_async_context(self._connect(runner_party("r")))
            devices = [Device(name="cpu") for _ in range(slots)]
            agent = RunnerAgent("r", broker, launchers, devices, RunnerSettings(**settings))
            yield await stack.enter_async_context(agent)


@asynccontextmanager
async def stage_on(connect: Connect) -> AsyncIterator[Stage]:
    """An orchestrator that has made the queue already."""
    async with (
        connect(orchestrator_party()) as broker,
        ScriptedOrchestrator(broker) as orchestrator,
    ):
        await orchestrator.make_queue()
        yield Stage(connect, orchestrator)


@pytest.fixture
def hub() -> MemoryHub:
    """The queues of a stage in this process."""
    return MemoryHub()


@pytest.fixture
async def stage(hub: MemoryHub) -> AsyncIterator[Stage]:
    """A stage in this process."""
    async with stage_on(hub.connect) as stage:
        yield stage
