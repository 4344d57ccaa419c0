"""The rows: each is a function with a number of the fault matrix and a title.

``@case("6", "runner killed while it trains")`` registers an async function that is handed an
`Arena`, does its worst to a fleet, and lets it be judged. `cases` loads every file of
``tests/chaos/cases`` and returns the rows in the order of their numbers.
"""

import importlib
import pkgutil
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from tests.chaos import cases as folder
from tests.chaos.arena import Arena

Run = Callable[[Arena], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Case:
    """A row of the matrix; ``alone`` where it hurts the broker that the rows share."""

    number: str
    title: str
    run: Run
    alone: bool

    @property
    def order(self) -> tuple[int, ...]:
        """``56.2`` comes after ``56.1`` and before ``56.10``."""
        return tuple(map(int, re.findall(r"\d+", self.number)))


_registered: dict[str, Case] = {}


def case(number: str, title: str, *, alone: bool = False) -> Callable[[Run], Run]:
    """Register a row."""

    def register(run: Run) -> Run:
        assert number not in _registered, f"there are two rows {number}"
        _registered[number] = Case(number, title, run, alone)
        return run

    return register


def cases() -> list[Case]:
    """Every row."""
    for module in pkgutil.iter_modules(folder.__path__):
        importlib.import_module(f"{folder.__name__}.{module.name}")
    return sorted(_registered.values(), key=lambda each: each.order)


def chosen(only: str, among: Iterable[Case]) -> list[Case]:
    """The rows that ``1,6,20-25,56.2`` names; all for an empty text.

    Raises:
        ValueError: a part names none.
    """
    rows = list(among)
    if not only:
        return rows
    found: list[Case] = []
    for part in only.split(","):
        first, _, last = part.strip().partition("-")
        named = [
            row
            for row in rows
            if row.number == first
            or (last and int(first) <= row.order[0] <= int(last))
            or (not last and "." not in first and str(row.order[0]) == first)
        ]
        if not named:
            raise ValueError(
                f"--only {part}: no such row; known are {rows[0].number} to {rows[-1].number}"
            )
        found += [row for row in named if row not in found]
    return found
