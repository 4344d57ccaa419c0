"""Runs one row: gives it its place, bounds its time, and turns what goes wrong into findings."""

import asyncio
import shutil
import time
import traceback
from pathlib import Path

from tests.chaos.arena import Arena, NotHere
from tests.chaos.findings import Findings
from tests.chaos.matrix import Case
from tests.rabbitmq_node import RabbitMQNode

MOST_SECONDS = 300.0
MOST_LETTERS = 500


async def run_case(
    case: Case,
    folder: Path,
    node: RabbitMQNode | None,
    *,
    seed: int,
    quick: bool = False,
    timed: bool = True,
) -> Findings:
    """The findings of a row; its folder is left only where something is wrong."""
    findings = Findings(number=case.number, title=case.title)
    place = folder / case.number
    place.mkdir(parents=True)
    arena = Arena(findings, place, node, seed=seed, quick=quick, timed=timed)
    began = time.monotonic()
    try:
        async with asyncio.timeout(MOST_SECONDS):
            await case.run(arena)
        arena.expect(findings.judged, "the row was never judged")
        arena.expect(findings.injections, "the row injected nothing")
    except NotHere as reason:
        findings.skipped = str(reason)
    except TimeoutError as error:
        arena.expect(False, str(error) or f"the row took longer than {MOST_SECONDS:g} s")
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in where if "chaos" in frame.filename] or list(where)
        line = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}"
        arena.expect(False, f"{type(error).__name__} at {line}: {str(error)[:MOST_LETTERS]}")
    findings.seconds = time.monotonic() - began
    if findings.well:
        shutil.rmtree(place, ignore_errors=True)
    return findings
