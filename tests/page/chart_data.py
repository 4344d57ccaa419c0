"""Studies made up for the charts: rows and curves whose picture is known beforehand."""

from collections.abc import Mapping

from schema.messages import Report
from schema.results import TrialResult
from schema.study import Constraint, Direction, Metric, ObjectiveDescription, StudySpec
from schema.trial import TrialState
from schema.values import Value
from tests.page.acting_runner import SPACE

LOSS = Metric(name="loss", direction=Direction.MINIMIZE)
LATENCY = Metric(name="latency", direction=Direction.MINIMIZE)


def spec(*metrics: Metric, at_most: float | None = None) -> StudySpec:
    """A study of these metrics; with ``at_most`` the loss has a bound."""
    bounds = () if at_most is None else (Constraint(metric="loss", at_most=True, bound=at_most),)
    objective = ObjectiveDescription(
        entry="train.py:train", metrics=metrics or (LOSS,), space=SPACE, constraints=bounds
    )
    return StudySpec(name="s", objective=objective)


def row(
    number: int,
    loss: float | None = None,
    state: TrialState = TrialState.COMPLETE,
    *,
    config: Mapping[str, Value] | None = None,
    **metrics: float,
) -> TrialResult:
    """A trial that came to this loss; one that is not complete had it last."""
    sampled = dict(config or {})
    found = None
    if state is TrialState.COMPLETE and loss is not None:
        found = {"loss": loss, **metrics}
    return TrialResult(
        id=number + 1,
        study=1,
        number=number,
        sampled=sampled,
        config={**SPACE.defaults(), **sampled},
        created=1_000.0 + number,
        started=1_000.0 + number,
        ended=1_001.0 + number if state.ended else None,
        runner="host",
        attempt=1,
        state=state,
        value=loss,
        metrics=found,
    )


def curve(*values: float, metric: str = "loss") -> list[Report]:
    """One value a step."""
    return [(step, 0.1 * step, {metric: value}) for step, value in enumerate(values)]
