"""Results are hidden and corrected while trials run: the pruner is the one that never knew."""

import random

import pytest

from orchestrator.engine.result_editing import ResultEditing
from orchestrator.engine.trials import Changes, Trial
from schema.messages import Report
from schema.pruning import PrunerSettings
from schema.trial import Desired, TrialState
from tests.orchestrator.one_study import OneStudy, completed, reported, study_spec

STEPS = 6


def learnt(study: OneStudy, trials: list[Trial], edited: Trial) -> None:
    """A person has edited one of the trials."""
    if study.engine.relearn(edited):
        study.engine.find_best(trials)
    for _ in iter(study.engine.learn, False):
        pass


def run(study: OneStudy, values: list[float]) -> Trial:
    """A trial reports these, step by step, until it is to be pruned, or completes with the last."""
    trial = study.running()
    for step, value in enumerate(values):
        study.tell(trial, reported((step, {"score": value})))
    study.tell(trial, completed(values[-1]))
    return trial


def curve(values: list[float]) -> list[Report]:
    """The same as it is stored."""
    return [(step, float(step), {"score": value}) for step, value in enumerate(values)]


@pytest.mark.parametrize("pruner", ["median", "successive_halving", "hyperband", "threshold"])
def test_the_pruner_judges_as_if_it_had_never_seen_a_hidden_trial(pruner: str) -> None:
    parameters: dict[str, int | float | bool | str] = (
        {"lower": 0.5} if pruner == "threshold" else {}
    )
    settings = PrunerSettings(pruner=pruner, steps=STEPS, parameters=parameters)
    dice = random.Random(3)
    curves = [sorted(dice.random() for _ in range(STEPS)) for _ in range(12)]
    edited, restarted = OneStudy(study_spec(pruner=settings)), OneStudy(study_spec(pruner=settings))
    trials = [run(edited, values) for values in curves]
    best = max(trials, key=lambda trial: trial.value or 0.0)
    ResultEditing(edited.spec, best, "alice", "", edited.moment).hide(True, Changes())
    learnt(edited, trials, best)
    stored = {trial.number: curve(values) for trial, values in zip(trials, curves, strict=True)}
    restarted.engine.restore(trials, stored, restarted.moment)
    for values in ([0.3] * STEPS, [0.7] * STEPS, [0.01] * STEPS):
        judged = [_judged(study, values) for study in (edited, restarted)]
        assert judged[0] == judged[1]


def _judged(study: OneStudy, values: list[float]) -> tuple[Desired, str]:
    trial = study.running()
    for step, value in enumerate(values):
        study.tell(trial, reported((step, {"score": value})))
    verdict = trial.desired, trial.reason
    study.tell(trial, completed(values[-1]))
    return verdict


def test_a_hidden_trial_is_evidence_again_when_it_is_shown() -> None:
    study = OneStudy(study_spec(pruner=PrunerSettings(pruner="median", steps=STEPS)))
    good = [run(study, [0.9] * STEPS) for _ in range(6)]
    assert _judged(study, [0.5] * STEPS)[0] is Desired.PRUNE
    for hidden, desired in ((True, Desired.RUN), (False, Desired.PRUNE)):
        for trial in good:
            ResultEditing(study.spec, trial, "", "", study.moment).hide(hidden, study.changes)
            learnt(study, good, trial)
        found = _judged(study, [0.4] * STEPS)
        assert found[0] is desired
    assert study.engine.counts[TrialState.COMPLETE] == 9
