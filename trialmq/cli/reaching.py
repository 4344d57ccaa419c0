"""How a command gets at a client: of a service that is named, or of what runs on a database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from schema.brokers.address import URL_VARIABLE
from schema.errors import WrongInput
from trialmq.cli.options import ENVIRONMENT, Fleet, Place

if TYPE_CHECKING:
    from orchestrator.client.client import Client
    from trialmq.connecting import Address


@asynccontextmanager
async def reached(where: Place | Fleet) -> "AsyncIterator[Client]":
    """A client of this place, of a service or of a database; of a fleet, of a service alone.

    Raises:
        WrongInput: nothing is named, nothing is there, or it refuses.
    """
    if isinstance(where, Place) and where.connect is None:
        from trialmq.connecting import connected_here

        opened = connected_here(where.db)
    else:
        place = where if isinstance(where, Place) else where.place
        from trialmq.connecting import connected

        opened = connected(_address(place), orchestrator=place.orchestrator)
    async with opened as client:
        yield client


@asynccontextmanager
async def looked_at(place: Place) -> "AsyncIterator[Client]":
    """A client for looking only: of a service that is named, else of what is stored in a database
    here, whoever runs on it.

    Raises:
        StoreError: the database cannot be read.
        WrongInput: as `reached`.
    """
    if place.connect is None:
        from trialmq.local_service import looking_locally

        opened = looking_locally(place.db)
    else:
        opened = reached(place)
    async with opened as client:
        yield client


def _address(place: Place) -> "Address":
    """The service that has to run."""
    if place.connect is not None:
        from trialmq.connecting import service_address

        url = None if place.connect == ENVIRONMENT else place.connect
        return service_address(url, option="--connect", token_file=place.token_file)
    from trialmq.running_service import running_service

    address = running_service(place.db)
    if address is None:
        raise WrongInput(
            f"no service runs here on {place.db}: name one with --connect ws://host:8484 or "
            f"amqp://user@host:5672/vhost, or set {URL_VARIABLE}"
        )
    return address
