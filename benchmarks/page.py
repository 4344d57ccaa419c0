"""How soon is the page there, and how soon does it show what somebody did?

A search with 30 variables in the table, a session that runs, headless Chromium with two tabs in
windows of their own, so that neither is hidden:

* from the address to rows that can be edited;
* from Enter in a cell of one tab until the other tab's cell says it;
* from the click on Apply until the page says at which step the training took it;
* with 200 changed rows a second: frames a second of a tab, and the share of a core that the page's
  process takes, with all of the service in it;
* what the process holds after many tabs were opened and closed, against after as many before.

    python -m benchmarks.page [--trials 1000,10000] [--edits 10] [--tabs 40] [--json FILE]
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from playwright.async_api import Browser, async_playwright

from benchmarks import page_tabs as tabs
from benchmarks.measuring import Figure, loaded, show, write_json
from benchmarks.page_server import OBJECTIVE, SEARCH, SESSION

CHURN_SECONDS = 8
MANY_ROWS = 2_500
"""With more rows than this the page may take longer until it is usable."""


class Aim(msgspec.Struct, frozen=True):
    """What a figure should be: at most, or at least, so much."""

    bound: float
    at_least: bool = False

    def met(self, figure: Figure) -> bool:
        """Whether it is."""
        return figure.median >= self.bound if self.at_least else figure.median <= self.bound

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:,g}"


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What was found with so many trials."""

    trials: int
    figure: Figure
    aim: Aim

    @property
    def name(self) -> str:
        """What was measured."""
        return f"{self.figure.name}, {self.trials:,} trials"

    @property
    def measured(self) -> str:
        """What was found."""
        return f"{self.figure} {self.figure.unit}"

    def __str__(self) -> str:
        return f"{self.name}: {self.measured} (aim {self.aim})"


class Server:
    """`benchmarks.page_server` on a database."""

    def __init__(self, database: Path) -> None:
        command = [sys.executable, "-m", "benchmarks.page_server", str(database)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self.url = f"http://127.0.0.1:{self._read()}"

    async def tell(self, command: str) -> float:
        """Let it obey a command; returns its answer."""
        assert self._process.stdin is not None
        print(command, file=self._process.stdin, flush=True)
        return float(await asyncio.to_thread(self._read))

    def end(self) -> None:
        """Stop it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def served(trials: int) -> Iterator[Server]:
    """The page of a search that has made so many trials."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "page.db"
        options = ["--study", SEARCH, "--trials", str(trials), "--sampler", "random", "--quiet"]
        command = [sys.executable, "-m", "trialmq", "run", OBJECTIVE, "--db", str(database)]
        subprocess.run([*command, *options], check=True)
        server = Server(database)
        try:
            yield server
        finally:
            server.end()


async def measure(
    browser: Browser, server: Server, trials: int, edits: int
) -> AsyncIterator[Measured]:
    """The figures of two tabs."""

    def found(name: str, unit: str, rounds: list[float], aim: Aim) -> Measured:
        return Measured(trials=trials, figure=Figure(name=name, unit=unit, rounds=rounds), aim=aim)

    windows = [await tabs.new_window(browser, server.url) for _ in range(2)]
    first, second = [await window.new_page() for window in windows]
    await tabs.usable(first, SEARCH)  # of a server that was just started nothing is loaded yet
    soon = Aim(2_500 if trials > MANY_ROWS else 1_500)
    loads = [await tabs.usable(second, SEARCH) for _ in range(5)]
    yield found("usable", "ms", loads, soon)
    shown = await tabs.edit_shown(first, second, edits)
    yield found("Enter, until the other tab shows it", "ms", shown, Aim(200))
    said = await tabs.applied(first, edits)
    yield found("Apply, until the page says at which step", "ms", said, Aim(500))
    await server.tell("end")
    churning = asyncio.create_task(server.tell(f"churn {CHURN_SECONDS}"))
    frames = await tabs.frames(second, CHURN_SECONDS - 1)
    busy = await churning
    for window in windows:
        await window.close()
    yield found("frames, 200 rows a second", "1/s", [frames], Aim(50, at_least=True))
    yield found("the process meanwhile, of a core", "%", [100 * busy], Aim(10))


async def memory(browser: Browser, server: Server, trials: int, many: int) -> Measured:
    """What the server holds more after many tabs were opened and closed than after as many before.

    Those before are what a server needs that is looked at: tabs that were closed linger for a
    moment, in case that they come back.
    """
    addresses = [
        "/",
        "/runners",
        "/log",
        "/profiles",
        f"/study/{SEARCH}",
        f"/study/{SEARCH}/trials",
        f"/study/{SEARCH}/settings",
        f"/session/{SESSION}",
    ]
    held = []
    for _ in range(2):
        for _ in range(many // len(addresses)):
            await tabs.opened_and_closed(browser, server.url, addresses)
        held.append(await server.tell("memory"))
    grown = 100 * (held[1] / held[0] - 1)
    figure = Figure(name=f"memory after {many} more tabs, more by", unit="%", rounds=[grown])
    return Measured(trials=trials, figure=figure, aim=Aim(20))


async def main(trials: list[int], edits: int, many: int, json: Path | None) -> None:
    """Measure, and show."""
    found: list[Measured] = []
    async with async_playwright() as playwright:
        browser = await tabs.launch(playwright)
        for count in trials:
            with served(count) as server:
                async for each in measure(browser, server, count, edits):
                    found.append(each)
                    print(each, flush=True)
                if count == trials[0]:
                    found.append(await memory(browser, server, count, many))
                    print(found[-1], flush=True)
        await browser.close()
    rows = [
        [each.name, each.measured, str(each.aim), "yes" if each.aim.met(each.figure) else "no"]
        for each in found
    ]
    header = ["", "median (lowest to highest)", "aim", "met"]
    show(f"The page, two tabs, 30 variables ({loaded()})", header, rows)
    write_json(json, found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", default="1000,10000")
    parser.add_argument("--edits", type=int, default=10)
    parser.add_argument("--tabs", type=int, default=40, help="so many are opened and closed")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    counts = [int(count) for count in chosen.trials.split(",")]
    asyncio.run(main(counts, chosen.edits, chosen.tabs, chosen.json))
