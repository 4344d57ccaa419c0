"""The page in a process of its own, on the client of a service elsewhere or of a database here."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from orchestrator.client.client import Client
from orchestrator.gateway.access import Access
from orchestrator.gateway.listening import bind
from orchestrator.gateway.server import serve_app
from trialmq.interruption import uninterrupted
from trialmq.listening import ListenChoices, OpenDoor
from webui.server import page


async def web(
    client: AbstractAsyncContextManager[Client],
    choices: ListenChoices,
    tell: Callable[[str], None],
) -> bool:
    """Serve the page until the first Ctrl-C or SIGTERM: False, since nothing else ends it.

    Args:
        client: whose page it is; entered here
        choices: where to listen, and for whom
        tell: told the address once the page is there

    Raises:
        Busy: the port is another process's.
        WrongInput: the service or the database cannot be reached, or the address is none.
    """
    return await uninterrupted(_serve(client, choices, tell))


async def _serve(
    client: AbstractAsyncContextManager[Client],
    choices: ListenChoices,
    tell: Callable[[str], None],
) -> None:
    async with served(client, choices) as url:
        tell(url)
        await asyncio.get_running_loop().create_future()


@asynccontextmanager
async def served(
    client: AbstractAsyncContextManager[Client], choices: ListenChoices
) -> AsyncIterator[str]:
    """While it is open the page is served; gives its address, with the token where it is new."""
    with bind(choices.listen) as listener:
        door = OpenDoor(listener, choices)
        async with (
            client as entered,
            page(entered) as app,
            serve_app(Access(app, choices.token), listener),
        ):
            yield door.url
