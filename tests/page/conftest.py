"""A real service over queues in memory, a runner that acts, and who looks at the page: a simulated
user, or a real browser."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User, user_simulation
from nicegui.testing.general import nicegui_reset_globals
from playwright.async_api import Browser, Page, async_playwright, expect

from orchestrator.client.client import Client
from orchestrator.client.transport import BrokerTransport
from orchestrator.gateway.listening import Listen, bind
from orchestrator.gateway.server import serve_app
from orchestrator.service.service import Service
from schema.brokers.memory import MemoryHub
from schema.identity import ORCHESTRATOR, client_party, clients_inbox, runners_inbox
from schema.messages import Assignment
from tests.client.lossy_transport import LossyTransport
from tests.orchestrator.scripted_runner import ScriptedRunner
from tests.orchestrator.serving import serving
from tests.page.acting_runner import OFFER, TWO_METRICS, ActingRunner, spec
from webui.frame import Frame
from webui.live.service import LiveService
from webui.server import page_of

CHROMIUM = Path("/usr/bin/chromium")
INSTALLED = CHROMIUM.exists()
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
PATIENCE_MILLISECONDS = 60_000
expect.set_options(timeout=PATIENCE_MILLISECONDS)
REPEAT_SECONDS = 0.05
REAL = {name: getattr(ui, name) for name in ("navigate", "notify", "download")}
"""What of ``ui`` a simulated user puts its own in the place of."""
TRIALS = 6
"""Of the study ``seeded``: number 3 failed, number 5 runs."""


async def until(condition: Callable[[], object]) -> None:
    """Returns when it holds; the time limit of the test is the only one."""
    while not condition():  # noqa: ASYNC110 - any condition of any page
        await asyncio.sleep(0.02)


def shown(user: User, text: str) -> bool:
    """Whether a simulated user sees this text, on the page or as a notification."""
    with user:
        on_page = ElementFilter(content=text, only_visible=True, local_scope=False)
        return user.notify.contains(text) or any(True for _ in on_page)


def table_rows(user: User) -> list[dict[str, Any]]:
    """The rows of the table that a simulated user sees; none where there is no table yet."""
    with user:
        tables = list(ElementFilter(kind=ui.table, local_scope=False))
    return list(tables[0].rows) if tables else []


async def seen(user: User, text: str) -> None:
    """Returns when a simulated user sees this text."""
    await until(lambda: shown(user, text))


def leave(user: User) -> None:
    """A simulated user is done; afterwards real browsers see notifications and go where they want.

    Whenever anything so much as looks at a user, what that user has takes the place of the real
    ones in ``ui``, and NiceGUI looks at all objects of the process where a page begins to be
    served. So who is done has the real ones.
    """
    vars(user).update(REAL)


@pytest.fixture
def hub() -> MemoryHub:
    """The queues."""
    return MemoryHub()


@pytest.fixture
async def service(hub: MemoryHub, tmp_path: Path) -> AsyncIterator[Service]:
    """A service without studies and runners."""
    async with serving(tmp_path / "studies.db", hub) as service:
        yield service


@pytest.fixture
async def transport(hub: MemoryHub, service: Service) -> AsyncIterator[LossyTransport]:
    """How the page reaches it, as alice."""
    async with hub.connect(client_party("alice")) as broker:
        await broker.declare(clients_inbox())
        yield LossyTransport(BrokerTransport(broker, "alice", ORCHESTRATOR))


@pytest.fixture
async def client(transport: LossyTransport) -> AsyncIterator[Client]:
    """A client of it that repeats itself quickly."""
    async with Client(transport, repeat=REPEAT_SECONDS) as client:
        yield client


@pytest.fixture
async def runner(hub: MemoryHub, service: Service) -> AsyncIterator[ActingRunner]:
    """A runner with two slots that offers two objectives."""
    async with hub.connect("r.runner-1") as broker:
        await broker.declare(runners_inbox())
        acting = ActingRunner(ScriptedRunner(broker))
        await acting.arrive(OFFER, TWO_METRICS)
        yield acting


@pytest.fixture
async def running(client: Client, runner: ActingRunner) -> Assignment:
    """The trial that runs of the study ``seeded``, of which five have ended."""
    await client.create_study(spec("seeded", trials=TRIALS, parallelism=1))
    await runner.train(TRIALS - 1, failing=[3])
    return await runner.begin()


@pytest.fixture
async def seeded(running: Assignment) -> str:
    """The name of that study."""
    return running.study


@pytest.fixture
async def live(client: Client) -> AsyncIterator[LiveService]:
    """What the page's server knows."""
    async with LiveService(client, every=0.05) as live:
        yield live


@pytest.fixture
async def user(live: LiveService) -> AsyncIterator[User]:
    """A person at a simulated browser without JavaScript."""
    async with user_simulation(root=Frame.root(live)) as user:
        yield user
        leave(user)


@pytest.fixture
async def url(live: LiveService) -> AsyncIterator[str]:
    """The address of the page, served in this process."""
    with nicegui_reset_globals():
        listener = bind(Listen(port=0))
        host, port = listener.getsockname()
        async with page_of(live) as app, serve_app(app, listener):
            yield f"http://{host}:{port}"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A real browser; where there is none the test is skipped, but not in CI."""
    if not INSTALLED:
        reason = f"{CHROMIUM} is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=list(FLAGS), timeout=PATIENCE_MILLISECONDS
        )
        yield started
        await started.close()


@pytest.fixture
async def tab(browser: Browser, url: str) -> AsyncIterator[Page]:
    """A tab of it that is at the page; goes elsewhere with ``tab.goto("/study/x")``."""
    context = await browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = await context.new_page()
    yield page
    await context.close()
