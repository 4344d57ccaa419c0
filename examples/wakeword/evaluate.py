"""How good the default and a found configuration really are: three seeds each, on unheard voices.

    trialmq best STUDY --format json > best.json
    python -m examples.wakeword.evaluate --config best.json

Every configuration is trained from scratch with several seeds.  Clips are judged at the threshold
that is best for the validation voices; the stream by the configuration's own decision, and by one
tuned on the stream of the validation voices.  Figures are means with standard deviations.
"""

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

from examples.wakeword.configuration import WakewordConfig
from examples.wakeword.corpus import Corpus
from examples.wakeword.data import load
from examples.wakeword.detection import StreamResult, judge, tuned
from examples.wakeword.metrics import at_threshold
from examples.wakeword.speech import NoSpeechSynthesiser
from examples.wakeword.training import WakewordTraining


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
    decision = tuned(
        lambda inference: judge(validation, corpus.validation.wake_times, inference), seed=seed
    )
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

    Exits with a sentence if the file cannot be read or is not such a configuration.
    """
    decode = msgspec.toml.decode if path.suffix == ".toml" else msgspec.json.decode
    try:
        return decode(path.read_bytes(), type=WakewordConfig)
    except OSError as error:
        sys.exit(f"{path} cannot be read: {error.strerror}")
    except (msgspec.DecodeError, ValueError) as error:
        sys.exit(f"{path} is not a wake-word configuration: {error}")


def summary(results: Mapping[str, Sequence[Evaluation]]) -> Table:
    """One column a configuration: mean ± standard deviation over its seeds."""
    table = Table(title="wake word: mean ± standard deviation over seeds")
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
    config: Path | None = None,
    seeds: Annotated[int, Parameter(validator=Number(gte=1))] = 3,
    processes: Annotated[int, Parameter(validator=Number(gte=1))] = 2,
) -> None:
    """Train and judge the default configuration and, beside it, the one in a file.

    Args:
        config: a configuration by group, as `trialmq best STUDY --format json` prints it, or TOML.
        seeds: how many trainings of each.
        processes: how many of them at once, on one thread each.
    """
    configs = {"default": WakewordConfig()}
    if config is not None:
        configs[config.name] = read_config(config)
    runs = [(name, seed) for name in configs for seed in range(seeds)]
    results: dict[str, list[Evaluation]] = {name: [] for name in configs}
    try:
        load()  # once, before the processes start
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            futures = [pool.submit(_evaluate_alone, configs[name], seed) for name, seed in runs]
            quiet = Console(stderr=True)
            for (name, _), future in track(
                list(zip(runs, futures, strict=True)), "training", console=quiet, transient=True
            ):
                results[name].append(future.result())
    except (NoSpeechSynthesiser, FloatingPointError) as error:
        sys.exit(str(error))
    Console().print(summary(results))


if __name__ == "__main__":
    cyclopts.run(main)
