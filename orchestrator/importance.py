"""How important each variable of a study was, by Optuna's PED-ANOVA; a thread runs it.

It asks what sets the best trials apart from all (Watanabe et al., "PED-ANOVA", IJCAI 2023; with
conditional variables arXiv:2601.20800), metric by metric, and takes milliseconds. Hidden trials and
forks are left out: no configuration alone led to what came out of them.
"""

import math
import warnings
from collections.abc import Sequence

import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

from orchestrator.sampling import distribution, to_sampler
from schema.commands.insight import Importance
from schema.results import TrialResult
from schema.space import Space
from schema.study import Metric, StudySpec
from schema.trial import TrialState

LEAST_TRIALS, MOST_TRIALS = 10, 2_000
"""Of more complete trials so many are looked at, evenly chosen: Optuna copies each of them."""

BEST_SHARE, BEST_TRIALS, MOST_SHARE = 0.1, 5, 0.5
"""The best tenth are held against all; five trials at least, as far as those are not over half."""


def importance_of(spec: StudySpec, trials: Sequence[TrialResult]) -> Importance:
    """The importance of every variable that the sampler chose, for each metric."""
    complete = counted_of(trials)
    count = len(complete)
    if count < LEAST_TRIALS:
        because = f"{count} trials are complete, and it takes {LEAST_TRIALS} to say anything"
        return Importance(study=spec.name, trials=count, shares={}, because=because)
    looked_at = complete[:: -(-count // MOST_TRIALS)]
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", module=r"optuna\.|orchestrator\.importance")
    return Importance(
        study=spec.name,
        trials=count,
        shares={
            m.name: _shares(spec.objective.space, m, looked_at) for m in spec.objective.metrics
        },
    )


def counted_of(trials: Sequence[TrialResult]) -> list[TrialResult]:
    """Those that there is something to learn from."""
    return [t for t in trials if t.state is TrialState.COMPLETE and t.counts and t.sampled]


def _shares(space: Space, metric: Metric, trials: Sequence[TrialResult]) -> dict[str, float]:
    """By path, the most important variable first; of equals in the order of the space."""
    study = optuna.create_study(direction=metric.direction.value)
    seen = {
        variable.path: (variable, distribution(variable)) for variable in space.sampling_order()
    }
    for trial in trials:
        value = (trial.metrics or {}).get(metric.name, math.nan)
        if not math.isfinite(value):
            continue
        chosen = {path: seen[path] for path in trial.sampled if path in seen}
        try:
            frozen = optuna.trial.create_trial(
                value=value,
                params={p: to_sampler(v, trial.sampled[p]) for p, (v, _) in chosen.items()},
                distributions={path: dist for path, (_, dist) in chosen.items()},
            )
        except ValueError:
            continue  # outside of a space that was narrowed since
        study.add_trial(frozen)
    count = len(study.get_trials(deepcopy=False))
    if count < LEAST_TRIALS:
        return {}
    best = min(MOST_SHARE, max(BEST_SHARE, BEST_TRIALS / count))
    found = get_param_importances(
        study, evaluator=PedAnovaImportanceEvaluator(target_quantile=best)
    )
    order = {variable.path: place for place, variable in enumerate(space.variables)}
    return dict(sorted(found.items(), key=lambda share: (-share[1], order[share[0]])))
