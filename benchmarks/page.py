"""How soon is the page there, and how soon does it show what somebody did?

A search with 30 variables in the table, a session that runs, headless Chromium with two tabs:

* from the address to rows that can be edited, with 1,000 and 10,000 trials;
* from Enter in a cell of one tab until the other tab's cell says it;
* from the click on Apply until the page says at which step the training took it;
* with 200 changed rows a second: frames a second of a tab, and the share of a core that the page's
  process takes, service and session included.

    python -m benchmarks.page [--trials 1000,10000] [--edits 20] [--json FILE]
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from playwright.async_api import Browser, Page, async_playwright

from benchmarks.measuring import Figure, loaded, show, write_json
from benchmarks.page_server import OBJECTIVE, SEARCH

CHROMIUM = "/usr/bin/chromium"
PATIENCE_MILLISECONDS = 120_000
CHURN_SECONDS = 8
RATE = "training.rate"
ROWS = "() => window.trials?.api && document.querySelector('.ag-row .ag-cell') && performance.now()"
SECOND_TAB = """([row, field]) => { const patch = trials.patch; window.told = [];
  trials.patch = rows => { patch(rows);
    for (const one of rows) if (one.id === row) told.push([one[field], Date.now()]) } }"""
SAID = """() => /applied at step/.test(document.querySelector('.dialog-card')?.innerText)
  && Date.now()"""
NOW = "() => Date.now()"
FRAMES = """seconds => new Promise(done => { let frames = 0; const began = performance.now();
  const tick = () => { frames++; const passed = performance.now() - began;
    passed < seconds * 1000 ? requestAnimationFrame(tick) : done(frames / passed * 1000) };
  requestAnimationFrame(tick) })"""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What was found with so many trials."""

    trials: int
    figures: list[Figure]


class Server:
    """`benchmarks.page_server` on a database."""

    def __init__(self, database: Path) -> None:
        command = [sys.executable, "-m", "benchmarks.page_server", str(database)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)
        self.url = f"http://127.0.0.1:{self._read().strip()}"

    def churn(self, seconds: float) -> float:
        """Change rows for so long; returns the share of a core that was used."""
        assert self._process.stdin is not None
        print(f"churn {seconds}", file=self._process.stdin, flush=True)
        return float(self._read())

    def end(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


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


async def measure(browser: Browser, server: Server, trials: int, edits: int) -> Measured:
    """All figures on one database."""
    context = await browser.new_context(
        base_url=server.url, viewport={"width": 1440, "height": 900}
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    first, second = await context.new_page(), await context.new_page()
    await usable(first)  # of a server that was just started nothing is loaded yet
    loads = [await usable(second) for _ in range(3)]
    shown = await edit_shown(first, second, edits)
    said = await applied(first, edits)
    frames, busy = await under_churn(server, second)
    figures = [
        Figure(name="usable", unit="ms", rounds=loads),
        Figure(name="Enter, until the other tab shows it", unit="ms", rounds=shown),
        Figure(name="Apply, until the page says at which step", unit="ms", rounds=said),
        Figure(name="frames a second, 200 rows a second", unit="1/s", rounds=[frames]),
        Figure(name="the process meanwhile, of a core", unit="%", rounds=[100 * busy]),
    ]
    await context.close()
    return Measured(trials=trials, figures=figures)


async def usable(tab: Page) -> float:
    """Milliseconds from the address to rows."""
    await tab.goto(f"/study/{SEARCH}/trials")
    return float(await (await tab.wait_for_function(ROWS)).json_value())


async def edit_shown(first: Page, second: Page, edits: int) -> list[float]:
    """Milliseconds from Enter in the first tab until the second one's cell says it."""
    field = f"v:{RATE}"
    await second.evaluate(SECOND_TAB, [0, field])
    found = []
    for index in range(edits):
        value = round(0.001 * (index + 2), 6)
        await write(first, value)
        began = await first.evaluate(NOW)
        await first.keyboard.press("Enter")
        told = f"() => told.find(([value]) => value === {value})?.[1]"
        shown = float(await (await second.wait_for_function(told, polling=10)).json_value())
        found.append(shown - began)
    return found


async def write(tab: Page, value: float) -> None:
    """Into the cell of trial 0, without committing it."""
    await tab.evaluate(f"trials.api.ensureColumnVisible('v:{RATE}')")
    cell = tab.locator(f'.ag-row[row-id="0"] .ag-cell[col-id="v:{RATE}"]')
    await cell.dblclick()
    await cell.locator("input").fill(str(value))


async def applied(tab: Page, edits: int) -> list[float]:
    """Milliseconds from the click on Apply until the page says that the training took it."""
    found = []
    for index in range(edits):
        await write(tab, round(0.01 * (index + 2), 6))
        await tab.keyboard.press("Enter")
        await tab.get_by_role("button", name="Apply to session").click()
        send = tab.locator(".dialog-card").get_by_role("button", name="Apply")
        await send.wait_for()
        began = await tab.evaluate(NOW)
        await send.click()
        said = await (await tab.wait_for_function(SAID, polling=10)).json_value()
        found.append(float(said) - began)
        await tab.get_by_role("button", name="Close").click()
        await tab.locator(".dialog-card").wait_for(state="hidden")
    return found


async def under_churn(server: Server, tab: Page) -> tuple[float, float]:
    """Frames a second of a tab, and what the server used, while rows change."""
    await tab.bring_to_front()
    churning = asyncio.create_task(asyncio.to_thread(server.churn, CHURN_SECONDS))
    frames = float(await tab.evaluate(FRAMES, CHURN_SECONDS - 1))
    return frames, await churning


async def main(trials: list[int], edits: int, json: Path | None) -> None:
    """Measure, and show."""
    found = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        for count in trials:
            with served(count) as server:
                found.append(await measure(browser, server, count, edits))
        await browser.close()
    rows = [
        [f"{figure.name}, {measured.trials:,} trials", str(figure), figure.unit]
        for measured in found
        for figure in measured.figures
    ]
    show(f"The page, two tabs, 30 variables ({loaded()})", ["", "median (range)", ""], rows)
    write_json(json, found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--trials", default="1000,10000")
    parser.add_argument("--edits", type=int, default=20)
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    counts = [int(count) for count in chosen.trials.split(",")]
    asyncio.run(main(counts, chosen.edits, chosen.json))
