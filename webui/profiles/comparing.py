"""Two configurations side by side: every variable, and where they differ. Pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schema.space import Space
from schema.values import Value
from schema.variables import Variable

Values = Mapping[str, Value]


class Compared(NamedTuple):
    """A variable with its value on each side; None where that side has none."""

    path: str
    left: Value | None
    right: Value | None
    variable: Variable | None

    @property
    def differs(self) -> bool:
        """Whether the sides are not the same: 1 is not True."""
        return self.left != self.right or type(self.left) is not type(self.right)


def compared(left: Values, right: Values, spaces: Sequence[Space]) -> dict[str, list[Compared]]:
    """Every variable that either has, by group, in the order in which they are declared."""
    known: dict[str, Variable] = {}
    for space in spaces:
        known.update({v.path: v for v in space.variables if v.path not in known})
    paths = [*known, *sorted({*left, *right} - known.keys())]
    groups: dict[str, list[Compared]] = {}
    for path in paths:
        if path in left or path in right:
            variable = known.get(path)
            group = path.rpartition(".")[0]
            line = Compared(path, left.get(path), right.get(path), variable)
            groups.setdefault(group, []).append(line)
    return groups
