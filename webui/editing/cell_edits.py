"""What is entered in cells, judged: it becomes a draft, or is refused with the sentence that says
what would be right, or somebody else was faster. Pure.
"""

from collections.abc import Mapping

import msgspec

from schema.errors import InvalidValue
from schema.space import Space
from schema.values import Value
from webui.grid.cells import cell, value_of
from webui.live.drafts import Drafts, Meanwhile


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it: ``refused`` says why nothing, ``theirs`` is there where another tab wrote
    something else meanwhile, ``without_effect`` which condition does not hold."""

    value: Value | None = None
    refused: str = ""
    conflict: bool = False
    theirs: Value | None = None
    without_effect: str = ""


class CellEdits:
    """What one tab enters for one study; ``space`` is what its values obey."""

    def __init__(self, drafts: Drafts, space: Space, tab: str) -> None:
        self._drafts = drafts
        self._space = space
        self._tab = tab

    def enter(
        self, number: int, config: Mapping[str, Value], path: str, entered: object, seen: object
    ) -> Entered:
        """Keep what was entered for a variable of a trial that says `config` itself, in a cell that
        showed `seen` before.

        Raises:
            UnknownName: there is no such variable.
        """
        variable = self._space.variable(path)
        try:
            value = value_of(variable, entered)
        except InvalidValue as error:
            return Entered(refused=error.problem)
        drafts = self._drafts.of(number)
        shown = drafts[path].value if path in drafts else config.get(path)
        try:
            looked_at: Value | None = value_of(variable, seen)
        except InvalidValue:  # there was nothing, or what is not allowed any more
            looked_at = shown if seen == cell(shown) else None
        try:
            self._drafts.edit(
                number, path, value, stored=config.get(path), seen=looked_at, tab=self._tab
            )
        except Meanwhile as error:
            return Entered(value=value, conflict=True, theirs=error.value)
        unmet = self._space.unmet(variable, {**config, **self._drafts.values(number)})
        return Entered(value=value, without_effect=str(unmet) if unmet else "")
