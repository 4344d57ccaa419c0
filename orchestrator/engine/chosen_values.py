"""Values that a trial chose itself, after its training or by asking while it ran. Pure."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from orchestrator.engine.trials import Changes, Moment, Trial
from schema.events import EventKind
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
    trial: Trial,
    suggested: Sequence[Suggestion],
    spec: StudySpec,
    moment: Moment,
    changes: Changes,
) -> StudySpec:
    """It asked for its variables itself: those are its configuration. Returns the study, whose
    space covers them."""
    if not suggested:
        return spec
    space = grown(spec.objective.space, (s.variable for s in suggested))
    known = spec.objective.space.variables
    if space.variables != known:
        spec = replace(spec, objective=replace(spec.objective, space=space))
        changes.redefined[trial.study] = spec
        what = ", ".join(variable.path for variable in space.variables if variable not in known)
        text = f"trial {trial.number} made it grow by {what}"
        changes.note(moment.wall, trial.study, EventKind.SPACE, text)
    trial.sampled = {s.variable.path: s.value for s in suggested}
    trial.config = dict(trial.sampled)
    changes.configured[trial.id] = trial
    return spec
