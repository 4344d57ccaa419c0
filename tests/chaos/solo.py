"""One `trialmq run` to be harmed: orchestrator, broker and runners in one process, for one row."""

from pathlib import Path
from types import TracebackType
from typing import Self

from tests.chaos.arena import Arena
from tests.chaos.processes import OBJECTIVES, Processes
from tests.cli.fleet import Process

SWEEP = "sweep"


class Solo(Processes):
    """A sweep of so many trials of an objective in ``tests.chaos.objectives``."""

    def __init__(
        self,
        arena: Arena,
        objective: str,
        trials: int,
        *options: str,
        folder: Path | None = None,
        **environment: str,
    ) -> None:
        super().__init__(arena, folder, environment)
        self.trials = trials
        self._words = [
            *("run", f"{OBJECTIVES}:{objective}", "--trials", str(trials), "--runners", "2"),
            *("--sampler", "random", "--pruner", "nop", "--db", str(self.database), "--quiet"),
            *options,
        ]

    async def __aenter__(self) -> Self:
        self.run()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def run(self, *, failpoint: str = "", **environment: str) -> Process:
        """Start it, or go on with what an earlier one left."""
        return self.start(SWEEP, *self._words, failpoint=failpoint, **environment)

    async def settle(self) -> None:
        code = await self.ends(SWEEP)
        self.arena.expect(code == 0, f"the sweep ended with exit code {code}")
