"""The pictures of the page in ``docs/images``: a real sweep, a real session, a real browser.

    make screenshots        about five minutes on two cores

A small sweep of the wake-word example runs first; then its best configuration is trained as a
session, which is edited while it runs, and each page is looked at: light, dark, and on a phone.
"""

import asyncio
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

IMAGES = Path(__file__).parent / "images"
CHROMIUM = "/usr/bin/chromium"
OBJECTIVE = "examples/wakeword/train.py:train"
STUDY, SESSION, PROFILE = "wakeword", "living-room", "quiet-room"
SWEEP = ["--trials", "20", "--study", STUDY, "--control-fraction", "0.15", "--quiet"]
SHORT = ["--set", "training.epochs=6"]
EDITS = ["training.learning_rate=4e-4", "training.weight_decay=0.01"]

VIEWS = {
    "studies": "/",
    "study": f"/study/{STUDY}",
    "trials": f"/study/{STUDY}/trials",
    "settings": f"/study/{STUDY}/settings",
    "session": f"/session/{SESSION}",
    "profiles": "/profiles",
    "runners": "/runners",
    "log": "/log",
}
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SETTLED_MILLISECONDS = 5_000
"""Charts are drawn, and nothing moves any more."""


def trialmq(*words: str) -> None:
    """Run one command to its end."""
    subprocess.run([sys.executable, "-m", "trialmq", *words], check=True)


@contextmanager
def session(database: Path) -> Iterator[str]:
    """A training that runs, and the address of the page in its process."""
    words = ["train", OBJECTIVE, "--from", STUDY, "--session", SESSION, "--db", str(database)]
    words += ["--set", "training.epochs=100000"]  # it is ended here, not by itself
    training = subprocess.Popen(
        [sys.executable, "-m", "trialmq", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        assert training.stdout is not None
        for line in training.stdout:
            if found := re.search(rb"http://[\d.:]+", line):
                yield found[0].decode()
                return
        raise SystemExit("the session did not say where its page is")
    finally:
        training.terminate()
        training.wait()


async def picture(browser: Browser, address: str, name: str, path: str, look: str) -> None:
    """One page, as it looks in one way."""
    context = await browser.new_context(
        base_url=address,
        viewport=PHONE if look == "phone" else DESKTOP,
        color_scheme="dark" if look == "dark" else "light",
        device_scale_factor=2 if look == "phone" else 1,
    )
    page = await context.new_page()
    await page.goto(path)
    await page.wait_for_timeout(SETTLED_MILLISECONDS)
    target = IMAGES / f"page-{name}-{look}.png"
    await page.screenshot(path=target, animations="disabled", timeout=120_000)
    print(target.name)
    await context.close()


async def pictures(address: str) -> None:
    """Every page in every way."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        for name, path in VIEWS.items():
            for look in ("light", "dark", "phone"):
                await picture(browser, address, name, path, look)
        await browser.close()


def main() -> None:
    """Sweep, train, edit, look."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "trialmq.db"
        at = ["--db", str(database)]
        trialmq("run", OBJECTIVE, *SWEEP, *SHORT, *at)
        trialmq("profile", "save", PROFILE, "--from", STUDY, *at)
        with session(database) as address:
            trialmq("session", "apply", SESSION, EDITS[0], "--because", "it overshoots", *at)
            trialmq("session", "apply", SESSION, EDITS[1], *at)
            asyncio.run(pictures(address))


if __name__ == "__main__":
    main()
