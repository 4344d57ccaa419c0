"""Studies, trials and one turn's changes, made for tests of the store."""

from orchestrator.engine.trials import Changes, Trial
from schema.codec import reports_codec
from schema.messages import Report
from schema.space import Space
from schema.study import (
    Constraint,
    Direction,
    Limits,
    Metric,
    ObjectiveDescription,
    StudySettings,
    StudySpec,
)
from schema.values import Value
from schema.variables import Variable

RATE = Variable(
    path="training.rate", kind="float", default=0.1, low=1e-5, high=1.0, log=True, searched=True
)
SPEC = StudySpec(
    name="größe",
    objective=ObjectiveDescription(
        entry="package.module:train",
        metrics=(Metric(name="f1", direction=Direction.MAXIMIZE),),
        space=Space(variables=(RATE,)),
        constraints=(Constraint.parse("fpr <= 0.05"),),
    ),
    seed=7,
    settings=StudySettings(limits=Limits(trials=100, trial_seconds=60.0)),
)
REPORTS: list[Report] = [(0, 0.5, {"f1": 0.25}), (1, 1.0, {"f1": float("nan"), "loss": -0.0})]


def trial(trial_id: int, study: int = 1, **sampled: Value) -> Trial:
    """A waiting trial; its number is one less than its identifier."""
    values = {RATE.path: 0.5, **sampled}
    return Trial(
        id=trial_id,
        study=study,
        number=trial_id - 1,
        sampled=values,
        config=dict(values),
        created=100.0 + trial_id,
    )


def creating(*trials: Trial) -> Changes:
    """A turn that creates ``trials``."""
    changes = Changes()
    for each in trials:
        changes.create(each)
    return changes


def reporting(of: Trial, seq: int, reports: list[Report]) -> Changes:
    """A turn in which an attempt reported."""
    changes = Changes()
    changes.reports.append((of.id, of.attempt, seq, reports_codec().encode(reports)))
    changes.touch(of)
    return changes
