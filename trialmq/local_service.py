"""A client of a database on this machine: the service answers in this process.

So everything is asked and carried out by the same code here and on a service elsewhere. Looking
needs no lock. What changes something takes the database's for as long as it is open, and every
commit is flushed to the disk.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from orchestrator.client.asking import DEADLINE_SECONDS
from orchestrator.client.client import Client
from orchestrator.client.in_process import InProcessTransport
from orchestrator.reading.results import Results
from orchestrator.service.looking import Looking
from orchestrator.store.database import InUse
from schema.brokers.memory import MemoryHub
from schema.errors import StoreError
from trialmq.local_user import local_user

LOOK_SECONDS = 600.0
"""An answer that takes thought takes it in this process, and is waited for."""


@asynccontextmanager
async def connected_locally(
    database: Path, *, client: str | None = None, deadline: float = DEADLINE_SECONDS
) -> AsyncIterator[Client]:
    """A client of the studies and profiles in this database, answered in this process.

    Raises:
        StoreError: it does not exist, is not ours or cannot be written.
        InUse: a `trialmq run` or `trialmq serve` has it.
    """
    from orchestrator.sampling import Sampler
    from orchestrator.service.service import Service
    from orchestrator.store.store import Store

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


@asynccontextmanager
async def looking_locally(database: Path) -> AsyncIterator[Client]:
    """A client that only asks, of what is stored in this database; whoever runs on it goes on.

    Raises:
        StoreError: it does not exist, is not ours or is newer.
    """
    async with Results.open(database) as results:
        transport = InProcessTransport(Looking(results).answer, local_user())
        async with Client(transport, deadline=LOOK_SECONDS) as client:
            yield client


def _check_there(database: Path) -> None:
    """Opening it for writing would make one."""
    if not database.exists():
        raise StoreError(f"there is no database {database}; `trialmq run` makes one")
