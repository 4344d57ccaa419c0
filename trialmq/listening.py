"""Where the service of this process is open to clients and to a browser, and until when.

The socket is open before anything else is begun, so where it is can be said at once, and whoever
connects only waits. Nothing of the web is loaded until somebody does: a search that nobody watches
pays nothing for it.
"""

import asyncio
import importlib
import importlib.util
import logging
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.client.gateway_address import GatewayAddress
from orchestrator.gateway.listening import Listen, bind, is_local
from orchestrator.service.service import Service
from schema.errors import WrongInput
from schema.secrets import Secret
from trialmq.running_service import announced

logger = logging.getLogger(__name__)

NEEDED = ("starlette", "uvicorn", "websockets")
SHORTEST_TOKEN = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenChoices:
    """Where to listen, and the token that clients need; ``shown`` is it told with the address."""

    listen: Listen
    token: Secret | None = None
    shown: bool = False

    def check(self) -> None:
        """Is this safe, and can it be?

        Raises:
            WrongInput: others could come without a token, or could guess it; the address is none;
                or a library is not installed.
        """
        if not is_installed():
            raise WrongInput(
                "to listen needs a library that is not installed: pip install 'trialmq[gateway]'"
            )
        if self.token is not None and len(self.token.reveal()) < SHORTEST_TOKEN:
            raise WrongInput(
                f"the token has less than {SHORTEST_TOKEN} characters; --new-token makes one"
            )
        if self.token is None and not is_local(self.listen):
            raise WrongInput(
                f"--listen {self.listen}: other machines can reach that, so it needs a token; give "
                "--token-file FILE, set TRIALMQ_TOKEN, or let --new-token make one"
            )


def is_installed() -> bool:
    """Is there what it takes to listen?"""
    return all(importlib.util.find_spec(name) is not None for name in NEEDED)


def new_token() -> Secret:
    """A token that nobody can guess."""
    return Secret(secrets.token_urlsafe(24))


class OpenDoor:
    """A socket at which clients wait until `serving` serves them."""

    def __init__(self, listener: socket.socket, choices: ListenChoices) -> None:
        self.listener = listener
        self._choices = choices
        self._host, self._port = listener.getsockname()[:2]

    @property
    def address(self) -> GatewayAddress:
        """For clients on this machine."""
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)
        return GatewayAddress(url=f"ws://{self._at(here)}", token=self._choices.token)

    @property
    def url(self) -> str:
        """For a person: to be opened in a browser, or given to `trialmq.connect`."""
        host = socket.gethostname() if self._host in ("0.0.0.0", "::") else self._host
        token = self._choices.token
        shown = f"?token={token.reveal()}" if token is not None and self._choices.shown else ""
        return f"http://{self._at(host)}/{shown}"

    def _at(self, host: str) -> str:
        return f"[{host}]:{self._port}" if ":" in host else f"{host}:{self._port}"


@contextmanager
def open_door(choices: ListenChoices, database: Path) -> Iterator[OpenDoor]:
    """An open socket, which commands on this machine find by the database.

    Raises:
        Busy: the port is another process's.
        WrongInput: it is no address of this machine.
    """
    listener = bind(choices.listen)
    with listener:
        door = OpenDoor(listener, choices)
        with announced(database, door.address):
            yield door


@asynccontextmanager
async def serving(door: OpenDoor, service: Service) -> AsyncIterator[None]:
    """While it is open, whoever comes to the door is served; never fails for that."""
    ending = asyncio.Event()
    task = asyncio.create_task(_serve(door, service, ending))
    try:
        yield
    finally:
        ending.set()
        await task


async def _serve(door: OpenDoor, service: Service, ending: asyncio.Event) -> None:
    if not await _somebody_comes(door.listener, ending):
        return
    try:
        await asyncio.to_thread(importlib.import_module, "trialmq.web_service")
        from trialmq.web_service import served

        async with served(door.listener, service, door.address.token):
            await ending.wait()
    except Exception:
        logger.exception("clients are not served any more at %s", door.address)


async def _somebody_comes(listener: socket.socket, ending: asyncio.Event) -> bool:
    """True when somebody has connected; False when it ended before."""
    loop = asyncio.get_running_loop()
    come = asyncio.Event()
    loop.add_reader(listener, come.set)
    waiting = [asyncio.create_task(event.wait()) for event in (come, ending)]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        return not ending.is_set()
    finally:
        loop.remove_reader(listener)
        for task in waiting:
            task.cancel()
