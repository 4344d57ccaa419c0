"""Values that a trial chose itself, after its training or by asking while it ran. Pure."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from orchestrator.engine.trials import Changes, Trial
from schema.growing import grown
from schema.messages import Suggestion
from schema.space import Space
from schema.study import StudySpec
from schema.values import Value


def take_tuned(trial: Trial, tuned: Mapping[str, Value], space: Space, changes: Changes) -> None:
    """It chose these after its training."""
    if tuned:
        trial.config.update({path: space.check(path, value) for path, value in tuned.items()})
        changes.configured[trial.id] = trial


def take_suggested(
    trial: Trial, suggested: Sequence[Suggestion], spec: StudySpec, changes: Changes
) -> StudySpec:
    """It asked for its variables itself: those are its configuration. Returns the study, whose
    space covers them."""
    if not suggested:
        return spec
    space = grown(spec.objective.space, (s.variable for s in suggested))
    if space is not spec.objective.space:
        spec = replace(spec, objective=replace(spec.objective, space=space))
        changes.redefined[trial.study] = spec
    trial.sampled = {s.variable.path: s.value for s in suggested}
    trial.config = dict(trial.sampled)
    changes.configured[trial.id] = trial
    return spec
