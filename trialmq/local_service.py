"""A client of a database on this machine: the service answers in this process.

So what changes something is carried out by the same code here and on a service elsewhere. It takes
the database's lock for as long as it is open, and every commit is flushed to the disk.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from orchestrator.client.asking import DEADLINE_SECONDS
from orchestrator.client.client import Client
from orchestrator.client.in_process import InProcessTransport
from orchestrator.sampling import Sampler
from orchestrator.service.service import Service
from orchestrator.store.database import InUse
from orchestrator.store.store import Store
from schema.brokers.memory import MemoryHub
from schema.errors import StoreError
from trialmq.local_user import local_user


@asynccontextmanager
async def connected_locally(
    database: Path, *, client: str | None = None, deadline: float = DEADLINE_SECONDS
) -> AsyncIterator[Client]:
    """A client of the studies and profiles in this database, answered in this process.

    Raises:
        StoreError: it does not exist, is not ours or cannot be written.
        InUse: a `trialmq run` or `trialmq serve` has it.
    """
    _check_there(database)
    async with AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(Store.open(database, durable=True))
        except InUse as error:
            raise InUse(
                f"{database} is in use by a `trialmq run` or `trialmq serve` (process "
                f"{error.owner}) that does not listen here: ask the service to do it with "
                "--connect URL, or wait for the run"
            ) from error
        sampler = await stack.enter_async_context(Sampler())
        broker = await stack.enter_async_context(MemoryHub().connect())
        service = await stack.enter_async_context(Service(store, broker, sampler))
        name = local_user() if client is None else client
        transport = InProcessTransport(service.clients.answer, name)
        yield await stack.enter_async_context(Client(transport, deadline=deadline))


def _check_there(database: Path) -> None:
    """Opening it for writing would make one."""
    if not database.exists():
        raise StoreError(f"there is no database {database}; `trialmq run` makes one")
