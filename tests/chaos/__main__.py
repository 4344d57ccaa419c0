"""``python -m tests.chaos``: the whole fault matrix, or the rows that were asked for."""

import argparse
import asyncio
import json
import logging
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
from rich.console import Console

from tests.chaos.findings import Findings
from tests.chaos.matrix import Case, cases, chosen
from tests.chaos.running import run_case
from tests.chaos.table import progress_line, show
from tests.rabbitmq_node import RabbitMQNode, installed_home


def main(words: Sequence[str] | None = None) -> int:
    """0 when every row held, 1 when one did not, 2 for a wrong option, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--only", default="", help="rows, as 1,6,20-25")
    parser.add_argument("--seed", type=int, help="repeat the chances of an earlier run")
    parser.add_argument("--quick", action="store_true", help="fewer of each fault")
    parser.add_argument("--jobs", type=int, default=1, help="rows at once that leave the broker be")
    parser.add_argument("--json", type=Path, help="write the findings to this file")
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    options = parser.parse_args(words)
    try:
        rows = chosen(options.only, cases())
    except ValueError as error:
        parser.error(str(error))
    if options.list:
        for row in rows:
            print(f"{row.number:<5} {row.title}")
        return 0
    logging.getLogger("schema").setLevel(logging.CRITICAL)  # what befalls our own clients
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    try:
        found = run(rows, seed, options.quick, options.jobs)
    except KeyboardInterrupt:
        return 130
    if options.json is not None:
        document = {"seed": seed, "rows": msgspec.to_builtins(found)}
        options.json.write_text(json.dumps(document, indent=1) + "\n")
    return 0 if all(row.well for row in found) else 1


def run(rows: Sequence[Case], seed: int, quick: bool, jobs: int) -> list[Findings]:
    """Run the rows on a broker of our own, say how each went, and show the table."""
    console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)
    console.print(f"chaos: {len(rows)} rows, seed {seed}")
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="trialmq-chaos-"))
    home = installed_home()
    with ExitStack() as stack:
        node = None
        if home is not None:
            place = Path(tempfile.mkdtemp(prefix="trialmq-chaos-node-"))
            node = stack.enter_context(RabbitMQNode(home, place))
        found = asyncio.run(_run(rows, folder, node, console, seed, quick, jobs))
    show(console, found)
    console.print(f"{time.monotonic() - began:.0f} s, seed {seed}")
    if all(row.well for row in found):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        console.print(f"logs and databases of what failed: {folder}")
    return found


async def _run(
    rows: Sequence[Case],
    folder: Path,
    node: RabbitMQNode | None,
    console: Console,
    seed: int,
    quick: bool,
    jobs: int,
) -> list[Findings]:
    """First those that may run beside others, then those that hurt the broker."""
    at_once = asyncio.Semaphore(max(1, jobs))
    found: dict[str, Findings] = {}

    async def one(row: Case) -> None:
        async with at_once:
            findings = await run_case(row, folder, node, seed=seed, quick=quick)
        found[row.number] = findings
        console.print(progress_line(findings), markup=False)

    await asyncio.gather(*(one(row) for row in rows if not row.alone))
    for row in rows:
        if row.alone:
            await one(row)
    return [found[row.number] for row in rows]


if __name__ == "__main__":
    sys.exit(main())
