"""The form of a new study as it is before anybody writes into it. Pure."""

from collections.abc import Collection

from schema.defining import default_study
from schema.durations import SECONDS
from schema.study import Constraint, ObjectiveDescription, StudySpec
from schema.values import written
from schema.variables import Variable
from webui.studies.creating import Form, Role, Wish


def empty_form(offer: ObjectiveDescription, taken: Collection[str]) -> Form:
    """Of an objective, all of it as it is declared, under a name that is not ``taken``."""
    return Form(
        offer=offer,
        name=free_name(default_study(offer.entry), taken),
        wishes={variable.path: _declared(variable) for variable in offer.space.variables},
        metrics=[metric.name for metric in offer.metrics],
        constraints=[_written(constraint) for constraint in offer.constraints],
        directions=[metric.direction.value for metric in offer.metrics] if offer.dynamic else [],
    )


def form_like(spec: StudySpec, offer: ObjectiveDescription, name: str) -> Form:
    """Of an objective, with all that a study of it has; what it has no more is left out."""
    form = empty_form(offer, ())
    settings, pruner, limits = spec.settings, spec.settings.pruner, spec.settings.limits
    for variable in offer.space.variables:
        if spec.objective.space.has(variable.path):
            form.wishes[variable.path] = _as_in(
                spec.objective.space.variable(variable.path), variable
            )
    known = {metric.name for metric in offer.metrics}
    form.metrics = [m.name for m in spec.objective.metrics if m.name in known] or form.metrics
    form.constraints = [_written(constraint) for constraint in spec.objective.constraints]
    if offer.dynamic:
        form.directions = [metric.direction.value for metric in spec.objective.metrics]
    form.name = name
    form.sampler, form.seed = spec.sampler, spec.seed
    form.pruner, form.aggressiveness = pruner.pruner, pruner.aggressiveness
    form.prune_on = pruner.prune_on or ""
    form.parameters = " ".join(f"{k}={written(v)}" for k, v in pruner.parameters.items())
    form.control_percent = round(pruner.control_fraction * 100, 6)
    form.trials = limits.trials
    form.seconds = _duration(limits.seconds)
    form.trial_seconds = _duration(limits.trial_seconds)
    form.silent_seconds = _duration(limits.silent_seconds)
    form.parallelism, form.weight = settings.parallelism, settings.weight
    form.paused = settings.paused
    return form


def free_name(name: str, taken: Collection[str]) -> str:
    """``name``, or the first of ``name-2``, ``name-3`` … that is not taken."""
    number = 1
    found = name
    while found in taken:
        number += 1
        tail = f"-{number}"
        found = name[: 64 - len(tail)] + tail
    return found


def groups(form: Form) -> dict[str, list[Variable]]:
    """The variables of the form by group, in the declared order."""
    found: dict[str, list[Variable]] = {}
    for variable in form.offer.space.variables:
        found.setdefault(variable.group, []).append(variable)
    return found


def _declared(variable: Variable) -> Wish:
    searched = variable.searched or variable.after_training
    role = Role.SEARCH if searched else Role.LEAVE
    return Wish(role=role, domain=variable.domain(), value=written(variable.default))


def _as_in(there: Variable, declared: Variable) -> Wish:
    wish = _declared(declared)
    wish.value = written(there.default)
    if there.searched or there.after_training:
        wish.role, wish.domain = Role.SEARCH, there.domain()
    elif there.default == declared.default:
        wish.role = Role.LEAVE
    else:
        wish.role = Role.FIX
    return wish


def _written(constraint: Constraint) -> str:
    sign = "<=" if constraint.at_most else ">="
    return f"{constraint.metric} {sign} {written(constraint.bound)}"


def _duration(seconds: float | None) -> str:
    """As it is read again."""
    if seconds is None:
        return ""
    for unit in ("d", "h", "m"):
        if seconds >= SECONDS[unit] and seconds % SECONDS[unit] == 0:
            return f"{seconds / SECONDS[unit]:.0f}{unit}"
    return f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"
