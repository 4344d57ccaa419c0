"""Is a point dominated by at least k of those seen so far? Exactly, however many they are. Pure.

A point is a tuple of numbers, none of them NaN, of which more is better; one dominates another when
it is nowhere worse and somewhere better. With points in lexicographic order that is: q dominates p
exactly when q > p as tuples and q is nowhere worse after its first number. So equal points need no
care.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import ge

Point = tuple[float, ...]
Corner = tuple[Point, float]
"""Stands for all points that are smaller than the first as a tuple, and in their second number
at most the second."""


class Staircases:
    """Points of two numbers: k nested staircases, of which the j-th bounds what j points dominate.

    A query is one bisection of the innermost staircase, which has about as many corners as the
    front of the best points. Adding a point moves on average a few corners a staircase.
    """

    def __init__(self, k: int) -> None:
        self._stairs = [Staircase() for _ in range(k)]

    def add(self, point: Point) -> None:
        """Take a point in.

        What j + 1 points dominate now: what did so before, and what j points did where the new
        one does too.
        """
        corner = point, point[1]
        incoming = [corner]
        for stairs in self._stairs:
            shared = stairs.within(corner)
            for each in incoming:
                stairs.raise_to(each)
            if not shared:
                break
            incoming = shared

    def dominate(self, point: Point) -> bool:
        """True when at least k of the points dominate ``point``."""
        return self._stairs[-1].covers(point)


class Staircase:
    """The union of the areas of its corners, which rise to the left."""

    __slots__ = ("_edges", "_heights")

    def __init__(self) -> None:
        self._edges: list[Point] = []  # ascending
        self._heights: list[float] = []  # descending

    def covers(self, point: Point) -> bool:
        """True when the point lies in the area of a corner."""
        first = bisect_right(self._edges, point)
        return first < len(self._edges) and self._heights[first] >= point[1]

    def raise_to(self, corner: Corner) -> None:
        """Add the area of a corner; corners inside of it are no more."""
        edge, height = corner
        end = bisect_left(self._edges, edge)
        if end < len(self._edges):
            if self._heights[end] >= height:
                return
            if self._edges[end] == edge:
                end += 1
        start = end
        while start and self._heights[start - 1] <= height:
            start -= 1
        self._edges[start:end] = [edge]
        self._heights[start:end] = [height]

    def within(self, corner: Corner) -> list[Corner]:
        """The corners of what this staircase and the area of ``corner`` have in common."""
        edge, height = corner
        end = bisect_left(self._edges, edge)
        shared: list[Corner] = []
        if end < len(self._edges):
            if self._heights[end] >= height:
                return [corner]
            shared.append((edge, self._heights[end]))
        while end and self._heights[end - 1] <= height:
            end -= 1
            shared.append((self._edges[end], self._heights[end]))
        if end:
            shared.append((self._edges[end - 1], height))
        return shared


class Skyband:
    """Points of any length: those that fewer than k others dominate are kept, and searched.

    The others are not missed: whatever k points dominate, k of the kept ones do. A query and an
    addition walk through the kept points, of which there are some (log n)^(m-1) among n points of
    m independent numbers, and fewer where the numbers agree; a query ends at the k-th found.
    """

    def __init__(self, k: int) -> None:
        self._k = k
        self._points: list[Point] = []  # ascending
        self._dominators: list[int] = []  # of each of them

    def __len__(self) -> int:
        return len(self._points)

    def add(self, point: Point) -> None:
        """Take a point in."""
        count = self._count(point)
        if count >= self._k:
            return
        points, dominators = self._points, self._dominators
        index = bisect_left(points, point)
        for smaller in range(index):
            dominators[smaller] += _nowhere_worse(point, points[smaller])
        points.insert(index, point)
        dominators.insert(index, count)
        if self._k in dominators:
            kept = [each for each, n in zip(points, dominators, strict=True) if n < self._k]
            self._points, self._dominators = kept, [n for n in dominators if n < self._k]

    def dominate(self, point: Point) -> bool:
        """True when at least k of the points dominate ``point``."""
        return self._count(point) >= self._k

    def _count(self, point: Point) -> int:
        """How many of the points dominate ``point``, counted no further than to k."""
        found = 0
        for index in range(len(self._points) - 1, bisect_right(self._points, point) - 1, -1):
            if _nowhere_worse(self._points[index], point):
                found += 1
                if found == self._k:
                    break
        return found


def _nowhere_worse(left: Sequence[float], right: Sequence[float]) -> bool:
    return all(map(ge, left, right))


def dominance(k: int, numbers: int) -> Staircases | Skyband:
    """What answers for points of so many numbers."""
    return Staircases(k) if numbers == 2 else Skyband(k)
