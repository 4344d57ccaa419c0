"""Is the wake-word sweep faster, and as good? Three ways to search the same space with three seeds.

* *sequential*: the baseline. Optuna in one process, one trial after the other on all cores, none
  pruned.
* *optuna x2*: two Optuna processes of one thread on a journal file, `MedianPruner` with its default
  numbers.
* *conservative*, *standard*, *aggressive*: ours with two runners, all defaults, and the pruner at
  that level (*off* can be asked for).

The same objective, space, sampler (TPE, variable by variable), trials and seeds for all; the first
trial is the default configuration. Each run is a fresh process, timed from its start to its end.
Systems take turns seed by seed, because the machine's speed drifts. A best trial is trained once
more with its seed and judged on the test voices.

Two tables: after equal numbers of trials; and after equal wall time, which is that of the seed's
fastest run. F1 is given with its range over the seeds: differences within it mean nothing.

Every run is appended to ``--results``; the same command goes on where it was interrupted.

    python -m benchmarks.sweep [--trials 40] [--epochs 12] [--seeds 3] [--results FILE]
                               [--systems sequential,optuna,standard] [--json FILE]
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import fmean

import msgspec

from benchmarks.measuring import show, write_json
from benchmarks.sweep_records import Judged, Run, TrialRecord, append, read

ENTRY = "examples/wakeword/train.py:train"
SEQUENTIAL, OPTUNA, OFF = "sequential", "optuna", "off"
LEVELS = ("conservative", "standard", "aggressive")
SYSTEMS = (SEQUENTIAL, OPTUNA, *LEVELS)
TITLES = {OPTUNA: "optuna x2, journal, median"} | {name: f"ours x2, {name}" for name in LEVELS}


def ours(level: str, trials: int, epochs: int, seed: int, origin: float) -> list[TrialRecord]:
    """Our sweep at a level, in this process."""
    from schema.overrides import Overrides
    from schema.pruning import Aggressiveness, PrunerSettings
    from schema.study import Limits
    from trialmq.choices import SweepChoices
    from trialmq.sweep import sweep

    with tempfile.TemporaryDirectory() as folder:
        choices = SweepChoices(
            objective=ENTRY,
            database=Path(folder) / "sweep.db",
            runners=2,
            seed=seed,
            pruner=PrunerSettings(aggressiveness=Aggressiveness(level), steps=epochs),
            limits=Limits(trials=trials),
            overrides=lambda _: Overrides(set={"training.epochs": epochs}),
        )
        result = asyncio.run(sweep(choices, lambda _: None))
    return [
        TrialRecord(
            number=trial.number,
            outcome=trial.state,
            began=(trial.started or origin) - origin,
            ended=(trial.ended or origin) - origin,
            steps=trial.reports,
            f1=trial.value if trial.state == "complete" else None,
            config=trial.config,
        )
        for trial in sorted(result.trials, key=lambda trial: trial.ended or 0.0)
        if trial.state.ended
    ]


def one_run(system: str, trials: int, epochs: int, seed: int, origin: float, out: Path) -> None:
    """What the fresh process of a run does."""
    if system in (SEQUENTIAL, OPTUNA):
        import optuna

        from benchmarks import sweep_optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        search = sweep_optuna.sequential if system == SEQUENTIAL else sweep_optuna.on_a_journal
        ended = search(trials, epochs, seed, origin)
    else:
        ended = ours(system, trials, epochs, seed, origin)
    out.write_bytes(msgspec.json.encode(ended))


def run_in_fresh_process(system: str, trials: int, epochs: int, seed: int) -> Run:
    """Time one run."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "ended.json"
        origin = time.time()
        words = [f"--trials={trials}", f"--epochs={epochs}", f"--seed={seed}", f"--out={out}"]
        command = [sys.executable, "-m", "benchmarks.sweep", "--one-run", system, *words]
        subprocess.run([*command, f"--origin={origin}"], check=True)
        seconds = time.time() - origin
        ended = msgspec.json.decode(out.read_bytes(), type=list[TrialRecord])
    return Run(system=system, seed=seed, trials=trials, epochs=epochs, seconds=seconds, ended=ended)


def judge(run: Run, trial: TrialRecord) -> Judged:
    """Train the configuration of a trial as the trial did, and hear the test voices."""
    import torch

    from examples.wakeword.data import load
    from examples.wakeword.evaluate import evaluate
    from examples.wakeword.train import train
    from schema.identity import trial_seed

    torch.set_num_threads(1)
    seed = trial_seed(run.seed, trial.number)
    found = evaluate(train.configure(trial.config), load(), seed)  # type: ignore[arg-type]
    return Judged(
        system=run.system,
        seed=run.seed,
        trials=run.trials,
        epochs=run.epochs,
        number=trial.number,
        validation_f1=found.validation_f1,
        test_f1=found.test_f1,
    )


class Sweeps:
    """The runs of one setting, as far as they are there, and the file that they are kept in."""

    def __init__(self, path: Path, trials: int, epochs: int) -> None:
        self._path = path
        self._trials = trials
        self._epochs = epochs
        lines = [line for line in read(path) if (line.trials, line.epochs) == (trials, epochs)]
        self.runs = {(x.system, x.seed): x for x in lines if isinstance(x, Run)}
        self.judged = {(x.system, x.seed, x.number): x for x in lines if isinstance(x, Judged)}

    def run(self, system: str, seed: int) -> None:
        """Run what has not been run."""
        if (system, seed) in self.runs:
            return
        found = run_in_fresh_process(system, self._trials, self._epochs, seed)
        self.runs[system, seed] = found
        append(self._path, found)
        best = found.best()
        f1 = "none complete" if best is None else f"best F1 {best.f1:.3f}"
        words = f"{found.seconds:7.1f} s  {found.steps} steps  {f1}"
        print(f"seed {seed}  {system:<13} {words}", flush=True)

    def judge(self, run: Run, trial: TrialRecord | None) -> float | None:
        """F1 of a trial on the test voices."""
        if trial is None:
            return None
        key = run.system, run.seed, trial.number
        if key not in self.judged:
            self.judged[key] = judge(run, trial)
            append(self._path, self.judged[key])
        return self.judged[key].test_f1


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One system over the seeds; lists have a figure a seed, ``None`` where no trial completed."""

    system: str
    seconds: list[float]
    trials: list[int]
    steps: list[int]
    best_f1: list[float | None]
    test_f1: list[float | None]


def row(sweeps: Sweeps, system: str, until: dict[int, float]) -> Row:
    """What a system had reached: in all, or ``until`` so many seconds, seed by seed."""
    runs = [run for (name, _), run in sorted(sweeps.runs.items()) if name == system]
    at = [until.get(run.seed) for run in runs]
    best = [run.best(seconds) for run, seconds in zip(runs, at, strict=True)]
    done = [run.by(seconds) for run, seconds in zip(runs, at, strict=True)]
    return Row(
        system=system,
        seconds=[run.seconds if s is None else s for run, s in zip(runs, at, strict=True)],
        trials=[len(trials) for trials in done],
        steps=[sum(trial.steps for trial in trials) for trials in done],
        best_f1=[None if trial is None else trial.f1 for trial in best],
        test_f1=[sweeps.judge(run, trial) for run, trial in zip(runs, best, strict=True)],
    )


def spread(values: Iterable[float | None], digits: int) -> str:
    """Mean and range over the seeds."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    low, high = min(known), max(known)
    if len(known) == 1:
        return f"{low:.{digits}f}"
    return f"{fmean(known):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def faster(rows: dict[str, Row], than: str) -> Callable[[Row], str]:
    """How many times faster a row is than that of another system: by mean, and seed by seed."""

    def ratio(row: Row) -> str:
        if than not in rows or row.system == than:
            return ""
        pairs = zip(rows[than].seconds, row.seconds, strict=True)
        return spread((theirs / mine for theirs, mine in pairs), 2)

    return ratio


def print_tables(rows: dict[str, Row], equal: dict[str, Row], setting: str) -> None:
    """Both tables."""
    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("system", lambda row: TITLES.get(row.system, row.system)),
        ("wall s", lambda row: spread(row.seconds, 1)),
        ("trials", lambda row: spread(row.trials, 0)),
        ("steps", lambda row: spread(row.steps, 0)),
        ("best F1", lambda row: spread(row.best_f1, 3)),
        ("F1, test voices", lambda row: spread(row.test_f1, 3)),
    ]
    ratios = [
        ("times faster than sequential", faster(rows, SEQUENTIAL)),
        ("than optuna", faster(rows, OPTUNA)),
    ]
    for title, table, shown in (
        (f"Equal numbers of trials: {setting}", rows, [*columns, *ratios]),
        ("Equal wall time: that of the seed's fastest run", equal, columns),
    ):
        cells = [[cell(each) for _, cell in shown] for each in table.values()]
        show(title, [name for name, _ in shown], cells)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="The wake-word sweep, three ways.")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help=f"or {OFF}, by commas")
    parser.add_argument("--results", type=Path, default=Path("sweep.jsonl"))
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    for hidden in ("--one-run", "--out"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--origin", type=float, help=argparse.SUPPRESS)
    given = parser.parse_args()
    unknown = set(given.systems.split(",")) - {*SYSTEMS, OFF}
    if unknown:
        parser.error(f"--systems {unknown.pop()}: it should be {', '.join([*SYSTEMS, OFF])}")
    return given


def main() -> None:
    """Run what is missing, and print the tables."""
    given = arguments()
    if given.one_run:
        out = Path(given.out)
        one_run(given.one_run, given.trials, given.epochs, given.seed, given.origin, out)
        return
    from examples.wakeword.data import load

    load()  # once, so that no run pays for it
    sweeps = Sweeps(given.results, given.trials, given.epochs)
    systems = given.systems.split(",")
    seeds = range(given.seeds)
    for seed in seeds:
        for system in systems:
            sweeps.run(system, seed)
    sweeps.runs = {k: run for k, run in sweeps.runs.items() if k[0] in systems and k[1] in seeds}
    fastest = {seed: min(sweeps.runs[system, seed].seconds for system in systems) for seed in seeds}
    rows = {system: row(sweeps, system, {}) for system in systems}
    equal = {system: row(sweeps, system, fastest) for system in systems}
    setting = f"{given.trials} trials of {given.epochs} epochs, {given.seeds} seeds"
    print_tables(rows, equal, setting)
    write_json(given.json, {"equal_trials": rows, "equal_time": equal})


if __name__ == "__main__":
    main()
