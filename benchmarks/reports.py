"""What does a report cost the training, how many are decided and stored, how late is the decision?

Three questions, one table each:

* the stall of the training per ``report`` (100 reports a trial, as fast as they come), beside
  Optuna's ``report`` + ``should_prune`` with a MedianPruner in memory, on its journal file and on
  SQLite;
* how many reports a second are decided and stored, by 2 runners, end to end;
* the time from a report that is to be pruned to the moment the training sees it, with steps of
  one millisecond.

With ``--broker amqp`` the last two are asked of a fleet: `trialmq serve` and two `trialmq runner`s
on a private RabbitMQ node, everything durable, confirmed and synced to the disk.

    python -m benchmarks.reports [--broker memory|amqp] [--rounds 3] [--json FILE]
"""

import argparse
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import Figure, loaded, rounds, show, write_json
from benchmarks.objectives import STEPS
from benchmarks.trials import FLEET, storage_at

TRIALS = 400
PEER_TRIALS = {"memory": 60, "journal": 20, "sqlite": 4}


def sweep_metrics(objective: str, trials: int, pruner: str) -> tuple[list[dict[str, float]], float]:
    """The metrics of every trial that ended, and reports a second from first lease to last end."""
    import json

    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "bench.db"
        command = [sys.executable, "-m", "benchmarks.trials", "--one-run", str(database)]
        options = ["--trials", str(trials), "--objective", objective, "--pruner", pruner]
        subprocess.run([*command, *options], check=True, capture_output=True)
        with sqlite3.connect(database) as db:
            metrics = [
                json.loads(text)
                for (text,) in db.execute("SELECT metrics FROM trial WHERE metrics NOT NULL")
            ]
            first, last, count = db.execute(
                "SELECT (SELECT min(granted) FROM attempt), max(ended), sum(reports) FROM trial"
            ).fetchone()
    return metrics, count / (last - first)


def our_stall() -> float:
    """Median over trials of the median stall per report (µs)."""
    metrics, _ = sweep_metrics("many_reports", TRIALS, "median")
    return statistics.median(m["stall_median"] for m in metrics)


def optuna_objective_stall() -> float:
    """The same (µs) of ``report`` and ``should_prune`` of an Optuna objective, unchanged."""
    metrics, _ = sweep_metrics("optuna_reports", TRIALS, "median")
    return statistics.median(m["value"] for m in metrics)


def our_rate() -> float:
    """Reports a second, decided and stored."""
    return sweep_metrics("only_reports", TRIALS, "median")[1]


def our_lag(objective: str) -> Figure:
    """Milliseconds from the report that is to be pruned to the moment the training can see it."""
    metrics, _ = sweep_metrics(objective, 60, "threshold")
    return Figure(name=objective, unit="ms", rounds=[m["lag_ms"] for m in metrics])


def optuna_stall(kind: str) -> float:
    """Median stall (µs) of ``report`` + ``should_prune`` in one Optuna process."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    stalls: list[float] = []

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", -5.0, 5.0)
        for step in range(STEPS):
            before = time.perf_counter()
            trial.report(x**2 + 1 / (step + 1), step)
            trial.should_prune()
            stalls.append(time.perf_counter() - before)
        return x**2

    with tempfile.TemporaryDirectory() as folder:
        url = {"memory": None, "sqlite": f"sqlite:///{folder}/o.db"}.get(kind, f"{folder}/o.log")
        study = optuna.create_study(
            storage=None if url is None else storage_at(url),
            pruner=optuna.pruners.MedianPruner(),
            sampler=optuna.samplers.RandomSampler(),
        )
        study.optimize(objective, n_trials=PEER_TRIALS[kind])
    return statistics.median(stalls) * 1e6


def over_amqp(count: int, json: Path | None) -> None:
    """The fleet's rate and lag, beside the rate of two Optuna processes on a journal file."""
    from benchmarks.over_rabbitmq import measured, private_node

    lags: list[float] = []

    def rate() -> float:
        run = measured(node, "only_reports", TRIALS)
        return run.reports / run.seconds

    def lag() -> float:
        run = measured(node, "waiting_steps", 60, "threshold")
        found = [metrics["lag_ms"] for metrics in run.metrics]
        lags.extend(found)
        return statistics.median(found)

    with private_node() as node:
        rates = rounds(
            {FLEET: rate, "Optuna, journal file, 1 process": journal_rate}, count, "reports/s"
        )
        lagged = rounds({FLEET: lag}, count, "ms")[FLEET]
    show(
        "reports decided and stored, 2 runners (floor 20,000/s, aim 55,000/s); " + loaded(),
        ["system", "reports/s: median (lowest to highest)"],
        [[name, str(figure)] for name, figure in rates.items()],
    )
    lags.sort()
    late = lags[int(len(lags) * 0.99)]
    show(
        "report to decision seen, steps of 1 ms (floor 8 ms, aim 4 ms); " + loaded(),
        ["system", "ms: median of a round (lowest to highest)", "99 % of all"],
        [[FLEET, str(lagged), f"{late:.1f}"]],
    )
    write_json(json, {"rate": list(rates.values()), "lag": lagged})


def journal_rate() -> float:
    """Reports a second that one Optuna process decides on a journal file."""
    return 1e6 / optuna_stall("journal")


def main() -> None:
    """Measure, print the tables, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--broker", choices=["memory", "amqp"], default="memory")
    given = parser.parse_args()
    if given.broker == "amqp":
        over_amqp(given.rounds, given.json)
        return
    stalls = rounds(
        {
            "TrialMQ, in-process broker": our_stall,
            "TrialMQ, an Optuna objective": optuna_objective_stall,
            "Optuna, in memory": lambda: optuna_stall("memory"),
            "Optuna, journal file": lambda: optuna_stall("journal"),
            "Optuna, SQLite": lambda: optuna_stall("sqlite"),
        },
        given.rounds,
        "µs",
    )
    ours = stalls["TrialMQ, in-process broker"].median
    show(
        "stall of the training per report (aim 1 µs, floor 5 µs)",
        ["system", "µs: median (lowest to highest)", "against TrialMQ"],
        [[name, str(f), f"{f.median / ours:,.0f}x"] for name, f in stalls.items()],
    )
    rate = rounds({"reports": our_rate}, given.rounds, "reports/s")["reports"]
    show(
        "reports decided and stored, 2 runners (aim 120,000/s, floor 40,000/s)",
        ["system", "reports/s: median (lowest to highest)"],
        [["TrialMQ, in-process broker", str(rate)]],
    )
    lags = [our_lag("waiting_steps"), our_lag("working_steps")]
    show(
        f"report to decision seen, steps of 1 ms, {len(lags[0].rounds)} prunes (floor 1 ms)",
        ["TrialMQ, in-process broker, 2 runners", "ms: median (lowest to highest)"],
        [
            ["steps that leave the cores free (a GPU works)", str(lags[0])],
            ["steps that keep both cores busy", str(lags[1])],
        ],
    )
    write_json(given.json, {"stall": list(stalls.values()), "rate": rate, "lag": lags})


if __name__ == "__main__":
    main()
