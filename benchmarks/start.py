"""How long does a trial wait before its objective runs?

Three ways to start: in a warm slot; in a fresh process that the fork server makes, torch loaded
(``--isolate``); and in a fresh interpreter that imports torch, which is what a system without warm
processes pays for every trial. Measured at the runner: from handing over the task, or from starting
the process, to the first byte that the objective's process sends back.

    python -m benchmarks.start [--rounds 30] [--json FILE]
"""

import argparse
import asyncio
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.measuring import Figure, show, write_json
from schema.messages import Assignment, Final
from trial_runner.devices import Device
from trial_runner.launcher import Launcher
from trial_runner.settings import RunnerSettings
from trial_runner.slot import Slot

ENTRY = "benchmarks.torch_objective:first_report"


class Watched:
    """A slot whose events can be awaited."""

    def __init__(self, launcher: Launcher, settings: RunnerSettings) -> None:
        self.ready = asyncio.Event()
        self.reported = asyncio.Event()
        self.ended = asyncio.Event()
        device = Device(name="cpu")
        self.slot = Slot(
            "bench",
            device,
            launcher,
            settings,
            on_ready=lambda _: self.ready.set(),
            on_reports=lambda *_: self.reported.set(),
            on_told=lambda slot, told: None,
            on_awaits=lambda slot: None,
            on_final=self._ended,
            on_broken=lambda error: sys.exit(str(error)),
        )

    def _ended(self, slot: Slot, final: Final) -> None:
        assert final.failure is None, final.failure
        self.ended.set()

    async def run(self) -> float:
        """Milliseconds from handing over a task to its first report."""
        self.reported.clear()
        self.ended.clear()
        self.ready.clear()
        began = time.perf_counter()
        self.slot.run(
            Assignment(
                trial=1,
                attempt=1,
                study="bench",
                number=0,
                objective=ENTRY,
                values={"point.x": 1.0, "point.rate": 1e-3},
                seed=1,
            )
        )
        await self.reported.wait()
        taken = time.perf_counter() - began
        await self.ended.wait()
        await self.ready.wait()
        return taken * 1e3


async def warm(launcher: Launcher, count: int) -> list[float]:
    """Starts in a warm slot (ms)."""
    watched = Watched(launcher, RunnerSettings())
    await watched.slot.start()
    await watched.ready.wait()
    times = [await watched.run() for _ in range(count + 3)][3:]
    await watched.slot.close()
    return times


async def isolated(launcher: Launcher, count: int) -> list[float]:
    """Starts of a fresh process and a trial in it (ms)."""
    times = []
    for _ in range(count):
        watched = Watched(launcher, RunnerSettings())
        began = time.perf_counter()
        await watched.slot.start()
        await watched.ready.wait()
        start = (time.perf_counter() - began) * 1e3
        times.append(start + await watched.run())
        await watched.slot.close()
    return times


def fresh() -> float:
    """A fresh interpreter that imports torch (ms)."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    return (time.perf_counter() - began) * 1e3


async def measure(count: int) -> tuple[list[float], list[float]]:
    """Warm and isolated starts behind one fork server."""
    async with Launcher(ENTRY) as launcher:
        await launcher.load()
        return await warm(launcher, count), await isolated(launcher, count)


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    in_warm, in_isolated = asyncio.run(measure(given.rounds))
    figures = [
        Figure(name="warm slot (aim 1 ms)", unit="ms", rounds=in_warm),
        Figure(name="fresh process, forked (aim 40 ms)", unit="ms", rounds=in_isolated),
        Figure(
            name="fresh interpreter, importing torch", unit="ms", rounds=[fresh() for _ in "123"]
        ),
    ]
    show(
        "from the assignment to the first line of the objective",
        ["start", "ms: median (lowest to highest)", "against warm"],
        [[f.name, str(f), f"{f.median / figures[0].median:,.0f}x"] for f in figures],
    )
    write_json(given.json, figures)


if __name__ == "__main__":
    main()
