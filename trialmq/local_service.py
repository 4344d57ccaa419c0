"""A client of a database on this machine: the service answers in this process, over its memory.

So what changes something is carried out by the same code here and on a service elsewhere. It takes
the database's lock for as long as it is open, and every commit is flushed to the disk.
"""

import getpass
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from orchestrator.client.client import Client
from orchestrator.client.transport import BrokerTransport
from orchestrator.sampling import Sampler
from orchestrator.service.service import Service
from orchestrator.store.database import InUse
from orchestrator.store.store import Store
from schema.brokers.memory import MemoryHub
from schema.errors import StoreError, WrongInput
from schema.identity import ORCHESTRATOR, checked_name, client_party

NOBODY = "local"
"""Who changed something, where the system does not say who that is."""


@asynccontextmanager
async def connected_locally(database: Path) -> AsyncIterator[Client]:
    """A client of the studies and profiles in this database.

    Raises:
        StoreError: it does not exist, is not ours or cannot be written.
        InUse: a `trialmq run` or `trialmq serve` has it.
    """
    _check_there(database)
    name = local_user()
    hub = MemoryHub()
    async with AsyncExitStack() as stack:
        try:
            store = await stack.enter_async_context(Store.open(database, durable=True))
        except InUse as error:
            raise InUse(
                f"{database} is in use by a `trialmq run` or `trialmq serve` (process "
                f"{error.owner}): ask the service to do it with --connect URL, or wait for the run"
            ) from error
        sampler = await stack.enter_async_context(Sampler())
        broker = await stack.enter_async_context(hub.connect())
        await stack.enter_async_context(Service(store, broker, sampler))
        ours = await stack.enter_async_context(hub.connect(client_party(name)))
        transport = BrokerTransport(ours, name, ORCHESTRATOR)
        yield await stack.enter_async_context(Client(transport))


def _check_there(database: Path) -> None:
    """Opening it for writing would make one."""
    if not database.exists():
        raise StoreError(f"there is no database {database}; `trialmq run` makes one")


def local_user() -> str:
    """The user of this process, as the name of a client."""
    try:
        return checked_name("client", getpass.getuser())
    except (WrongInput, KeyError, OSError):
        return NOBODY
