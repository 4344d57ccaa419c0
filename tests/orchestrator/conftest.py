"""What the tests of the service share: a database, the queues and a runner."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schema.brokers.memory import MemoryHub
from schema.identity import runners_inbox
from tests.orchestrator.asking import Asking
from tests.orchestrator.scripted_runner import ScriptedRunner


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "studies.db"


@pytest.fixture
def hub() -> MemoryHub:
    """The queues; they outlive a service, as those of a broker of its own would."""
    return MemoryHub()


@pytest.fixture
async def runner(hub: MemoryHub) -> AsyncIterator[ScriptedRunner]:
    """A runner that listens."""
    async with hub.connect() as broker:
        await broker.declare(runners_inbox())
        runner = ScriptedRunner(broker)
        await runner.listen()
        yield runner


@pytest.fixture
async def client(hub: MemoryHub) -> AsyncIterator[Asking]:
    """A client that listens."""
    async with hub.connect() as broker:
        client = Asking(broker)
        await client.listen()
        yield client
