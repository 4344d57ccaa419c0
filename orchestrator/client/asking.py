"""What every call of a client rests on: a command goes out, its typed answer comes back."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TypeVar

from schema.requests import Command
from schema.values import Value

DEADLINE_SECONDS = 10.0

NOTHING: Mapping[str, Value] = {}
T = TypeVar("T")


class Asking(ABC):
    """Has an answer to every command; `Client` is made of parts that rest on it."""

    @property
    @abstractmethod
    def connected(self) -> bool:
        """True while the connection stands; it is made again by itself."""

    @abstractmethod
    async def ask(
        self, command: Command, kind: type[T] | None, *, deadline: float | None = None
    ) -> T:
        """The answer to ``command``, which is of ``kind``; ``deadline`` in seconds from now."""
