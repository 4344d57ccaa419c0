"""What befalls the orchestrator: killed at every failpoint and at random, frozen, two at once."""

import re
from pathlib import Path

from tests.chaos.arena import Arena
from tests.chaos.fleet import ORCHESTRATOR, Fleet
from tests.chaos.matrix import case

ROOT = Path(__file__).parents[3]
BACK_SECONDS = 5.0


def failpoints(package: str) -> list[str]:
    """Every failpoint in the source of ``package``."""
    sources = sorted((ROOT / package).rglob("*.py"))
    found = {n for file in sources for n in re.findall(r'reach\("([\w.]+)"', file.read_text())}
    found |= {"study.created", "settings.changed"} if package == "orchestrator" else set()
    return sorted(found)


@case("2", "orchestrator kill -9 at random")
async def killed_at_random(arena: Arena) -> None:
    """Killed again and again, a moment after it serves, while trials end all the time."""
    kills = arena.times(40, 5)
    async with Fleet(arena, runners=2, slots=2) as fleet:
        await fleet.study(12 * kills)
        for _ in range(kills):
            await fleet.until_running()
            await arena.pause(0.0, 0.6)
            fleet.kill(ORCHESTRATOR)
            await fleet.serve()
            await fleet.recovers(BACK_SECONDS)
        await fleet.finish()
