"""One study held by Optuna and by one of our pruners at once, event by event.

A study, random or invented by hypothesis, goes in; every decision is taken twice and compared.
"""

from collections.abc import Mapping
from math import inf, isfinite, nan
from random import Random
from typing import Any

import optuna
from optuna.trial import Trial, TrialState

from orchestrator.pruning.build import build_pruner
from schema.pruning import PrunerSettings

Parameters = Mapping[str, Any]

optuna.logging.set_verbosity(optuna.logging.ERROR)


def optuna_pruner(pruner: str, parameters: Parameters) -> optuna.pruners.BasePruner:
    """Optuna's own pruner of that name."""
    own = dict(parameters)
    match pruner:
        case "nop":
            return optuna.pruners.NopPruner()
        case "median":
            return optuna.pruners.MedianPruner(**own)
        case "percentile":
            return optuna.pruners.PercentilePruner(**own)
        case "threshold":
            return optuna.pruners.ThresholdPruner(**own)
        case "successive_halving":
            return optuna.pruners.SuccessiveHalvingPruner(**own)
        case "hyperband":
            return optuna.pruners.HyperbandPruner(**own)
        case "wilcoxon":
            return optuna.pruners.WilcoxonPruner(**own)
        case "patient":
            wrapped, patience = own.pop("wrapped_pruner"), own.pop("patience")
            min_delta = own.pop("min_delta")
            inner = None if wrapped == "none" else optuna_pruner(wrapped, own)
            return optuna.pruners.PatientPruner(inner, patience, min_delta)
    raise ValueError(pruner)


class SideBySide:
    """The same study twice; ``disagreements`` lists every decision that differs."""

    def __init__(self, pruner: str, parameters: Parameters, *, maximize: bool, name: str) -> None:
        self._study = optuna.create_study(
            study_name=name,
            direction="maximize" if maximize else "minimize",
            pruner=optuna_pruner(pruner, parameters),
            sampler=optuna.samplers.RandomSampler(seed=0),
        )
        self._ours = build_pruner(
            PrunerSettings(pruner=pruner, parameters=dict(parameters)),
            maximize=maximize,
            study_name=name,
        )
        self.decisions = 0
        self.pruned = 0
        self.disagreements: list[str] = []

    def start(self) -> Trial:
        """Begin a trial."""
        return self._study.ask()

    def report(self, trial: Trial, step: int, value: float) -> bool:
        """Report a value on both sides; True when Optuna prunes."""
        trial.report(value, step)
        expected = trial.should_prune()
        decision = self._ours.report(trial.number, step, value)
        self.decisions += 1
        self.pruned += expected
        if expected != (decision is not None):
            self.disagreements.append(
                f"trial {trial.number} step {step} value {value}: {expected}, ours {decision}"
            )
        return expected

    def complete(self, trial: Trial, value: float) -> None:
        """The trial ran to its end with a finite value."""
        self._study.tell(trial, value)
        self._ours.complete(trial.number, value)

    def drop(self, trial: Trial, state: TrialState) -> None:
        """The trial was pruned or failed."""
        self._study.tell(trial, state=state)
        self._ours.drop(trial.number)


class RandomTrial:
    """A trial that reports a noisy learning curve in one of several bad habits."""

    def __init__(self, trial: Trial, random: Random, length: int, digits: int) -> None:
        self.trial = trial
        self._random = random
        self._quality = random.random()
        self._digits = digits
        self._special = random.choice([0.0, 0.0, 0.02, 0.3])
        self.steps = list(range(random.choice([0, 1]), length + 1))
        habit = random.random()
        if habit < 0.15:
            self.steps = sorted(random.sample(self.steps, len(self.steps) * 2 // 3))
        elif habit < 0.3:
            random.shuffle(self.steps)
        elif habit < 0.4:
            self.steps = random.choices(self.steps, k=len(self.steps))
        elif habit < 0.45:
            self.steps = []
        self.steps.reverse()  # taken from the end

    def next_value(self, step: int) -> float:
        """The value at a step: a curve with ties, sometimes NaN or infinite."""
        if self._random.random() < self._special:
            return self._random.choice([nan, nan, inf, -inf])
        curve = self._quality + 0.9**step + 0.3 * self._random.random()
        return round(curve, self._digits)


def run_random_study(
    pruner: str, parameters: Parameters, seed: int, digits: tuple[int, ...] = (1, 2, 6)
) -> SideBySide:
    """Run a few dozen trials, up to four at a time, of up to 30 steps.

    Values are rounded to one of ``digits`` decimal places: the fewer, the more ties.
    """
    random = Random(seed)
    sides = SideBySide(pruner, parameters, maximize=random.random() < 0.5, name=f"study-{seed}")
    length, waiting = random.choice([5, 12, 30]), random.choice([10, 30, 30, 50, 100])
    obedient = random.choice([1.0, 1.0, 0.7])
    running: list[RandomTrial] = []
    while waiting or running:
        if waiting and len(running) < 4:
            running.append(RandomTrial(sides.start(), random, length, random.choice(digits)))
            waiting -= 1
        one = random.choice(running)
        ended: TrialState | None = None
        if one.steps:
            step = one.steps.pop()
            if sides.report(one.trial, step, one.next_value(step)) and random.random() < obedient:
                ended = TrialState.PRUNED
        else:
            ended = TrialState.COMPLETE
        if random.random() < 0.003:
            ended = TrialState.FAIL
        if ended is None:
            continue
        running.remove(one)
        if ended is TrialState.COMPLETE:
            value = one.next_value(length)
            sides.complete(one.trial, value if isfinite(value) else 0.5)
        else:
            sides.drop(one.trial, ended)
    return sides
