"""All of TrialMQ in this process, with clients: service, in-process broker, warm runners."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from msgspec.structs import replace

from orchestrator.client.client import Client
from orchestrator.client.transport import BrokerTransport
from orchestrator.sampling import Sampler
from orchestrator.service.service import Service
from orchestrator.store.store import Store
from schema.brokers.memory import MemoryHub
from schema.identity import ORCHESTRATOR, client_party, runner_name
from schema.study import StudySpec
from trial_runner.agent import RunnerAgent
from trial_runner.devices import share
from trial_runner.launcher import Launcher
from trial_runner.settings import RunnerSettings
from trialmq.choices import SweepChoices, study_spec

PATIENCE_SECONDS = 600.0
"""A busy machine is no reason to give up."""


class Embedded:
    """What runs: the study ``spec``, by its runners."""

    def __init__(self, stack: AsyncExitStack, hub: MemoryHub, spec: StudySpec) -> None:
        self.spec = spec
        self._stack = stack
        self._hub = hub

    async def client(self, name: str) -> Client:
        """Another client, connected for as long as all this runs."""
        broker = await self._stack.enter_async_context(self._hub.connect(client_party(name)))
        transport = BrokerTransport(broker, name, ORCHESTRATOR)
        return await self._stack.enter_async_context(Client(transport, deadline=PATIENCE_SECONDS))


@asynccontextmanager
async def embedded(choices: SweepChoices, *, paused: bool = False) -> AsyncIterator[Embedded]:
    """The study that the choices make, on as many runners as they say; ``paused`` at first."""
    async with AsyncExitStack() as stack:
        devices = share(choices.runners)
        launcher = await stack.enter_async_context(
            Launcher(choices.objective, threads=devices[0].threads)
        )
        spec = study_spec(choices, await launcher.load())
        spec = replace(spec, settings=replace(spec.settings, paused=paused))
        hub = MemoryHub()
        store = await stack.enter_async_context(Store.open(choices.database))
        sampler = await stack.enter_async_context(Sampler())
        broker = await stack.enter_async_context(hub.connect())
        service = Service(store, broker, sampler, resident=True)
        await stack.enter_async_context(service)
        await service.open_study(spec)
        for index, device in enumerate(devices, 1):
            theirs = await stack.enter_async_context(hub.connect())
            agent = RunnerAgent(runner_name(index), theirs, [launcher], [device], RunnerSettings())
            await stack.enter_async_context(agent)
        yield Embedded(stack, hub, spec)
