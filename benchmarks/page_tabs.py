"""What `benchmarks.page` does in the tabs of a headless Chromium, with how long it takes."""

import asyncio
from collections.abc import Iterable

from playwright.async_api import Browser, BrowserContext, Page, Playwright

CHROMIUM = "/usr/bin/chromium"
PATIENCE_MILLISECONDS = 120_000
RATE = "training.rate"
ROWS = """() => window.trials?.api && !trials.api.isDestroyed()
  && document.querySelector('.ag-row .ag-cell') && performance.now()"""
SECOND_TAB = """([row, field]) => { const patch = trials.patch; window.told = [];
  trials.patch = rows => { patch(rows);
    for (const one of rows) if (one.id === row) told.push([one[field], Date.now()]) } }"""
CLICKED = """() => addEventListener('pointerdown', () => { window.clicked = Date.now() }, true)"""
PRESSED = """() => addEventListener('keydown', e => {
  if (e.key === 'Enter') window.pressed = Date.now() }, true)"""
SAID = """() => /applied at step/.test(document.querySelector('.dialog-card')?.innerText)
  && Date.now()"""
LIVE = "() => document.querySelector('.tmq-connection')?.innerText === 'live'"
FRAMES = """seconds => new Promise(done => { let frames = 0; const began = performance.now();
  const tick = () => { frames++; const passed = performance.now() - began;
    passed < seconds * 1000 ? requestAnimationFrame(tick) : done(frames / passed * 1000) };
  requestAnimationFrame(tick) })"""


async def launch(playwright: Playwright) -> Browser:
    """Debian's own."""
    return await playwright.chromium.launch(
        executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
    )


async def new_window(browser: Browser, url: str) -> BrowserContext:
    """A person's window, with nothing cached."""
    context = await browser.new_context(base_url=url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    return context


async def usable(tab: Page, study: str) -> float:
    """Milliseconds from the address to rows."""
    await tab.goto(f"/study/{study}/trials")
    return float(await (await tab.wait_for_function(ROWS)).json_value())


async def edit_shown(first: Page, second: Page, edits: int) -> list[float]:
    """Milliseconds from Enter in the first tab until the second one's cell says it."""
    await first.evaluate(PRESSED)
    await second.evaluate(SECOND_TAB, [0, f"v:{RATE}"])
    found = []
    for index in range(edits):
        value = round(0.001 * (index + 2), 6)
        await _write(first, value)
        await first.keyboard.press("Enter")
        told = f"() => told.find(([value]) => value === {value})?.[1]"
        shown = float(await (await second.wait_for_function(told, polling=10)).json_value())
        found.append(shown - float(await first.evaluate("pressed")))
    return found


async def applied(tab: Page, edits: int) -> list[float]:
    """Milliseconds from the click on Apply until the page says that the training took it."""
    await tab.evaluate(CLICKED)
    found = []
    for index in range(edits):
        await _write(tab, round(0.01 * (index + 2), 6))
        await tab.keyboard.press("Enter")
        await tab.get_by_role("button", name="Apply to session").click()
        await tab.locator(".dialog-card").get_by_role("button", name="Apply").click()
        said = await (await tab.wait_for_function(SAID, polling=10)).json_value()
        found.append(float(said) - float(await tab.evaluate("clicked")))
        await tab.get_by_role("button", name="Close").click()
        await tab.locator(".dialog-card").wait_for(state="hidden")
    return found


async def frames(tab: Page, seconds: float) -> float:
    """Frames a second of the tab."""
    return float(await tab.evaluate(FRAMES, seconds))


async def opened_and_closed(browser: Browser, url: str, addresses: Iterable[str]) -> None:
    """Somebody comes, looks at each address in a tab of its own, and goes."""
    window = await new_window(browser, url)

    async def look(address: str) -> None:
        tab = await window.new_page()
        await tab.goto(address)
        await tab.wait_for_function(LIVE)

    await asyncio.gather(*(look(address) for address in addresses))
    await window.close()


async def _write(tab: Page, value: float) -> None:
    """Into the cell of trial 0, without committing it."""
    await tab.evaluate(f"trials.api.ensureColumnVisible('v:{RATE}')")
    cell = tab.locator(f'.ag-row[row-id="0"] .ag-cell[col-id="v:{RATE}"]')
    await cell.dblclick()
    await cell.locator("input").fill(str(value))
