"""What every benchmark needs: repeated rounds side by side, medians with their spread, one table.

The machines are shared and noisy, so contestants take turns within a round and only figures of one
run are compared.
"""

import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """The median of several rounds, with the lowest and the highest."""

    name: str
    unit: str
    rounds: list[float]

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return statistics.median(self.rounds)

    def __str__(self) -> str:
        low, high = min(self.rounds), max(self.rounds)
        return f"{_short(self.median)} ({_short(low)} to {_short(high)})"


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def rounds(
    contestants: Mapping[str, Callable[[], float]], count: int, unit: str
) -> dict[str, Figure]:
    """Run every contestant ``count`` times, taking turns."""
    found: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(count):
        for name, measure in contestants.items():
            found[name].append(measure())
    return {name: Figure(name=name, unit=unit, rounds=r) for name, r in found.items()}


def show(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table."""
    table = Table(title=title, title_justify="left")
    for index, name in enumerate(header):
        table.add_column(name, justify="left" if index == 0 else "right")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def loaded() -> str:
    """How busy the machine is, to be told beside figures."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def write_json(path: Path | None, figures: object) -> None:
    """Write the figures where ``--json`` says."""
    if path is not None:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(figures)))
