"""The two-heap collection against a sorted list."""

from collections.abc import Callable
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.pruning.ranked import RankedValues

VALUES = st.lists(st.floats(allow_nan=False), max_size=60)
RANKS: dict[str, Callable[[int], int]] = {
    "smallest": lambda count: 0,
    "largest": lambda count: count - 1,
    "median": lambda count: (count - 1) // 2,
    "66.6 %": lambda count: floor((count - 1) * 0.666),
    "best third": lambda count: max(count // 3 - 1, 0),
}


@pytest.mark.parametrize("rank", RANKS.values(), ids=RANKS)
@given(values=VALUES)
def test_the_value_at_the_rank_and_the_next_are_those_of_a_sorted_list(
    rank: Callable[[int], int], values: list[float]
) -> None:
    ranked = RankedValues(rank)
    for count, value in enumerate(values, 1):
        ranked.add(value)
        ordered = sorted(values[:count])
        assert len(ranked) == count
        assert ranked.at_rank == ordered[rank(count)]
        assert ranked.next_larger == ordered[min(rank(count) + 1, count - 1)]


@pytest.mark.parametrize("rank", RANKS.values(), ids=RANKS)
@given(values=VALUES.filter(bool), data=st.data())
def test_a_value_taken_out_is_as_if_it_had_never_come(
    rank: Callable[[int], int], values: list[float], data: st.DataObject
) -> None:
    ranked = RankedValues(rank)
    for value in values:
        ranked.add(value)
    gone = data.draw(st.sampled_from(values))
    ranked.remove(gone)
    ranked.add(0.5)
    values.remove(gone)
    ordered = sorted([*values, 0.5])
    assert len(ranked) == len(ordered)
    assert ranked.at_rank == ordered[rank(len(ordered))]


def test_taking_out_a_value_that_is_not_there_is_an_error() -> None:
    ranked = RankedValues(lambda count: 0)
    ranked.add(1.0)
    with pytest.raises(ValueError):
        ranked.remove(2.0)
