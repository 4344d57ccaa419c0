"""What a user chose of a study, and the study that it makes of an objective. Pure.

The same choices make the same study, on this machine or on a running service.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from orchestrator.pruning.build import explain
from orchestrator.pruning.prune_on import settled
from schema.defining import default_study, directed, session_of, with_steps
from schema.identity import checked_name
from schema.narrowing import narrow
from schema.overrides import Overrides
from schema.pruning import PrunerSettings
from schema.space import Space
from schema.study import (
    Direction,
    Limits,
    ObjectiveDescription,
    StudySettings,
    StudySpec,
)

Base = Callable[[ObjectiveDescription], Space]
"""The space that the user's overrides are applied to."""


def declared(offer: ObjectiveDescription) -> Space:
    """The space as the objective's class declares it."""
    return offer.space


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepChoices:
    """What the user chose; everything else follows from the objective."""

    objective: str
    study: str | None = None
    database: Path = Path("trialmq.db")
    runners: int | None = None
    sampler: str = "tpe"
    pruner: PrunerSettings = field(default_factory=PrunerSettings)
    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    base: Base = declared
    overrides: Callable[[ObjectiveDescription], Overrides] = lambda _: Overrides()
    isolate: bool = False
    session: bool = False
    directions: tuple[Direction, ...] = ()
    origin: str = ""


def study_spec(choices: SweepChoices, offer: ObjectiveDescription) -> StudySpec:
    """The study that the choices make of an objective.

    Raises:
        WrongInput: the base is of another objective, an override names what does not exist or goes
            outside of the space, or the numbers of the pruner do not fit together.
    """
    if choices.session:
        return session_spec(choices, offer)
    offer = directed(offer, choices.directions)
    space = narrow(choices.base(offer), choices.overrides(offer))
    objective = msgspec.structs.replace(offer, space=space)
    pruner = with_steps(choices.pruner, objective)
    explain(settled(pruner, objective))
    return StudySpec(
        name=checked_name("study", choices.study or default_study(offer.entry)),
        objective=objective,
        sampler=choices.sampler,
        seed=choices.seed,
        settings=StudySettings(pruner=pruner, limits=choices.limits),
        origin=choices.origin,
    )


def session_spec(choices: SweepChoices, offer: ObjectiveDescription) -> StudySpec:
    """The session that the choices make of an objective: it begins with the base's defaults and
    what is set, and every value that the objective's class allows may be edited in.

    Raises:
        WrongInput: as `study_spec`.
    """
    base = choices.base(offer)
    return session_of(
        offer,
        choices.study or default_study(offer.entry),
        {**base.defaults(), **choices.overrides(offer).set},
        origin=choices.origin,
        settings=StudySettings(pruner=choices.pruner, limits=choices.limits),
    )
