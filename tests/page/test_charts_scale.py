"""Scales and thinning: round ends, marks, and pictures that stay the same with fewer points."""

from hypothesis import given
from hypothesis import strategies as st

from webui.charts.scale import drawable, ends, marks, wants_log
from webui.charts.thinning import share, thinned

POSITIVE = st.floats(1e-12, 1e12)


@given(st.lists(POSITIVE, min_size=1, max_size=20), st.booleans())
def test_an_axis_holds_all_its_values(values: list[float], log: bool) -> None:
    found = ends(values, log=log)
    assert found is not None
    assert found[0] <= min(values) * 1.00001
    assert found[1] >= max(values) * 0.99999
    assert found[0] < found[1]


def test_the_ends_of_an_axis_are_round() -> None:
    assert ends([0.213, 0.871], log=False) == (0.2, 1.0)
    assert ends([0.0231, 0.871], log=True) == (0.02, 0.95)
    assert ends([], log=True) is None


@given(POSITIVE, st.floats(1.2, 1e9))
def test_a_logarithmic_axis_has_a_few_marks(low: float, ratio: float) -> None:
    assert 1 <= len(marks(low, low * ratio)) <= 10


def test_marks_are_at_ones_twos_and_fives() -> None:
    assert marks(0.05, 3.0) == [0.05, 0.1, 0.2, 0.5, 1, 2]
    assert marks(1e-5, 1e-1) == [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]


def test_a_logarithmic_scale_is_chosen_for_wide_positive_values_alone() -> None:
    assert wants_log([0.001, 5.0])
    assert not wants_log([0.5, 5.0])
    assert not wants_log([0.0, 5.0])
    assert not wants_log([])
    assert not drawable(0.0, log=True)
    assert not drawable(float("nan"), log=False)


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=300), st.integers(4, 60))
def test_thinning_keeps_ends_and_extremes(values: list[int], limit: int) -> None:
    points = list(enumerate(values))
    left = thinned(points, limit, lambda point: point[1])
    assert len(left) <= max(limit, 0)
    assert left == sorted(left)
    assert {points[0], points[-1]} <= set(left)
    assert min(v for _, v in left) == min(values)
    assert max(v for _, v in left) == max(values)


def test_the_share_of_a_curve_seldom_changes() -> None:
    assert [share(n, 1_000) for n in (1, 9, 10, 11, 12, 600)] == [512, 64, 64, 64, 64, 2]
