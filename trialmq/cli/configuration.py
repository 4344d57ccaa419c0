"""A configuration on the screen: its groups side by side, what differs from the default marked."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from schema.space import Space
from schema.values import Value
from schema.variables import Variable
from trialmq.cli.figures import shown_value

COLUMN_WIDTH = 38


def configuration_table(space: Space, values: Mapping[str, Value], width: int) -> RenderableType:
    """The active variables of a flat configuration by group, in as many columns as fit."""
    groups: dict[str, list[Variable]] = {}
    for variable in space.variables:
        if space.is_active(variable, values):
            groups.setdefault(variable.group, []).append(variable)
    blocks = [_group(name, variables, values) for name, variables in groups.items()]
    heights = [len(variables) + 2 for variables in groups.values()]
    columns = _columns(heights, max(1, width // COLUMN_WIDTH))
    grid = Table.grid(padding=(0, 4, 0, 0))
    grid.add_row(*(Group(*(blocks[i] for i in column)) for column in columns))
    return Group(grid, _legend(space, values))


def _group(name: str, variables: Sequence[Variable], values: Mapping[str, Value]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    for variable in variables:
        value = values[variable.path]
        changed = value != variable.default
        chosen = variable.searched or variable.after_training
        table.add_row(
            Text(f"  {variable.name}", "" if chosen else "faint"),
            Text(shown_value(value), "changed" if changed else "" if chosen else "faint"),
            Text(shown_value(variable.default) if changed else "", "faint"),
        )
    return Group(Text(name or "(top)", "name"), table, Text())


def _columns(heights: Sequence[int], most: int) -> list[list[int]]:
    """Which groups stand in which column: in order, no column much higher than the others."""
    height = max([*heights, -(-sum(heights) // most)])
    while True:
        columns: list[list[int]] = [[]]
        filled = 0
        for index, own in enumerate(heights):
            if filled and filled + own > height:
                columns.append([])
                filled = 0
            columns[-1].append(index)
            filled += own
        if len(columns) <= most:
            return columns
        height += 1


def _legend(space: Space, values: Mapping[str, Value]) -> RenderableType:
    return Text.assemble(*_legend_parts(space, values))


def _legend_parts(space: Space, values: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    changed = any(values[v.path] != v.default for v in space.variables)
    if changed:
        yield "marked", "changed"
        yield ": differs from the default beside it. ", "faint"
    if any(not (v.searched or v.after_training) for v in space.variables):
        yield "Faint: not searched.", "faint"
