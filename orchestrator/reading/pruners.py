"""The pruners that a study can have, the numbers behind them, and the line of its own. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf

from orchestrator.pruning.build import explain
from orchestrator.pruning.live_pruner import LivePruner
from orchestrator.pruning.parameters import PARAMETERS, RULES
from orchestrator.pruning.phrases import PHRASES
from orchestrator.pruning.prune_on import USUAL, judge_of, settled
from orchestrator.pruning.study_pruner import Ending
from schema.commands.insight import PrunerLevel, PrunerLine, Pruners
from schema.errors import WrongInput
from schema.messages import Report
from schema.pruning import CONSTRAINTS, PARETO, Aggressiveness, PrunerSettings
from schema.results import TrialResult
from schema.study import StudySpec
from schema.trial import TrialState


def possible(
    spec: StudySpec,
    steps: int | None,
    pruner: str | None = None,
    aggressiveness: Aggressiveness | None = None,
) -> Iterator[PrunerSettings]:
    """The named pruner, or one of `RULES`, and level; or all there are that make sense.

    They are for trials of so many ``steps``. A pruner judges what the study is pruned on, or the
    first metric where that is several; the numbers that the study sets on its own stay with its
    own pruner.
    """
    objective = spec.objective
    own = settled(spec.settings.pruner, objective)
    metric = own.prune_on if own.prune_on not in RULES else objective.metrics[0].name
    known = [name for name in PARAMETERS if name != "nop"]
    known += [PARETO] * (len(objective.metrics) > 1) + [CONSTRAINTS] * bool(objective.constraints)
    levels = [level for level in Aggressiveness if level is not Aggressiveness.OFF]
    for name in [pruner] if pruner else known:
        for level in [aggressiveness] if aggressiveness else levels:
            yield PrunerSettings(
                pruner=USUAL if name in RULES else name,
                prune_on=name if name in RULES else metric,
                aggressiveness=level,
                steps=steps,
                parameters=own.parameters if name == judge_of(own) else {},
            )


def pruners_of(spec: StudySpec, line: PrunerLine) -> Pruners:
    """All that a person needs to know who is to choose a pruner for the study."""
    steps = spec.settings.pruner.steps
    return Pruners(
        study=spec.name,
        steps=steps,
        levels=tuple(map(_level, possible(spec, steps))),
        phrases=PHRASES,
        line=line,
    )


def _level(settings: PrunerSettings) -> PrunerLevel:
    name, level = judge_of(settings), settings.aggressiveness
    try:
        return PrunerLevel(pruner=name, aggressiveness=level, numbers=explain(settings))
    except WrongInput as error:
        return PrunerLevel(pruner=name, aggressiveness=level, numbers={}, because=str(error))


def stored_line(
    spec: StudySpec, trials: Sequence[TrialResult], curves: Mapping[int, Sequence[Report]]
) -> PrunerLine:
    """The line of a study of which nothing runs: where its pruner would end a trial now."""
    pruner = LivePruner(spec.settings.pruner, spec.objective, spec.name)
    for trial in sorted(trials, key=lambda t: t.ended or inf):
        ending = None
        if trial.state is TrialState.COMPLETE and trial.counts:
            metrics = trial.metrics or {}
            ending = Ending(metrics, feasible=spec.objective.feasible(metrics))
        reports = curves.get(trial.number, ())
        pruner.remember(trial.number, reports, trial.state, ending, hidden=trial.hidden)
    pruner.rebuild()
    return pruner.line()
