"""From what runners offer to the study that a person wants of it. Pure.

The command line and the page make the same study of the same wishes, because they use this.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from msgspec.structs import replace

from schema.errors import WrongInput
from schema.identity import checked_name
from schema.pruning import PrunerSettings
from schema.study import (
    Constraint,
    Declared,
    Direction,
    Metric,
    ObjectiveDescription,
    StudyKind,
    StudySettings,
    StudySpec,
)
from schema.values import Value

SAMPLERS = {
    "tpe": "Tree-structured Parzen estimator: good for almost everything",
    "random": "random search",
    "gp": "Gaussian process: few, expensive trials",
    "cmaes": "CMA-ES: many trials of numeric variables",
    "nsga2": "NSGA-II: several metrics, many trials",
    "qmc": "quasi-random points, spread evenly",
    "brute_force": "every combination",
}
"""Who chooses configurations, by name, and what each is good for."""


def default_study(entry: str) -> str:
    """The study of an objective that was given no name: ``wakeword-train`` for
    ``examples/wakeword/train.py:train``, so that the same command goes on with the same study."""
    place, _, name = entry.rpartition(":")
    path = PurePosixPath(place)
    parts = [*path.parent.parts[-1:], path.stem] if place.endswith(".py") else place.split(".")
    words = [part.strip("._") for part in [*parts, name] if part.strip("._/")]
    unique = list(dict.fromkeys(words))[-3:]
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in "-".join(unique))[:64]


def directed(offer: ObjectiveDescription, directions: Sequence[Direction]) -> ObjectiveDescription:
    """An Optuna objective does not say which way is better: the user does, or less is.

    Raises:
        WrongInput: this one does say so.
    """
    if not directions:
        return offer
    if not offer.dynamic:
        raise WrongInput(
            f"--direction is for Optuna objectives; {offer.entry} says itself what it optimises"
        )
    name = offer.metrics[0].name
    if len(directions) == 1:
        return replace(offer, metrics=(Metric(name=name, direction=directions[0]),))
    metrics = tuple(
        Metric(name=f"{name}_{index}", direction=direction)
        for index, direction in enumerate(directions)
    )
    return replace(offer, metrics=metrics)


def session_of(
    offer: ObjectiveDescription,
    name: str,
    values: Mapping[str, Value],
    *,
    origin: str = "",
    settings: StudySettings | None = None,
) -> StudySpec:
    """A training for real: it begins with ``values``, defaults filling in, which are from
    ``origin``; every value that the objective's class allows may be edited in.

    Raises:
        WrongInput: it cannot be called so, or a value is not allowed.
    """
    return StudySpec(
        name=checked_name("session", name),
        objective=offer,
        sampler="random",
        settings=settings or StudySettings(),
        kind=StudyKind.SESSION,
        start=offer.space.complete(values),
        origin=origin,
    )


def with_steps(pruner: PrunerSettings, objective: ObjectiveDescription) -> PrunerSettings:
    """The settings with the number of steps that a full trial reports, where it is known."""
    return replace(pruner, steps=pruner.steps or objective.reported_steps())


def judged_by(
    spec: StudySpec, metrics: Sequence[str], constraints: Sequence[Constraint]
) -> StudySpec:
    """The study of an objective that is judged by these of its metrics, in this order of weight,
    and under these constraints.

    Raises:
        WrongInput: it has no such metric, or none is named.
    """
    offered = spec.offered
    known = {metric.name: metric for metric in offered.metrics}
    if wrong := [name for name in metrics if name not in known]:
        raise WrongInput(f"there is no metric {wrong[0]!r}; there are {', '.join(known)}")
    chosen = tuple(known[name] for name in dict.fromkeys(metrics))
    objective = replace(offered, metrics=chosen, constraints=tuple(constraints))
    declared = Declared(metrics=offered.metrics, constraints=offered.constraints)
    judged = replace(spec, objective=objective, declared=declared)
    check_judged(judged)
    return judged if objective != offered else replace(spec, objective=offered, declared=None)


def check_judged(spec: StudySpec) -> None:
    """May the objective of this study be judged so?

    Raises:
        WrongInput: no metric is left, one is not the objective's, or its variables that are tuned
            after training would be tuned for something else.
    """
    if spec.declared is None:
        return
    own, judged = spec.declared, spec.objective
    if not judged.metrics:
        raise WrongInput("a study needs a metric to optimise")
    for metric in judged.metrics:
        if metric not in own.metrics:
            names = ", ".join(f"{known.direction} {known.name}" for known in own.metrics)
            raise WrongInput(
                f"{judged.entry} does not {metric.direction} {metric.name}; it is to {names}"
            )
    same = judged.metrics[0] == own.metrics[0] and judged.constraints == own.constraints
    tuned = [variable.path for variable in judged.space.variables if variable.after_training]
    if tuned and not same:
        raise WrongInput(
            f"{tuned[0]} is chosen after each training, by the first metric and the constraints of "
            f"the objective itself: keep those, or leave {tuned[0]} at its default"
        )
