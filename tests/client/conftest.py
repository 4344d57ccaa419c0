"""A service with one runner, and clients of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from orchestrator.client.client import Client
from orchestrator.client.transport import BrokerTransport
from orchestrator.service.service import Service
from schema.brokers.memory import MemoryHub
from schema.identity import ORCHESTRATOR, client_party, clients_inbox, runners_inbox
from tests.client.lossy_transport import LossyTransport
from tests.orchestrator.scripted_runner import ScriptedRunner
from tests.orchestrator.serving import OFFER, serving

REPEAT_SECONDS = 0.05


@pytest.fixture
def hub() -> MemoryHub:
    """The queues."""
    return MemoryHub()


@pytest.fixture
async def service(hub: MemoryHub, tmp_path: Path) -> AsyncIterator[Service]:
    """A service."""
    async with serving(tmp_path / "studies.db", hub) as service:
        yield service


@pytest.fixture
async def transport(hub: MemoryHub) -> AsyncIterator[LossyTransport]:
    """How alice reaches the service."""
    async with hub.connect(client_party("alice")) as broker:
        await broker.declare(clients_inbox())
        yield LossyTransport(BrokerTransport(broker, "alice", ORCHESTRATOR))


@pytest.fixture
async def client(service: Service, transport: LossyTransport) -> AsyncIterator[Client]:
    """A client that repeats itself quickly."""
    async with Client(transport, repeat=REPEAT_SECONDS) as client:
        yield client


@pytest.fixture
async def runner(hub: MemoryHub, service: Service) -> AsyncIterator[ScriptedRunner]:
    """A runner that arrived."""
    async with arrived(hub) as runner:
        yield runner


@asynccontextmanager
async def arrived(hub: MemoryHub) -> AsyncIterator[ScriptedRunner]:
    """A runner that the service has welcomed."""
    async with hub.connect("r.runner-1") as broker:
        await broker.declare(runners_inbox())
        runner = ScriptedRunner(broker)
        await runner.listen()
        await runner.hello(OFFER)
        await runner.orders()
        yield runner
