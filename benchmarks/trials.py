"""How many trials a second does the system around the training manage?

A no-op objective with two variables and a random sampler, 1,000 trials by 2 runner processes,
everything persisted: TrialMQ on its in-process broker (its random search needs no Optuna study),
two Optuna processes on the journal file storage, and two on SQLite (200 trials, because it is
slow). Timed from the moment when all processes are ready until the last trial is stored. Also: the
peak memory of the orchestrator's process after 1,000 trials of 20 reports.

With ``--broker amqp`` TrialMQ runs as a fleet does: `trialmq serve`, two `trialmq runner`s, and a
private RabbitMQ node between them, everything durable, confirmed and synced to the disk.

    python -m benchmarks.trials [--broker memory|amqp] [--trials 1000] [--rounds 3] [--json FILE]
"""

import argparse
import asyncio
import multiprocessing
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measuring import Figure, loaded, rounds, show, write_json

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

OURS, JOURNAL, SQLITE = "TrialMQ, in-process broker", "Optuna, journal file", "Optuna, SQLite"
FLEET = "TrialMQ, RabbitMQ"
SQLITE_TRIALS = 200


def ours(trials: int, objective: str = "nothing") -> float:
    """Trials a second, from the first lease to the last result, as the database has them."""
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "bench.db"
        command = [sys.executable, "-m", "benchmarks.trials", "--one-run", str(database)]
        subprocess.run([*command, "--trials", str(trials), "--objective", objective], check=True)
        with sqlite3.connect(database) as db:
            first, last, count = db.execute(
                "SELECT (SELECT min(granted) FROM attempt), max(ended), count(*) FROM trial "
                "WHERE state IN ('complete', 'pruned')"
            ).fetchone()
    assert count == trials, f"{count} of {trials} trials ended"
    return float(count / (last - first))


def one_run(database: Path, trials: int, objective: str, pruner: str) -> None:
    """One sweep in this process; prints the peak memory in MiB."""
    from schema.pruning import PrunerSettings
    from schema.study import Limits
    from trialmq.choices import SweepChoices
    from trialmq.sweep import sweep

    choices = SweepChoices(
        objective=f"benchmarks.objectives:{objective}",
        database=database,
        runners=2,
        sampler="random",
        limits=Limits(trials=trials),
        pruner=PrunerSettings(
            pruner=pruner, parameters={"upper": 1e6} if pruner == "threshold" else {}
        ),
    )
    asyncio.run(sweep(choices, lambda _: None))
    if objective != "nothing":
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def optuna_worker(url: str, share: int, start: Barrier) -> None:
    """One of the two processes of the peer."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(
        study_name="bench", storage=storage_at(url), sampler=optuna.samplers.RandomSampler()
    )
    start.wait()

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", -5.0, 5.0)
        return x**2 + trial.suggest_float("rate", 1e-5, 1e-1, log=True)

    study.optimize(objective, n_trials=share)


def storage_at(url: str) -> "BaseStorage":
    """Optuna's storage at ``sqlite:///…`` or at the path of a journal file."""
    from optuna.storages import JournalStorage, RDBStorage
    from optuna.storages.journal import JournalFileBackend

    if url.startswith("sqlite:"):
        return RDBStorage(url)
    return JournalStorage(JournalFileBackend(url))


def optuna_rate(kind: str, trials: int) -> float:
    """Trials a second of two Optuna processes on a shared storage."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/o.db" if kind == "sqlite" else f"{folder}/o.log"
        optuna.create_study(study_name="bench", storage=storage_at(url), direction="minimize")
        context = multiprocessing.get_context("spawn")
        start = context.Barrier(3)
        workers = [
            context.Process(target=optuna_worker, args=(url, trials // 2, start)) for _ in range(2)
        ]
        for worker in workers:
            worker.start()
        start.wait()
        began = time.perf_counter()
        for worker in workers:
            worker.join()
        return trials / (time.perf_counter() - began)


def over_amqp(trials: int, count: int, json: Path | None) -> None:
    """The fleet beside the journal file: trials a second, and processor time a trial."""
    from benchmarks.over_rabbitmq import Run, measured, private_node

    runs: list[Run] = []
    peers_cpu: list[float] = []

    def fleet() -> float:
        runs.append(measured(node, "nothing", trials))
        return trials / runs[-1].seconds

    def journal() -> float:
        before = _children_seconds()
        rate = optuna_rate("journal", trials)
        peers_cpu.append(1e3 * (_children_seconds() - before) / trials)
        return rate

    with private_node() as node:
        figures = rounds({FLEET: fleet, JOURNAL: journal}, count, "trials/s")
    ratios = [a / b for a, b in zip(figures[FLEET].rounds, figures[JOURNAL].rounds, strict=True)]
    ratio = Figure(name="against journal, round by round", unit="x", rounds=ratios)
    show(
        f"{trials} no-op trials, 2 runners, durable and confirmed (floor 1.8x, aim 2.5x)"
        f"; {loaded()}",
        ["system", "median (lowest to highest)"],
        [*([f"{f.name}, {f.unit}", str(f)] for f in figures.values()), [ratio.name, str(ratio)]],
    )
    for run in runs:
        print(run.cpu_per_trial())
    journal_cpu = ", ".join(f"{cpu:.2f}" for cpu in peers_cpu)
    print(f"journal file, CPU ms/trial with the start of its processes: {journal_cpu}")
    write_json(json, {"figures": list(figures.values()), "ratio": ratio, "runs": runs})


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_memory(trials: int) -> float:
    """Peak resident memory (MiB) of the orchestrator's process after trials of 20 reports."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.trials", "--one-run", f"{folder}/bench.db"]
        done = subprocess.run(
            [*command, "--trials", str(trials), "--objective", "twenty_reports"],
            check=True,
            capture_output=True,
            text=True,
        )
    return float(done.stdout.split()[-1])


def main() -> None:
    """Measure, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one-run", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--objective", default="nothing", help=argparse.SUPPRESS)
    parser.add_argument("--pruner", default="median", help=argparse.SUPPRESS)
    parser.add_argument("--broker", choices=["memory", "amqp"], default="memory")
    given = parser.parse_args()
    if given.one_run:
        one_run(given.one_run, given.trials, given.objective, given.pruner)
        return
    if given.broker == "amqp":
        over_amqp(given.trials, given.rounds, given.json)
        return
    figures = rounds(
        {
            OURS: lambda: ours(given.trials),
            JOURNAL: lambda: optuna_rate("journal", given.trials),
            SQLITE: lambda: optuna_rate("sqlite", SQLITE_TRIALS),
        },
        given.rounds,
        "trials/s",
    )
    journal = figures[JOURNAL].median
    show(
        f"{given.trials} no-op trials, 2 runners, everything persisted",
        ["system", "trials/s: median (lowest to highest)", "against journal"],
        [[name, str(f), f"{f.median / journal:.2f}x"] for name, f in figures.items()],
    )
    memory = peak_memory(given.trials)
    print(f"orchestrator, {given.trials} trials of 20 reports: peak {memory:.0f} MiB (aim: 250)")
    write_json(given.json, {"figures": list(figures.values()), "peak_mib": memory})


if __name__ == "__main__":
    main()
