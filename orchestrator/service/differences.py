"""Is that the same objective? The first difference between two descriptions, in words. Pure.

Two questions are asked. May a study go on under another definition (`check_same`)? Does a runner
offer what the study was made of (`first_difference`)? A study may have narrowed the space that is
offered, so there the offer only has to allow everything that the study may choose.
"""

from collections.abc import Iterable

from schema.errors import InvalidValue, WrongInput
from schema.study import ObjectiveDescription, StudySpec
from schema.variables import Variable


def check_same(stored: StudySpec, wanted: StudySpec) -> None:
    """May the stored study go on as the wanted one?

    Raises:
        WrongInput: it has another objective, metrics or space, or one of them is a session.
    """
    new = "take another name with --study, or another database with --db"
    if stored.kind is not wanted.kind:
        was, asked = _what(stored), _what(wanted)
        raise WrongInput(f"{stored.name!r} is a {was}, not a {asked}; take another name")
    imported = not stored.objective.entry
    if not imported and function_of(stored.objective.entry) != function_of(wanted.objective.entry):
        raise WrongInput(
            f"study {stored.name!r} is of the objective {stored.objective.entry}, not "
            f"{wanted.objective.entry}; {new}"
        )
    if stored.objective.dynamic != wanted.objective.dynamic:
        raise WrongInput(f"study {stored.name!r} was made with another search space; {new}")
    if stored.objective.metrics != wanted.objective.metrics:
        raise WrongInput(f"study {stored.name!r} optimises other metrics; {new}")
    if stored.objective.dynamic:  # its space is what trials asked for
        return
    if stored.objective.space.fingerprint() != wanted.objective.space.fingerprint():
        if not stored.is_session and stored.origin != wanted.origin:
            again = stored.origin.replace("profile", "--profile", 1) or "no --profile"
            raise WrongInput(
                f"study {stored.name!r} was made from {_from(stored)}, not from {_from(wanted)}; "
                f"go on with {again}, or {new}"
            )
        raise WrongInput(f"study {stored.name!r} was made with another search space; {new}")


def _what(spec: StudySpec) -> str:
    return "session" if spec.is_session else "study"


def _from(spec: StudySpec) -> str:
    return spec.origin or "the defaults of its objective"


def first_difference(study: ObjectiveDescription, offer: ObjectiveDescription) -> str:
    """What keeps a runner with this offer from the study's trials; empty if nothing does."""
    if study.dynamic and offer.dynamic:  # what it optimises and searches only the study knows
        return ""
    metrics = [f"{m.direction} {m.name}" for m in study.metrics]
    offered_metrics = [f"{m.direction} {m.name}" for m in offer.metrics]
    if metrics != offered_metrics:
        ours, theirs = ", ".join(metrics), ", ".join(offered_metrics)
        return f"it is to {theirs}; the study is to {ours}"
    if study.constraints != offer.constraints:
        return "its constraints are other ones than the study's"
    offered = {variable.path: variable for variable in offer.space.variables}
    for variable in study.space.variables:
        other = offered.pop(variable.path, None)
        if other is None:
            return f"it has no variable {variable.path}; the study has"
        if difference := _refused(variable, other):
            return f"variable {variable.path} {difference}"
    for path in offered:
        return f"it has a variable {path}; the study has none"
    return ""


def _refused(ours: Variable, theirs: Variable) -> str:
    """What of our variable theirs does not allow."""
    if ours.kind != theirs.kind:
        return f"is of type {theirs.kind}; the study has {ours.kind}"
    if ours.when != theirs.when:
        return f"depends on {_conditions(theirs)}; the study has {_conditions(ours)}"
    if ours.after_training and not theirs.after_training:
        return "is not chosen after training; the study chooses it then"
    ends = ours.choices if ours.choices is not None else (ours.low, ours.high, ours.default)
    for value in ends:
        if value is None:
            continue
        try:
            theirs.check(value)
        except InvalidValue:
            return f"has range {theirs.domain() or 'any'}; the study has {_range(ours)}"
    return ""


def _range(variable: Variable) -> str:
    searched = variable.searched or variable.after_training
    return (variable.domain() if searched else "") or str(variable.default)


def _conditions(variable: Variable) -> str:
    return " and ".join(c.path for c in variable.when) or "nothing"


def function_of(entry: str) -> str:
    """An entry point without the folders that lead to it, which may change."""
    return entry.replace("\\", "/").rpartition("/")[2]


def of_this_name(entry: str, offers: Iterable[ObjectiveDescription]) -> list[ObjectiveDescription]:
    """The offer of exactly this entry, else those that differ from it in the folder alone."""
    alike = [offer for offer in offers if function_of(offer.entry) == function_of(entry)]
    return [offer for offer in alike if offer.entry == entry] or alike


def same_objective(one: ObjectiveDescription, other: ObjectiveDescription) -> bool:
    """Are these one objective, in whatever folders?"""
    return (
        function_of(one.entry) == function_of(other.entry)
        and (one.metrics, one.constraints) == (other.metrics, other.constraints)
        and one.space.fingerprint() == other.space.fingerprint()
    )
