"""What one tab has picked of a study: the selected trials, and those that a brush leaves.

Charts, the table and the drawer of a tab share one `Selection`: a click on a point selects the row,
a brush over the parallel coordinates filters the table. It is kept on the server, so nothing of it
is lost when the page is drawn anew.
"""

from collections.abc import Callable, Iterable
from typing import Any

Listener = Callable[[], None]


class Selection:
    """The trials picked in one tab, by number.

    ``selected`` stand in the order in which they were picked; ``brushed`` is ``None`` where no
    brush is drawn. ``version`` grows with every change of them. ``choices`` is what the charts of
    the tab are set to.
    """

    def __init__(self) -> None:
        self.selected: tuple[int, ...] = ()
        self.brushed: frozenset[int] | None = None
        self.version = 0
        self.choices: dict[str, Any] = {}
        self._listeners: list[Listener] = []

    @property
    def last(self) -> int | None:
        """The trial picked last: the one whose details are shown."""
        return self.selected[-1] if self.selected else None

    def select(self, numbers: Iterable[int]) -> None:
        """Select these trials and no others."""
        self._set(tuple(dict.fromkeys(numbers)), self.brushed)

    def toggle(self, number: int) -> None:
        """Select a trial beside the others, or leave it out again."""
        others = tuple(each for each in self.selected if each != number)
        self._set(others if number in self.selected else (*others, number), self.brushed)

    def clear(self) -> None:
        """Select nothing; the brush stays."""
        self._set((), self.brushed)

    def brush(self, numbers: Iterable[int] | None) -> None:
        """Leave only these trials; ``None`` takes the brush away."""
        self._set(self.selected, None if numbers is None else frozenset(numbers))

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` after every change; returns what ends that."""
        self._listeners.append(listener)

        def end() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return end

    def _set(self, selected: tuple[int, ...], brushed: frozenset[int] | None) -> None:
        if (selected, brushed) == (self.selected, self.brushed):
            return
        self.selected, self.brushed = selected, brushed
        self.version += 1
        for listener in tuple(self._listeners):
            listener()
