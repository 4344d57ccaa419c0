"""What a study is pruned on: one metric, the Pareto rank of several, or its constraints.

Settings may leave it open; held against an objective they are settled, or refused with the sentence
that says what is possible. Without a word, a study of one metric is pruned on it, and a study of
several on the Pareto rank, because the first metric alone would end what the others are best in.
"""

from msgspec.structs import replace

from orchestrator.pruning.parameters import RULES, check_parameters
from schema.errors import WrongInput
from schema.pruning import CONSTRAINTS, PARETO, PrunerSettings
from schema.study import Direction, Metric, ObjectiveDescription

USUAL = PrunerSettings().pruner

UNCHOSEN = (USUAL, "median")
"""What settings have where nobody chose a pruner, in earlier versions as well."""


def settled(settings: PrunerSettings, objective: ObjectiveDescription) -> PrunerSettings:
    """The settings with a ``prune_on`` that says what is pruned on.

    Raises:
        WrongInput: there is nothing of this name to prune on, or the pruner does not go with it.
    """
    names = [metric.name for metric in objective.metrics]
    several = len(names) > 1
    on = settings.prune_on
    if on is None:
        if several and settings.pruner not in (*UNCHOSEN, "nop"):
            raise WrongInput(
                f"the {settings.pruner} pruner judges one metric, and the objective has "
                f"{' and '.join(names)}: say which one with prune_on"
            )
        on = PARETO if several else names[0]
    bounded = [each.metric for each in objective.constraints]
    rules = [PARETO] * several + [CONSTRAINTS] * bool(bounded)
    possible = list(dict.fromkeys([*names, *bounded, *rules]))
    if on not in possible:
        missing = {
            PARETO: "the objective has one metric only",
            CONSTRAINTS: "the objective declares no constraint",
        }
        because = f"{missing[on]}, so " if on in missing else ""
        raise WrongInput(f"prune_on {on!r}: {because}it should be {' or '.join(possible)}")
    if on in RULES and settings.pruner not in (*UNCHOSEN, "nop"):
        raise WrongInput(
            f"prune_on {on!r} judges by numbers of its own: leave the {settings.pruner} pruner "
            f"out, or prune on {' or '.join([*names, *bounded])}"
        )
    return replace(settings, prune_on=on)


def judged_metrics(settings: PrunerSettings, objective: ObjectiveDescription) -> list[Metric]:
    """The metrics that settled settings look at; of a constraint, less violation is better."""
    bounded = [
        Metric(name=c.metric, direction=Direction.MINIMIZE if c.at_most else Direction.MAXIMIZE)
        for c in objective.constraints
    ]
    if settings.prune_on == PARETO:
        return list(objective.metrics)
    if settings.prune_on == CONSTRAINTS:
        return bounded
    return [m for m in (*objective.metrics, *bounded) if m.name == settings.prune_on][:1]


def judge_of(settings: PrunerSettings) -> str:
    """Whose numbers the settings set: one of `RULES`, or the pruner."""
    return settings.prune_on if settings.prune_on in RULES else settings.pruner


def check_alone(settings: PrunerSettings) -> None:
    """Check what can be checked before the objective is known.

    Raises:
        UnknownName: no such pruner or parameter.
        WrongInput: a value out of bounds.
    """
    may_be_pareto = settings.prune_on is None and settings.pruner in UNCHOSEN
    pareto = may_be_pareto and settings.parameters.keys() <= RULES[PARETO].keys()
    check_parameters(PARETO if pareto else judge_of(settings), settings.parameters)
