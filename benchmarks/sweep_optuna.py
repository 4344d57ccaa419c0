"""The wake-word sweep by Optuna alone: the same objective, space, sampler and seeds as ours.

One process without pruning, or several on a journal file, each with a `MedianPruner` of Optuna's
default numbers. The default configuration is the first trial, as with us.
"""

import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

import msgspec
import optuna
import torch
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import MaxTrialsCallback

from benchmarks.sweep_records import TrialRecord
from examples.wakeword.train import train
from orchestrator.sampling import distribution, from_sampler, make_sampler, suggest, to_sampler
from schema.identity import trial_seed
from schema.narrowing import narrow
from schema.overrides import Overrides
from schema.space import Space
from schema.study import Direction, Metric
from schema.values import Value
from trial_runner.after_training import Evaluate, tune

STUDY = "sweep"


class Reporting:
    """What the objective needs of a trial, on top of one of Optuna's."""

    device = "cpu"

    def __init__(self, trial: optuna.Trial, config: Any, seed: int) -> None:
        self.seed = seed
        self.config = config
        self.steps = 0
        self._trial = trial

    def report(self, step: int, **metrics: float) -> None:
        """Report F1, and end here if Optuna says so."""
        self.steps += 1
        self._trial.report(metrics["f1"], step)
        if self._trial.should_prune():
            raise optuna.TrialPruned

    def store_scores(self, **scores: object) -> None:
        """Optuna has no place for them."""

    def tune_after_training(
        self, evaluate: Evaluate, trials: int = 200, *, maximize: str
    ) -> dict[str, float]:
        """As `trialmq.Trial` does it."""
        metric = Metric(name=maximize, direction=Direction.MAXIMIZE)
        return tune(self.config, evaluate, metric, trials=trials, seed=self.seed).metrics


def space_of_sweep(epochs: int) -> Space:
    """The space of the example, with so many epochs a trial."""
    declared = train.describe("train").space
    return narrow(declared, Overrides(set={"training.epochs": epochs}))


def objective_for(
    space: Space, seed: int, origin: float, ended: list[TrialRecord]
) -> Callable[[optuna.Trial], float]:
    """The objective as Optuna calls it; leaves in ``ended`` what became of each trial.

    Times count from ``origin``, seconds since 1970.
    """

    def run(trial: optuna.Trial) -> float:
        values: dict[str, Value] = {}
        for variable in space.sampling_order():
            if space.is_active(variable, values):
                raw = suggest(trial, variable.path, distribution(variable))
                values[variable.path] = from_sampler(variable, raw)
        config = space.complete(values)
        reporting = Reporting(trial, train.configure(config), trial_seed(seed, trial.number))
        began, outcome, f1 = time.time(), "failed", None
        try:
            f1 = float(train(reporting.config, reporting)["f1"])
            outcome = "complete"
        except optuna.TrialPruned:
            outcome = "pruned"
            raise
        finally:
            ended.append(
                TrialRecord(
                    number=trial.number,
                    outcome=outcome,
                    began=began - origin,
                    ended=time.time() - origin,
                    steps=reporting.steps,
                    f1=f1,
                    config=config,
                )
            )
        return f1

    return run


def study_on(storage: BaseStorage, seed: int, *, pruned: bool) -> optuna.Study:
    """The study of one process; processes have different seeds, as Optuna asks for."""
    return optuna.create_study(
        study_name=STUDY,
        storage=storage,
        load_if_exists=True,
        direction="maximize",
        sampler=make_sampler("tpe", seed),
        pruner=optuna.pruners.MedianPruner() if pruned else optuna.pruners.NopPruner(),
    )


def enqueue_default(study: optuna.Study, space: Space) -> None:
    """The first trial is the default configuration."""
    chosen = space.searched_active(space.defaults())
    study.enqueue_trial({p: to_sampler(space.variable(p), value) for p, value in chosen.items()})


def sequential(trials: int, epochs: int, seed: int, origin: float) -> list[TrialRecord]:
    """One trial after the other in this process, on all its cores, none pruned."""
    space, ended = space_of_sweep(epochs), list[TrialRecord]()
    study = study_on(InMemoryStorage(), seed, pruned=False)
    enqueue_default(study, space)
    run = objective_for(space, seed, origin, ended)
    study.optimize(run, n_trials=trials, catch=(FloatingPointError,))
    return ended


def on_a_journal(trials: int, epochs: int, seed: int, origin: float) -> list[TrialRecord]:
    """Two processes of one thread share a journal file until there are enough trials."""
    with tempfile.TemporaryDirectory() as folder:
        journal = str(Path(folder) / "journal.log")
        study = study_on(_journal(journal), seed, pruned=True)
        enqueue_default(study, space_of_sweep(epochs))
        context = multiprocessing.get_context("spawn")
        queue = context.Queue()
        workers = [
            context.Process(target=_work, args=(journal, trials, epochs, seed, i, origin, queue))
            for i in range(2)
        ]
        for worker in workers:
            worker.start()
        found: list[TrialRecord] = []
        heard = 0
        while heard < len(workers):
            try:
                found += msgspec.msgpack.decode(queue.get(timeout=1.0), type=list[TrialRecord])
                heard += 1
            except Empty:
                if any(worker.exitcode for worker in workers):
                    raise RuntimeError("a process of Optuna's failed") from None
        for worker in workers:
            worker.join()
    return sorted(found, key=lambda trial: trial.ended)


def _journal(path: str) -> BaseStorage:
    return JournalStorage(JournalFileBackend(path))


def _work(
    journal: str, trials: int, epochs: int, seed: int, process: int, origin: float, queue: Any
) -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    torch.set_num_threads(1)
    ended: list[TrialRecord] = []
    study = study_on(_journal(journal), seed * 1000 + process, pruned=True)
    study.optimize(
        objective_for(space_of_sweep(epochs), seed, origin, ended),
        callbacks=[MaxTrialsCallback(trials, states=None)],
        catch=(FloatingPointError,),
    )
    queue.put(msgspec.msgpack.encode(ended))
