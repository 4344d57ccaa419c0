"""Curves in a terminal: a line of blocks for the way up, a plot of braille dots for a whole curve.

Pure: numbers in, text out.
"""

import math
from collections.abc import Sequence

from schema.figures import figure, measured

BLOCKS = "▁▂▃▄▅▆▇█"
BRAILLE = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of a braille character for each of its four rows and two columns of dots."""
MEASURE = 1e100

Point = tuple[float, float]


def sparkline(values: Sequence[float], width: int) -> str:
    """The values as at most ``width`` blocks, the lowest value the lowest block."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return ""
    if len(finite) > width:
        finite = [finite[round(i * (len(finite) - 1) / (width - 1))] for i in range(width)]
    low, high = min(finite), max(finite)
    if low == high:
        return BLOCKS[0] * len(finite)
    top = len(BLOCKS) - 1
    return "".join(BLOCKS[round((value - low) / (high - low) * top)] for value in finite)


def plot(
    points: Sequence[Point], width: int, height: int, marks: Sequence[tuple[float, str]] = ()
) -> list[str]:
    """The points joined by lines, ``height`` rows and an axis below, ``width`` characters in all.

    Each mark, a place on the axis and what stands below it, is an arrow there; of several in one
    column the last one is named.

    Points that are not finite, or beyond any measure, are left out; nothing comes of no point.
    """
    finite = [(x, y) for x, y in points if abs(x) < MEASURE and abs(y) < MEASURE]
    if not finite:
        return []
    xs, ys = [x for x, _ in finite], [y for _, y in finite]
    labels = [measured(max(ys)), measured(min(ys))]
    margin = max(map(len, labels)) + 1
    columns = max(4, width - margin - 1)
    rows = _rows(finite, columns, height)
    texts = [""] * height
    texts[0], texts[-1] = labels
    lines = [f"{text:>{margin}}┤{row}" for text, row in zip(texts, rows, strict=True)]
    first, last = figure(min(xs)), figure(max(xs))
    axis, below = _marked(marks, min(xs), max(xs), columns)
    lines.append(" " * margin + "└" + axis)
    if below:
        lines.append(" " * (margin + 1) + below)
    gap = columns - len(first) - len(last)
    lines.append(" " * (margin + 1) + first + " " * max(1, gap) + last)
    return lines


def _marked(
    marks: Sequence[tuple[float, str]], first: float, last: float, columns: int
) -> tuple[str, str]:
    """The axis with its arrows, and the line below it."""
    axis, below = ["─"] * columns, [" "] * columns
    for x, text in marks:
        inside = min(max(x, first), last)
        share = (inside - first) / (last - first) if first < last else 0.5
        column = round(share * (columns - 1))
        axis[column] = "▲"
        start = min(column, max(0, columns - len(text)))
        below[start : start + len(text)] = text
    return "".join(axis), "".join(below).rstrip()


def _rows(points: Sequence[Point], columns: int, rows: int) -> list[str]:
    cells = [[0] * columns for _ in range(rows)]
    across = _shares([x for x, _ in points])
    up = _shares([y for _, y in points])
    right, bottom = columns * 2 - 1, rows * 4 - 1
    placed = [(x * right, (1 - y) * bottom) for x, y in zip(across, up, strict=True)]
    for start, end in zip(placed, placed[1:] or placed, strict=False):
        steps = max(1, math.ceil(max(abs(end[0] - start[0]), abs(end[1] - start[1]))))
        for i in range(steps + 1):
            x = round(start[0] + (end[0] - start[0]) * i / steps)
            y = round(start[1] + (end[1] - start[1]) * i / steps)
            cells[y // 4][x // 2] |= DOTS[y % 4][x % 2]
    return ["".join(chr(BRAILLE + cell) for cell in row) for row in cells]


def _shares(values: Sequence[float]) -> list[float]:
    """Where each value lies between the lowest, 0, and the highest, 1; equal ones in the middle."""
    low, high = min(values), max(values)
    return [(value - low) / (high - low) if low < high else 0.5 for value in values]
