"""The served side of `benchmarks.page`: a search that is done, a session that runs, and the page.

Prints its port, then obeys lines on its standard input: ``churn SECONDS`` changes 200 rows a second
for so long, and prints the share of a core that the whole process took meanwhile.

    python -m benchmarks.page_server DATABASE
"""

import asyncio
import random
import resource
import sys
import time
from pathlib import Path

import uvicorn
from msgspec.structs import replace
from nicegui import app as pages

from benchmarks.embedded import embedded
from schema.overrides import Overrides
from schema.pruning import PrunerSettings
from schema.study import Limits
from trialmq.choices import SweepChoices
from webui.live.service import LiveService
from webui.server import create_app

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


async def serve(database: Path) -> None:
    """Until the standard input ends."""
    async with (
        embedded(session(database)) as running,
        LiveService(await running.client("p")) as live,
    ):
        served = create_app(live)
        config = uvicorn.Config(served, host="127.0.0.1", port=0, log_level="warning")
        server = uvicorn.Server(config)
        socket = config.bind_socket()
        serving = asyncio.create_task(server.serve(sockets=[socket]))
        print(socket.getsockname()[1], flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(await churn(live, float(line.split()[1])), flush=True)
        server.should_exit = server.force_exit = True
        await serving
        pages.shutdown()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
