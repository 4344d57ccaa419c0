"""From a URL to a connected client, or to the broker that a service or a runner joins."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from orchestrator.client.asking import DEADLINE_SECONDS
from orchestrator.client.client import Client
from orchestrator.client.transport import BrokerTransport
from schema.brokers.address import URL_VARIABLE, BrokerAddress, broker_address
from schema.brokers.connecting import connect as connect_broker
from schema.errors import BrokerError
from schema.identity import ORCHESTRATOR, checked_name, checked_orchestrator, client_party


def address_of(
    url: str | None,
    *,
    option: str,
    file: Path | None = None,
    password_file: Path | None = None,
    private: bool = False,
) -> BrokerAddress:
    """The broker that was asked for by the ``option`` with this ``url``, else the environment's.

    A URL that is ``private`` may hold a password.

    Raises:
        BrokerError: nothing names one, or what does is wrong.
    """
    address = broker_address(
        url, os.environ, file=file, password_file=password_file, option=option, private=private
    )
    if address is None:
        raise BrokerError(
            f"no broker is named: give {option} amqp://user@host:5672/vhost, or set {URL_VARIABLE}"
        )
    return address


@asynccontextmanager
async def connected(
    address: BrokerAddress,
    *,
    orchestrator: str = ORCHESTRATOR,
    client: str | None = None,
    deadline: float = DEADLINE_SECONDS,
) -> AsyncIterator[Client]:
    """A client of the orchestrator of this name; its own name is by default the broker's user.

    Raises:
        BrokerError: the broker cannot be reached.
        WrongInput: a name cannot be one.
    """
    name = checked_name("client", address.user if client is None else client)
    to = checked_orchestrator(orchestrator)
    async with (
        connect_broker(address, client_party(name)) as broker,
        Client(BrokerTransport(broker, name, to), deadline=deadline) as made,
    ):
        yield made


@asynccontextmanager
async def connect(
    url: str | None, *, orchestrator: str, client: str | None, deadline: float
) -> AsyncIterator[Client]:
    """What `trialmq.connect` is."""
    address = address_of(url, option="tq.connect", private=True)
    async with connected(
        address, orchestrator=orchestrator, client=client, deadline=deadline
    ) as made:
        yield made
