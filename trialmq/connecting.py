"""From a URL or a database to a connected client, or to the broker that is joined for good."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from orchestrator.client.asking import DEADLINE_SECONDS
from orchestrator.client.client import Client
from orchestrator.client.gateway_address import GatewayAddress, gateway_address, is_gateway
from orchestrator.client.transport import BrokerTransport, Transport
from schema.brokers.address import DEFAULT_PORTS, URL_VARIABLE, BrokerAddress, broker_address
from schema.brokers.connecting import connect as connect_broker
from schema.errors import BrokerError, GatewayError
from schema.identity import ORCHESTRATOR, checked_name, checked_orchestrator, client_party
from trialmq.local_user import local_user
from trialmq.running_service import running_service

Address = BrokerAddress | GatewayAddress


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


def service_address(
    url: str | None,
    *,
    option: str,
    token: str | None = None,
    token_file: Path | None = None,
    private: bool = False,
) -> Address:
    """Where a service is reached: by its gateway (``ws://`` and the like) or over its broker.

    A URL that is ``private`` may hold the token or the password.

    Raises:
        WrongInput: nothing names one, or what does is wrong.
    """
    if url is not None and is_gateway(url):
        return gateway_address(
            url, os.environ, token=token, token_file=token_file, option=option, private=private
        )
    if url is not None and url.strip().partition("://")[0].lower() not in DEFAULT_PORTS:
        raise GatewayError(
            f"{option}: the URL of a service begins with ws://, wss://, amqp:// or amqps://, as "
            "ws://host:8484"
        )
    if token is not None or token_file is not None:
        raise GatewayError(f"{option}: a token is for ws:// and wss://; a broker has passwords")
    return address_of(url, option=option, private=private)


@asynccontextmanager
async def connected(
    address: Address,
    *,
    orchestrator: str = ORCHESTRATOR,
    client: str | None = None,
    deadline: float = DEADLINE_SECONDS,
) -> AsyncIterator[Client]:
    """A client of a service: over a broker of the orchestrator of this name, which is by default
    called as the broker's user; at a gateway of whoever is there, called as the user here.

    Raises:
        BrokerError: the broker cannot be reached.
        GatewayError: the gateway cannot be reached, or refuses.
        WrongInput: a name cannot be one.
    """
    async with AsyncExitStack() as stack:
        if isinstance(address, GatewayAddress):
            transport: Transport = _websocket(address, client or local_user())
        else:
            name = checked_name("client", address.user if client is None else client)
            to = checked_orchestrator(orchestrator)
            broker = await stack.enter_async_context(connect_broker(address, client_party(name)))
            transport = BrokerTransport(broker, name, to)
        yield await stack.enter_async_context(Client(transport, deadline=deadline))


def _websocket(address: GatewayAddress, client: str) -> Transport:
    try:
        from orchestrator.client.websocket import WebSocketTransport
    except ModuleNotFoundError as error:
        raise GatewayError(
            f"{address} needs a library that is not installed; run: pip install 'trialmq[gateway]'"
        ) from error
    return WebSocketTransport(address, client)


@asynccontextmanager
async def connected_here(
    database: Path, *, client: str | None = None, deadline: float = DEADLINE_SECONDS
) -> AsyncIterator[Client]:
    """A client of the service that runs on this database, or of one in this process.

    Raises:
        GatewayError: the one that runs cannot be reached.
        StoreError: as `trialmq.local_service.connected_locally`.
    """
    address = running_service(database)
    if address is None:
        from trialmq.local_service import connected_locally

        opened = connected_locally(database, client=client, deadline=deadline)
    else:
        opened = connected(address, client=client, deadline=deadline)
    async with opened as made:
        yield made


@asynccontextmanager
async def connect(
    url: str | Path | None,
    token: str | None,
    *,
    orchestrator: str,
    client: str | None,
    deadline: float,
) -> AsyncIterator[Client]:
    """What `trialmq.connect` is."""
    if url is not None and "://" not in str(url):
        opened = connected_here(Path(url), client=client, deadline=deadline)
    else:
        named = None if url is None else str(url)
        address = service_address(named, option="tq.connect", token=token, private=True)
        opened = connected(address, orchestrator=orchestrator, client=client, deadline=deadline)
    async with opened as made:
        yield made
