"""A configuration on the screen: its groups side by side, what differs from the default marked."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from rich.text import Text

from schema.figures import shown_value
from schema.space import Space
from schema.values import Value
from schema.variables import Variable

GAP = 4
Lines = list[Text]


def configuration_table(space: Space, values: Mapping[str, Value], width: int) -> Text:
    """The active variables of a flat configuration by group, in as many columns as fit."""
    groups: dict[str, list[Variable]] = {}
    for variable in space.variables:
        if space.is_active(variable, values):
            groups.setdefault(variable.group, []).append(variable)
    columns: list[Lines] = []
    for most in range(len(groups), 0, -1):
        columns = [_column(part, values) for part in split(list(groups.items()), most)]
        if most == 1 or sum(map(_width, columns)) + GAP * (len(columns) - 1) <= width:
            break
    text = Text("\n").join(_beside(columns))
    if legend := ". ".join(_legend(space, values)):
        text.append(f"\n\n{legend}.", "faint")
    return text


Groups = Sequence[tuple[str, list[Variable]]]


def split(groups: Groups, most: int) -> list[Groups]:
    """The groups, in their order, in at most so many columns, the highest as low as possible."""
    heights = [len(variables) + 2 for _, variables in groups]
    height = max([*heights, -(-sum(heights) // most)])
    while True:
        columns: list[list[tuple[str, list[Variable]]]] = [[]]
        filled = 0
        for group, own in zip(groups, heights, strict=True):
            if filled and filled + own > height:
                columns.append([])
                filled = 0
            columns[-1].append(group)
            filled += own
        if len(columns) <= most:
            return list(columns)
        height += 1


def _column(groups: Groups, values: Mapping[str, Value]) -> Lines:
    variables = [variable for _, members in groups for variable in members]
    name_width = max(len(v.name) for v in variables)
    value_width = max(len(shown_value(values[v.path])) for v in variables)
    lines: Lines = []
    for name, members in groups:
        lines += [Text()] if lines else []
        lines.append(Text(name or "(top)", "name"))
        lines += [_line(v, values[v.path], name_width, value_width) for v in members]
    return lines


def _line(variable: Variable, value: Value, name_width: int, value_width: int) -> Text:
    changed = value != variable.default
    plain = "" if variable.searched or variable.after_training else "faint"
    line = Text.assemble((f"  {variable.name:<{name_width}}  ", plain))
    if not changed:
        return line.append(shown_value(value), plain)
    line.append(f"{shown_value(value):<{value_width}}", "changed")
    return line.append(f"  ({shown_value(variable.default)})", "faint")


def _width(lines: Lines) -> int:
    return max(line.cell_len for line in lines)


def _beside(columns: Sequence[Lines]) -> Iterator[Text]:
    for row in zip_longest(*columns, fillvalue=Text()):
        joined = Text()
        for line, width in zip(row, map(_width, columns), strict=True):
            joined.append_text(line).append(" " * (width - line.cell_len + GAP))
        joined.rstrip()
        yield joined


def _legend(space: Space, values: Mapping[str, Value]) -> Iterator[str]:
    if any(values[v.path] != v.default for v in space.variables):
        yield "In brackets: the default, where it differs"
    if any(not (v.searched or v.after_training) for v in space.variables):
        yield "Faint: not searched"
