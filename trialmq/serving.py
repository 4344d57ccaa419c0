"""One orchestrator for a fleet: a database, a broker, and the service between them.

It serves until it is told to end. Nothing is lost however that happens: runners train on and keep
what they have to say, and the next one on this database goes on where this one was. A standby waits
for the lock of the database, which the kernel frees when its holder dies.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.sampling import Sampler
from orchestrator.service.service import Service
from orchestrator.store.database import InUse
from orchestrator.store.store import Deposed, Store
from schema.brokers.address import BrokerAddress
from schema.brokers.connecting import connect
from schema.errors import StoreError, WorkFailed, WrongInput
from schema.identity import ORCHESTRATOR, checked_orchestrator, orchestrator_party
from trialmq.interruption import uninterrupted
from trialmq.listening import ListenChoices, OpenDoor, open_door, serving

logger = logging.getLogger(__name__)

LOCK_SECONDS = 0.5
"""How often a standby looks whether the database is free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeChoices:
    """What the user chose."""

    address: BrokerAddress
    database: Path
    name: str = ORCHESTRATOR
    standby: bool = False
    version: str = ""
    listen: ListenChoices | None = None


async def serve(choices: ServeChoices) -> bool:
    """Serve until the first Ctrl-C or SIGTERM: False, since nothing else ends it.

    Raises:
        StoreError: the database is in use, not ours, or cannot be written.
        BrokerError: the broker cannot be reached; a standby keeps trying.
        WrongInput: it cannot listen where it was told to; a standby serves its runners then.
        WorkFailed: another orchestrator took over, or nothing can be stored any more.
    """
    checked_orchestrator(choices.name)
    return await uninterrupted(_serve(choices))


async def _serve(choices: ServeChoices) -> None:
    party = orchestrator_party(choices.name)
    async with (
        _store(choices) as store,
        _door(choices) as door,
        Sampler() as sampler,
        connect(choices.address, party, patient=choices.standby) as broker,
    ):
        try:
            async with Service(
                store,
                broker,
                sampler,
                orchestrator=choices.name,
                resident=True,
                version=choices.version,
            ) as service:
                logger.info(
                    "serving %s as %r at %s, term %d; Ctrl-C ends it, nothing is lost",
                    choices.database,
                    choices.name,
                    choices.address,
                    store.term,
                )
                async with _listening(door, service):
                    await service.broken()
        except Deposed as error:
            raise WorkFailed(f"{error}; this one ends, nothing is lost") from error
        except StoreError as error:
            raise WorkFailed(str(error)) from error


@asynccontextmanager
async def _store(choices: ServeChoices) -> AsyncIterator[Store]:
    """The database, locked; a standby waits for it."""
    told = False
    async with AsyncExitStack() as stack:
        while True:
            try:
                opening = Store.open(choices.database, durable=True)
                store = await stack.enter_async_context(opening)
                break
            except InUse as error:
                if not choices.standby:
                    raise
                if not told:
                    logger.info("standing by: %s", str(error).partition(";")[0])
                    told = True
            await asyncio.sleep(LOCK_SECONDS)
        if told:
            logger.info("taking over: %s is free", choices.database)
        yield store


@asynccontextmanager
async def _door(choices: ServeChoices) -> AsyncIterator[OpenDoor | None]:
    """Where this listens; what a standby takes over is more than that."""
    with ExitStack() as stack:
        door = None
        if choices.listen is not None:
            try:
                door = stack.enter_context(open_door(choices.listen, choices.database))
            except WrongInput as error:
                if not choices.standby:
                    raise
                logger.error("clients are not served: %s", error)
        yield door


@asynccontextmanager
async def _listening(door: OpenDoor | None, service: Service) -> AsyncIterator[None]:
    if door is None:
        yield
        return
    logger.info("listening at %s", door.url)
    async with serving(door, service):
        yield
