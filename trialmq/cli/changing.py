"""How the commands that change something get at a client: of a database here, or of a service."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from trialmq.cli.options import Place, service_address

if TYPE_CHECKING:
    from orchestrator.client.client import Client

T = TypeVar("T")


def change(place: Place, work: "Callable[[Client], Awaitable[T]]") -> T:
    """What ``work`` returns, done with a client of this place.

    Raises:
        StoreError: the database does not exist, is in use or cannot be written.
        BrokerError: the broker of the service cannot be reached.
    """

    async def go() -> T:
        if place.connect is None:
            from trialmq.local_service import connected_locally

            async with connected_locally(place.db) as client:
                return await work(client)
        from trialmq.connecting import connected

        address = service_address(place)
        async with connected(address, orchestrator=place.orchestrator) as client:
            return await work(client)

    return asyncio.run(go())
