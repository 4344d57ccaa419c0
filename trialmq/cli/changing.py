"""How the commands that change something get at a client: of a database here, or of a service."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from trialmq.cli.options import Place
from trialmq.cli.reaching import reached

if TYPE_CHECKING:
    from orchestrator.client.client import Client

T = TypeVar("T")


def change(place: Place, work: "Callable[[Client], Awaitable[T]]") -> T:
    """What ``work`` returns, done with a client of this place.

    Raises:
        StoreError: the database does not exist, is in use or cannot be written.
        BrokerError, GatewayError: the service cannot be reached.
    """

    async def go() -> T:
        async with reached(place) as client:
            return await work(client)

    return asyncio.run(go())
