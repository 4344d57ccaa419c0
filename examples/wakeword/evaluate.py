"""How good the default and a found configuration really are: three seeds each, on unheard voices.

    python -m examples.wakeword.evaluate                   the best of the study of `make demo`
    python -m examples.wakeword.evaluate --study NAME      of another one
    python -m examples.wakeword.evaluate --config best.toml

Every configuration is trained from scratch with several seeds.  Clips are judged at the threshold
that is best for the validation voices; the stream by the configuration's own decision, and by one
tuned on the stream of the validation voices.  Figures are means with standard deviations.
"""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import fmean, stdev
from typing import Annotated

import cyclopts
import msgspec
import torch
from cyclopts import Parameter
from cyclopts.validators import Number
from rich.console import Console
from rich.progress import track
from rich.table import Table

import trialmq as tq
from examples.wakeword.configuration import WakewordConfig
from examples.wakeword.corpus import Corpus
from examples.wakeword.data import load
from examples.wakeword.detection import StreamResult, judge
from examples.wakeword.metrics import at_threshold
from examples.wakeword.speech import NoSpeechSynthesiser
from examples.wakeword.training import WakewordTraining
from schema.study import Direction, Metric
from trial_runner.after_training import tune

OBJECTIVE = "examples/wakeword/train.py:train"
STUDY = "wakeword-train"  # what `trialmq run` calls the study of this objective


@dataclass(frozen=True)
class Evaluation:
    """One training, judged."""

    validation_f1: float
    test_f1: float
    stream: StreamResult  # test stream, the configuration's own decision
    tuned_stream: StreamResult  # test stream, the decision tuned on the validation stream


def evaluate(config: WakewordConfig, corpus: Corpus, seed: int) -> Evaluation:
    """Train with one seed and judge the detector; raises `FloatingPointError` if it diverges."""
    training = WakewordTraining(config, corpus, seed=seed)
    for _ in range(config.training.epochs):
        training.epoch(config)
    detector, point = training.detector, training.validate()
    test_scores = detector.scores(detector.clip_features(corpus.test.clips))
    validation = detector.stream_scores(corpus.validation.stream)
    test = detector.stream_scores(corpus.test.stream)
    decision = tune(
        config,
        lambda inference: judge(validation, corpus.validation.wake_times, inference).metrics(),
        Metric(name="stream_f1", direction=Direction.MAXIMIZE),
        seed=seed,
    ).config.inference
    wake = torch.from_numpy(corpus.test.wake.copy())
    return Evaluation(
        validation_f1=point.f1,
        test_f1=at_threshold(test_scores, wake, point.threshold).f1,
        stream=judge(test, corpus.test.wake_times, config.inference),
        tuned_stream=judge(test, corpus.test.wake_times, decision),
    )


def _evaluate_alone(config: WakewordConfig, seed: int) -> Evaluation:
    """The work of one process, on one thread."""
    torch.set_num_threads(1)
    return evaluate(config, load(), seed)


def read_config(path: Path) -> WakewordConfig:
    """The configuration in a JSON or TOML file, by group; what it leaves out is the default.

    Raises `tq.WrongInput` if the file cannot be read or is not such a configuration.
    """
    try:
        return _decode(path.read_bytes(), str(path), toml=path.suffix == ".toml")
    except OSError as error:
        raise tq.WrongInput(f"{path} cannot be read: {error.strerror}") from error


def best_of_study(study: str, database: Path) -> WakewordConfig:
    """The best configuration of a study, as `trialmq best` prints it.

    Raises `tq.WrongInput` with what that command says, or if it is of something else.
    """
    command = [sys.executable, "-m", "trialmq", "best", study, "--format", "json"]
    found = subprocess.run([*command, "--db", str(database)], capture_output=True, check=False)
    if found.returncode != 0:
        raise tq.WrongInput(found.stderr.decode().strip().removeprefix("trialmq: "))
    return _decode(found.stdout, f"the best of study {study!r}")


def _decode(text: bytes, what: str, *, toml: bool = False) -> WakewordConfig:
    decode = msgspec.toml.decode if toml else msgspec.json.decode
    try:
        return decode(text, type=WakewordConfig)
    except (msgspec.DecodeError, ValueError) as error:
        raise tq.WrongInput(f"{what} is not a wake-word configuration: {error}") from error


def summary(results: Mapping[str, Sequence[Evaluation]]) -> Table:
    """One column a configuration: mean ± standard deviation over its seeds."""
    table = Table(title="mean ± standard deviation over seeds")
    table.add_column()
    for name in results:
        table.add_column(name, justify="right")
    figures: list[tuple[str, Callable[[Evaluation], float], int]] = [
        ("F1 on validation voices", lambda run: run.validation_f1, 3),
        ("F1 on test voices", lambda run: run.test_f1, 3),
        ("recall in the test stream", lambda run: run.stream.recall, 2),
        ("false alarms an hour", lambda run: run.stream.false_alarms_per_hour, 0),
        ("recall, decision tuned", lambda run: run.tuned_stream.recall, 2),
        ("false alarms an hour", lambda run: run.tuned_stream.false_alarms_per_hour, 0),
    ]
    for label, figure, digits in figures:
        table.add_row(label, *(_spread([*map(figure, runs)], digits) for runs in results.values()))
    return table


def _spread(values: Sequence[float], digits: int) -> str:
    spread = stdev(values) if len(values) > 1 else 0.0
    return f"{fmean(values):.{digits}f} ± {spread:.{digits}f}"


def main(
    *,
    study: str | None = None,
    db: Path = Path("trialmq.db"),
    config: Path | None = None,
    seeds: Annotated[int, Parameter(validator=Number(gte=1))] = 3,
    processes: Annotated[int, Parameter(validator=Number(gte=1))] = 2,
) -> None:
    """Train and judge the default configuration and, beside it, a better one.

    Args:
        study: the study whose best to take; without this and `config` the one of `make demo`.
        db: the database that holds it.
        config: a configuration by group, as `trialmq best STUDY --format json` prints it, or TOML.
        seeds: how many trainings of each.
        processes: how many of them at once, on one thread each.
    """
    try:
        configs = {"default": WakewordConfig(), **_found(study, db, config)}
        results = _results(configs, seeds, processes)
    except (tq.WrongInput, NoSpeechSynthesiser, FloatingPointError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    Console().print(summary(results))


def _found(study: str | None, database: Path, file: Path | None) -> dict[str, WakewordConfig]:
    """The configurations to judge beside the default, by the name that the table gives them."""
    found = {} if file is None else {file.name: read_config(file)}
    if study is not None:
        found[f"best of {study}"] = best_of_study(study, database)
    if found:
        return found
    try:
        return {"best": best_of_study(STUDY, database)}
    except tq.WrongInput as error:
        print(f"only the default is judged: {error}", file=sys.stderr)
        print(f"for a best beside it: trialmq run {OBJECTIVE} --db {database}", file=sys.stderr)
        return {}


def _results(
    configs: Mapping[str, WakewordConfig], seeds: int, processes: int
) -> dict[str, list[Evaluation]]:
    """Train every configuration with every seed, some at once."""
    results: dict[str, list[Evaluation]] = {name: [] for name in configs}
    runs = [(name, seed) for name in configs for seed in range(seeds)]
    load()  # once, before the processes start
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(_evaluate_alone, configs[name], seed) for name, seed in runs]
        quiet = Console(stderr=True)
        for (name, _), future in track(
            list(zip(runs, futures, strict=True)), "training", console=quiet, transient=True
        ):
            results[name].append(future.result())
    return results


if __name__ == "__main__":
    cyclopts.run(main)
