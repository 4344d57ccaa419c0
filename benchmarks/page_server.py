"""The served side of `benchmarks.page`: a search that is done, a session that runs, and the page.

Prints its port, then obeys the lines of its standard input, each with a number as its answer:

    end             end the session
    churn SECONDS   change 200 rows a second for so long: the share of a core that was used
    memory          once no tab is there any more: the bytes that the process holds

    python -m benchmarks.page_server DATABASE
"""

import asyncio
import gc
import random
import resource
import sys
import time
from pathlib import Path

import uvicorn
from msgspec.structs import replace
from nicegui import Client

from benchmarks.embedded import embedded
from schema.overrides import Overrides
from schema.pruning import PrunerSettings
from schema.study import Limits
from trialmq.choices import SweepChoices
from webui.live.service import LiveService
from webui.server import page_of

SEARCH, SESSION = "search", "session"
OBJECTIVE = "benchmarks.page_objective:train"
ROWS_A_SECOND, BATCHES_A_SECOND = 200, 20
LONG = 10_000_000


def session(database: Path) -> SweepChoices:
    """A training that runs until the benchmark ends."""
    return SweepChoices(
        objective=OBJECTIVE,
        database=database,
        study=SESSION,
        runners=1,
        session=True,
        pruner=PrunerSettings(pruner="nop"),
        limits=Limits(trials=1),
        overrides=lambda _: Overrides(set={"training.steps": LONG}),
    )


async def obey(live: LiveService, command: str, *given: str) -> float:
    """Do what a line says; returns the answer."""
    match command:
        case "end":
            await live.client.stop_trial(SESSION, 0)
            return 0.0
        case "memory":
            return await memory()
        case _:
            return await churn(live, float(*given))


async def churn(live: LiveService, seconds: float) -> float:
    """Let 200 rows a second say something else; returns the share of a core that was used."""
    study, dice = live.study(SEARCH), random.Random(1)
    began, used = time.monotonic(), _used()
    while time.monotonic() - began < seconds:
        numbers = dice.sample(sorted(study.rows), ROWS_A_SECOND // BATCHES_A_SECOND)
        rows = (study.rows[number] for number in numbers)
        study.put([replace(row, metrics={"f1": dice.random(), "loss": 0.5}) for row in rows])
        await asyncio.sleep(1 / BATCHES_A_SECOND)
    return (_used() - used) / (time.monotonic() - began)


def _used() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def memory() -> float:
    """The bytes that this process holds when everybody has left."""
    while Client.instances:  # noqa: ASYNC110 - NiceGUI tells nobody
        await asyncio.sleep(0.5)
    gc.collect()
    return _held()


def _held() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return float(pages * resource.getpagesize())


async def serve(database: Path) -> None:
    """Until the standard input ends."""
    async with (
        embedded(session(database)) as running,
        LiveService(await running.client("p")) as live,
        page_of(live) as page,
    ):
        config = uvicorn.Config(page, host="127.0.0.1", port=0, log_level="warning")
        server = uvicorn.Server(config)
        socket = config.bind_socket()
        serving = asyncio.create_task(server.serve(sockets=[socket]))
        print(socket.getsockname()[1], flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(await obey(live, *line.split()), flush=True)
        server.should_exit = server.force_exit = True
        await serving


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
