"""Whether enough points dominate another is answered as counting all of them would."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.pruning.dominance import Point, Skyband, Staircases, dominance


def dominated_by(points: list[Point], point: Point) -> int:
    """How many of the points are nowhere worse and somewhere better."""
    return sum(
        all(a >= b for a, b in zip(other, point, strict=True)) and other != point
        for other in points
    )


def few_values(numbers: int) -> st.SearchStrategy[list[Point]]:
    """Points with many equal numbers and many equal points."""
    number = st.sampled_from([float("-inf"), 0.0, 1.0, 2.0, 3.0, float("inf")])
    return st.lists(st.tuples(*[number] * numbers), max_size=40)


@pytest.mark.parametrize("numbers", [1, 2, 3, 4])
@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.data(), k=st.integers(1, 5))
def test_any_points_are_counted_exactly(numbers: int, k: int, data: st.DataObject) -> None:
    known: list[Point] = []
    seen = dominance(k, numbers)
    for point in data.draw(few_values(numbers)):
        assert seen.dominate(point) == (dominated_by(known, point) >= k), (known, point)
        known.append(point)
        seen.add(point)


@pytest.mark.parametrize("grid", [3, 10, 10**9])
@pytest.mark.parametrize("numbers", [2, 3])
def test_many_random_points_are_counted_exactly(numbers: int, grid: int) -> None:
    random = Random(grid + numbers)
    answers = set()
    for k in (1, 2, 4, 7):
        known: list[Point] = []
        seen = dominance(k, numbers)
        for _ in range(300):
            level = random.random()  # metrics that agree more or less
            point = tuple(
                round(level * grid * random.choice([0, 1]) + random.randrange(grid)) + 0.0
                for _ in range(numbers)
            )
            answers.add(seen.dominate(point))
            assert seen.dominate(point) == (dominated_by(known, point) >= k)
            known.append(point)
            seen.add(point)
    assert answers == {True, False}


def test_two_numbers_climb_staircases_and_more_are_searched() -> None:
    assert isinstance(dominance(3, 2), Staircases)
    assert isinstance(dominance(3, 3), Skyband)


def test_what_is_dominated_often_enough_is_not_kept() -> None:
    band = Skyband(2)
    for level in range(1000):
        band.add((float(level), float(level), 0.0))
    assert len(band) == 2
