"""The signed-rank test against scipy's, in each of its three ways."""

from random import Random

import pytest
from scipy.stats import wilcoxon  # type: ignore[import-untyped]

from orchestrator.pruning.signed_rank import SignedRanks


def p_greater(differences: list[float]) -> float:
    """The p-value after the differences came one by one."""
    ranks = SignedRanks()
    for difference in differences:
        ranks.add(difference)
    return ranks.p_greater()


@pytest.mark.parametrize("digits", [0, 1, 9], ids=["many ties", "ties", "no ties"])
@pytest.mark.parametrize("count", [2, 5, 9, 14, 33, 50, 51, 80])
def test_the_p_value_is_scipys(count: int, digits: int) -> None:
    random = Random(count)
    for _ in range(4):
        differences = [round(random.gauss(0.3, 2.0), digits) for _ in range(count)]
        expected = wilcoxon(differences, alternative="greater", zero_method="zsplit").pvalue
        assert p_greater(differences) == pytest.approx(expected, rel=1e-9)


def test_differences_that_are_all_zero_say_nothing() -> None:
    assert p_greater([0.0] * 5) > 0.4
    assert p_greater([0.0] * 30) == pytest.approx(0.5)


def test_without_differences_there_is_nothing_to_test() -> None:
    with pytest.raises(ValueError):
        SignedRanks().p_greater()
