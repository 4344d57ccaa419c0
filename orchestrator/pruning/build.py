"""From settings to a pruner: one word becomes numbers, what the user set on its own replaces them.

A study builds its pruner here when it starts, after a restart, and whenever its settings change
while trials run; `LivePruner` then feeds it what is stored.
"""

from typing import Any

from orchestrator.pruning.aggressiveness import numbers_behind
from orchestrator.pruning.hyperband import HyperbandPruner
from orchestrator.pruning.nop import NopPruner
from orchestrator.pruning.on_constraints import OnConstraints
from orchestrator.pruning.on_pareto_rank import OnParetoRank
from orchestrator.pruning.parameters import PARAMETERS, RULES, Value, check_parameters
from orchestrator.pruning.patient import PatientPruner
from orchestrator.pruning.percentile import MedianPruner, PercentilePruner
from orchestrator.pruning.prune_on import judge_of, judged_metrics, settled
from orchestrator.pruning.pruner import Pruner
from orchestrator.pruning.study_pruner import OnMetric, StudyPruner
from orchestrator.pruning.successive_halving import SuccessiveHalvingPruner
from orchestrator.pruning.threshold import ThresholdPruner
from orchestrator.pruning.wilcoxon import WilcoxonPruner
from schema.errors import WrongInput
from schema.pruning import PARETO, Aggressiveness, PrunerSettings
from schema.study import Direction, ObjectiveDescription


def build_study_pruner(
    settings: PrunerSettings, objective: ObjectiveDescription, study_name: str
) -> StudyPruner:
    """What a study with these settings asks at each report; it knows nothing yet.

    Raises:
        UnknownName: no such pruner or parameter.
        WrongInput: a number out of bounds, or one that the pruner cannot do without; nothing of
            this name to prune on.
    """
    settings = settled(settings, objective)
    numbers: dict[str, Any] = dict(explain(settings))
    judged = judged_metrics(settings, objective)
    off = settings.aggressiveness is Aggressiveness.OFF or settings.pruner == "nop"
    if settings.prune_on not in RULES or off:
        maximize = judged[0].direction is Direction.MAXIMIZE
        pruner = build_pruner(settings, maximize=maximize, study_name=study_name)
        return OnMetric(judged[0].name, pruner)
    if settings.prune_on == PARETO:
        return OnParetoRank(judged, **numbers)
    return OnConstraints(objective.constraints, **numbers)


def build_pruner(settings: PrunerSettings, *, maximize: bool, study_name: str) -> Pruner:
    """The pruner that the settings describe; it knows nothing yet.

    ``study_name`` decides, with a trial's number, which Hyperband bracket the trial is in.

    Raises:
        UnknownName: no such pruner or parameter.
        WrongInput: a number out of bounds, or one that the pruner cannot do without.
    """
    parameters = explain(settings)
    if settings.aggressiveness is Aggressiveness.OFF:
        return NopPruner(maximize=maximize)
    return _construct(settings.pruner, parameters, maximize=maximize, study_name=study_name)


def explain(settings: PrunerSettings) -> dict[str, Value]:
    """Every number behind the settings, by Optuna's names; nothing when pruning is off.

    Raises:
        UnknownName: no such pruner or parameter.
        WrongInput: a number out of bounds, or one that the pruner cannot do without.
    """
    judge = judge_of(settings)
    given = check_parameters(judge, settings.parameters)
    if settings.steps is not None and settings.steps < 1:
        raise WrongInput(f"a trial of {settings.steps} steps: it should report at least 1")
    if settings.aggressiveness is Aggressiveness.OFF:
        return {}
    numbers = numbers_behind(judge, settings.aggressiveness, settings.steps) | given
    pruners = [judge]
    if judge == "patient":
        wrapped = str(numbers["wrapped_pruner"])
        inner = numbers_behind(wrapped, settings.aggressiveness, settings.steps)
        numbers = inner | numbers
        pruners.append(wrapped)
    for pruner in pruners:
        _check_together(pruner, numbers)
    return numbers


def _check_together(pruner: str, numbers: dict[str, Value]) -> None:
    """Refuse numbers that are right one by one and wrong together."""
    if pruner == "threshold":
        lower, upper = numbers.get("lower"), numbers.get("upper")
        if lower is None and upper is None:
            raise WrongInput("the threshold pruner needs a number: set lower, upper or both")
        if isinstance(lower, float) and isinstance(upper, float) and lower > upper:
            raise WrongInput(f"lower {lower:g} should be at most upper {upper:g}")
    if pruner == "hyperband":
        least, most = numbers["min_resource"], numbers.get("max_resource")
        if most is None:
            raise WrongInput(
                "Hyperband needs to know how many steps a full trial reports: set steps or "
                "max_resource, or max_resource = 'auto' to learn it from the first complete trial"
            )
        if isinstance(least, int) and isinstance(most, int) and least > most:
            raise WrongInput(f"min_resource {least} should be at most max_resource {most}")
    if numbers.get("bootstrap_count") and "auto" in numbers.values():
        raise WrongInput(f"{pruner}: a bootstrap_count above 0 needs a number in place of 'auto'")


def _construct(
    pruner: str, parameters: dict[str, Value], *, maximize: bool, study_name: str
) -> Pruner:
    """Build a pruner from the parameters that are its own; they were checked before."""
    own: dict[str, Any] = {n: v for n, v in parameters.items() if n in PARAMETERS[pruner]}
    match pruner:
        case "median":
            return MedianPruner(maximize=maximize, **own)
        case "percentile":
            return PercentilePruner(maximize=maximize, **own)
        case "threshold":
            return ThresholdPruner(maximize=maximize, **own)
        case "successive_halving":
            return SuccessiveHalvingPruner(maximize=maximize, **own)
        case "hyperband":
            return HyperbandPruner(maximize=maximize, study_name=study_name, **own)
        case "wilcoxon":
            return WilcoxonPruner(maximize=maximize, **own)
        case "patient":
            name = own.pop("wrapped_pruner")
            wrapped = (
                None
                if name == "none"
                else _construct(name, parameters, maximize=maximize, study_name=study_name)
            )
            return PatientPruner(maximize=maximize, wrapped=wrapped, **own)
    return NopPruner(maximize=maximize)
