"""What one pruning decision costs beside Optuna's, and whether the two decide the same.

For every pruner and every size of history: so many complete trials of twenty steps are given to
Optuna (in memory) and to ours, then further trials report step by step to both until they are
pruned or complete. Measured are

* one report with its decision, ours and Optuna's, as the median and the mean over all of them
  (the mean too, because on most steps Optuna's rung pruners have nothing to do);
* what a finished trial costs ours to take in, per value, and the memory that ours keeps, per value
  (tracemalloc, over the first 2,000 trials);
* in how many of the decisions the two differ.

Ours is timed after Optuna has finished, because Optuna's scans empty the processor's caches.

    python -m benchmarks.pruning [--trials 100,1000,10000] [--full] [--json FILE]

``--full`` adds 50,000 trials, with which Optuna needs some minutes.
"""

import argparse
import gc
import json
import tracemalloc
import warnings
from collections.abc import Callable
from math import exp
from pathlib import Path
from random import Random
from statistics import mean, median
from time import perf_counter_ns
from typing import NamedTuple

import msgspec
import optuna
from optuna.trial import TrialState, create_trial

from orchestrator.pruning.build import build_pruner
from orchestrator.pruning.hyperband import HyperbandPruner
from orchestrator.pruning.pruner import Pruner
from schema import trial as life
from schema.pruning import PrunerSettings

STEPS = 20
STUDY = "benchmark"
FACTOR = 3
MEMORY_TRIALS = 2_000

Curve = list[float]


class Case(NamedTuple):
    """One pruner on both sides, with the same numbers."""

    name: str
    theirs: Callable[[], optuna.pruners.BasePruner]
    parameters: dict[str, int | float | bool | str]


CHECKS: dict[str, int | float | bool | str] = {"n_warmup_steps": 3, "interval_steps": 1}
MEDIAN = {"n_startup_trials": 5, **CHECKS, "n_min_trials": 1}
CASES = [
    Case("nop", optuna.pruners.NopPruner, {}),
    Case("median", lambda: optuna.pruners.MedianPruner(5, 3), MEDIAN),
    Case(
        "percentile",
        lambda: optuna.pruners.PercentilePruner(25.0, 5, 3),
        {"percentile": 25.0, **MEDIAN},
    ),
    Case(
        "threshold",
        lambda: optuna.pruners.ThresholdPruner(upper=0.7, n_warmup_steps=3),
        {"upper": 0.7, **CHECKS},
    ),
    Case(
        "patient",
        lambda: optuna.pruners.PatientPruner(optuna.pruners.MedianPruner(5, 3), 1),
        {"patience": 1, "min_delta": 0.0, **MEDIAN},
    ),
    Case(
        "successive_halving",
        lambda: optuna.pruners.SuccessiveHalvingPruner(1, FACTOR),
        {"min_resource": 1, "reduction_factor": FACTOR},
    ),
    Case(
        "hyperband",
        lambda: optuna.pruners.HyperbandPruner(1, STEPS, FACTOR),
        {"min_resource": 1, "max_resource": STEPS, "reduction_factor": FACTOR},
    ),
    Case(
        "wilcoxon",
        lambda: optuna.pruners.WilcoxonPruner(p_threshold=0.1, n_startup_steps=4),
        {"p_threshold": 0.1, "n_startup_steps": 4},
    ),
]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table; times in microseconds."""

    pruner: str
    trials: int
    optuna_median_us: float
    optuna_mean_us: float
    ours_median_us: float
    ours_mean_us: float
    insert_us_per_value: float
    bytes_per_value: float
    decisions: int
    pruned: int
    disagreements: int


def curves(trials: int, seed: int) -> list[Curve]:
    """Noisy losses that fall over twenty steps from level to level."""
    random = Random(seed)
    return [
        [level + exp(-0.3 * step) + 0.05 * random.random() for step in range(STEPS)]
        for level in (0.3 * random.random() for _ in range(trials))
    ]


def rung_values(curve: Curve, skipped_rungs: int) -> dict[str, float]:
    """What Optuna notes in a trial that climbed every rung of a bracket."""
    values: dict[str, float] = {}
    step = FACTOR**skipped_rungs
    while step < STEPS:
        values[f"completed_rung_{len(values)}"] = curve[step]
        step *= FACTOR
    return values


def fill_optuna(case: Case, history: list[Curve]) -> optuna.Study:
    """A study with the history in it, as if every trial had run to its end."""
    sampler = optuna.samplers.RandomSampler(seed=0)
    study = optuna.create_study(study_name=STUDY, pruner=case.theirs(), sampler=sampler)
    brackets = HyperbandPruner(
        maximize=False, study_name=STUDY, max_resource=STEPS, reduction_factor=FACTOR
    )
    for number, curve in enumerate(history):
        skipped = brackets.bracket_number(number) if case.name == "hyperband" else 0
        study.add_trial(
            create_trial(
                state=TrialState.COMPLETE,
                value=curve[-1],
                intermediate_values=dict(enumerate(curve)),
                system_attrs=rung_values(curve, skipped),
            )
        )
    return study


def fill_ours(case: Case, history: list[Curve]) -> Pruner:
    """One of our pruners with the history in it."""
    settings = PrunerSettings(pruner=case.name, parameters=case.parameters)
    pruner = build_pruner(settings, maximize=False, study_name=STUDY)
    for number, curve in enumerate(history):
        pruner.restore(number, enumerate(curve), life.TrialState.COMPLETE, curve[-1])
    return pruner


def measure_optuna(study: optuna.Study, new: list[Curve]) -> tuple[list[bool], list[int]]:
    """Every decision about the new trials, and its nanoseconds."""
    decisions, times = [], []
    for curve in new:
        trial = study.ask()
        for step, value in enumerate(curve):
            start = perf_counter_ns()
            trial.report(value, step)
            pruned = bool(trial.should_prune())
            times.append(perf_counter_ns() - start)
            decisions.append(pruned)
            if pruned:
                study.tell(trial, state=TrialState.PRUNED)
                break
        else:
            study.tell(trial, curve[-1])
    return decisions, times


def measure_ours(pruner: Pruner, first: int, new: list[Curve]) -> tuple[list[bool], list[int]]:
    """Every decision about the new trials, numbered from ``first``, and its nanoseconds."""
    decisions, times = [], []
    for trial, curve in enumerate(new, first):
        for step, value in enumerate(curve):
            start = perf_counter_ns()
            decision = pruner.report(trial, step, value)
            times.append(perf_counter_ns() - start)
            decisions.append(decision is not None)
            if decision:
                pruner.drop(trial)
                break
        else:
            pruner.complete(trial, curve[-1])
    return decisions, times


def bytes_per_value(case: Case, history: list[Curve]) -> float:
    """The memory that a filled pruner keeps beyond an empty one."""
    fill_ours(case, history[:1])  # imports and caches
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    pruner = fill_ours(case, history)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del pruner
    return (after - before) / (len(history) * STEPS)


def measure(case: Case, trials: int) -> Row:
    """Compare one pruner on both sides at one size of history."""
    history = curves(trials, seed=1)
    new = curves(max(8, min(120, 200_000 // trials)), seed=2)
    expected, theirs = measure_optuna(fill_optuna(case, history), new)
    gc.collect()
    start = perf_counter_ns()
    pruner = fill_ours(case, history)
    filled_ns = perf_counter_ns() - start
    decisions, ours = measure_ours(pruner, trials, new)
    differing = sum(a != b for a, b in zip(expected, decisions, strict=False))
    return Row(
        pruner=case.name,
        trials=trials,
        optuna_median_us=median(theirs) / 1e3,
        optuna_mean_us=mean(theirs) / 1e3,
        ours_median_us=median(ours) / 1e3,
        ours_mean_us=mean(ours) / 1e3,
        insert_us_per_value=filled_ns / (trials * STEPS) / 1e3,
        bytes_per_value=bytes_per_value(case, history[:MEMORY_TRIALS]),
        decisions=len(expected),
        pruned=sum(expected),
        disagreements=differing + abs(len(expected) - len(decisions)),
    )


HEADER = (
    f"{'':<26}  {'Optuna, us':>18}  {'ours, us':>14}  {'ratio':>16}  {'insert':>7}{'memory':>8}\n"
    f"{'pruner':<19}{'trials':>7}  {'median':>9}{'mean':>9}  {'median':>7}{'mean':>7}"
    f"  {'median':>8}{'mean':>8}  {'us/val':>7}{'B/val':>8}  {'decisions':>9}{'pruned':>7}"
    f"{'differ':>7}"
)


def line(row: Row) -> str:
    """One row as text."""
    return (
        f"{row.pruner:<19}{row.trials:>7}  {row.optuna_median_us:>9.1f}{row.optuna_mean_us:>9.1f}"
        f"  {row.ours_median_us:>7.2f}{row.ours_mean_us:>7.2f}"
        f"  {row.optuna_median_us / row.ours_median_us:>8.0f}"
        f"{row.optuna_mean_us / row.ours_mean_us:>8.0f}"
        f"  {row.insert_us_per_value:>7.2f}{row.bytes_per_value:>8.1f}"
        f"  {row.decisions:>9}{row.pruned:>7}{row.disagreements:>7}"
    )


def main() -> None:
    """Print the table, and write it as JSON when asked to."""
    parser = argparse.ArgumentParser(description="Optuna's pruning decisions beside ours.")
    parser.add_argument("--trials", default="100,1000,10000", help="sizes of history, by commas")
    parser.add_argument("--full", action="store_true", help="50,000 trials as well")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    options = parser.parse_args()
    sizes = [int(size) for size in options.trials.split(",")] + [50_000] * options.full
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    gc.disable()  # a full collection walks Optuna's trials and would be counted as ours
    print(HEADER)
    rows = []
    for case in CASES:
        for size in sizes:
            rows.append(measure(case, size))
            print(line(rows[-1]), flush=True)
    compared, differ = sum(r.decisions for r in rows), sum(r.disagreements for r in rows)
    print(f"\n{compared} decisions compared, {differ} disagreements")
    if options.json:
        options.json.write_text(json.dumps([msgspec.to_builtins(row) for row in rows], indent=2))


if __name__ == "__main__":
    main()
