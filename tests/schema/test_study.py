"""When a result holds the constraints of its objective."""

import pytest

from schema.space import Space
from schema.study import Constraint, Direction, Metric, ObjectiveDescription


@pytest.mark.parametrize(
    ("constraint", "values", "holds"),
    [
        ("rate <= 0.1", {"rate": 0.1}, True),
        ("rate <= 0.1", {"rate": 0.2}, False),
        ("rate <= 0.1", {}, False),
        ("recall >= 0.5", {"recall": 0.5}, True),
        ("recall >= 0.5", {"recall": 0.4}, False),
        ("recall >= 0.5", {}, False),
        ("rate <= 0.1", {"rate": float("nan")}, False),
    ],
)
def test_a_missing_or_unknown_metric_violates_its_constraint(
    constraint: str, values: dict[str, float], holds: bool
) -> None:
    objective = ObjectiveDescription(
        entry="train.py:train",
        metrics=(Metric(name="score", direction=Direction.MAXIMIZE),),
        space=Space(variables=()),
        constraints=(Constraint.parse(constraint),),
    )
    assert objective.feasible(values) is holds
