"""What the example stores of its validation, judged, gives the figures that it reports itself."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest
import torch

from examples.wakeword import train as example
from examples.wakeword.configuration import Inference, Training, WakewordConfig
from examples.wakeword.corpus import Corpus
from examples.wakeword.detection import judge
from examples.wakeword.detector import StreamScores
from schema.configuration import flatten
from schema.detection import Detection
from schema.messages import Assignment
from schema.scores import Decision, decode_scores, encode_scores, frames_from
from trial_runner.report_stream import ReportStream
from trial_runner.slot_inbox import SlotInbox
from trial_runner.stop_flag import StopFlag
from trial_runner.trial import Trial

DECISIONS = [
    Inference(
        threshold=threshold,
        smoothing_windows=windows,
        hysteresis_high=high,
        hysteresis_low=low,
        cool_down_s=cool_down,
    )
    for threshold, high, low in ((0.05, 0.5, 0.4), (0.53, 0.31, 0.9), (0.21, 0.47, 0.33))
    for windows, cool_down in ((1, 1.0), (3, 0.21), (8, 2.5))
]


@pytest.fixture(scope="module")
def trial() -> Iterator[Trial]:
    """A trial of the example, as its objective is handed it."""
    config = WakewordConfig(training=Training(epochs=2))
    space = example.train.space
    assignment = Assignment(
        trial=1,
        attempt=1,
        study="s",
        number=0,
        objective="",
        values=flatten(config),
        seed=3,
        tune=tuple(v for v in space.variables if v.after_training),
    )
    with ExitStack() as stack:
        ours, runners = map(stack.enter_context, socket.socketpair())
        flag = StopFlag.create()
        stack.callback(flag.close)
        stream, inbox = ReportStream(ours), SlotInbox(ours, flag)
        yield Trial(assignment, config, example.train, "cpu", 7, stream, flag, inbox)
        runners.close()


@pytest.fixture(scope="module")
def metrics(trial: Trial, corpus: Corpus) -> dict[str, float]:
    """What the objective returned."""
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(example, "load", lambda: corpus)
        found = example.train.function(trial.config, trial)
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def detection(trial: Trial, metrics: dict[str, float]) -> Detection:
    """Judges on what was stored."""
    assert trial.scores is not None
    return Detection(decode_scores(encode_scores(trial.scores)))


def test_the_configured_decision_gives_the_reported_figures(
    trial: Trial, metrics: dict[str, float], detection: Detection
) -> None:
    decision = detection.scores.roles.decision(flatten(trial.config))
    judged = detection.judge(decision)
    assert judged.stream is not None
    assert judged.stream.f1 == pytest.approx(metrics["stream_f1"])
    assert judged.stream.recall == pytest.approx(metrics["stream_recall"])
    assert judged.false_alarms_per_hour == pytest.approx(metrics["false_alarms_per_hour"])


def test_the_best_threshold_on_clips_gives_the_reported_f1(
    metrics: dict[str, float], detection: Detection
) -> None:
    best = detection.best_on_clips(Decision(threshold=0.5))
    assert best is not None
    judged = detection.judge(Decision(threshold=best)).clips
    assert judged is not None
    assert judged.f1 == pytest.approx(metrics["f1"])
    others = judged.false_positives + judged.true_negatives
    assert judged.false_positives / others == pytest.approx(metrics["false_positive_rate"])


@pytest.mark.parametrize("inference", DECISIONS, ids=str)
def test_every_decision_is_judged_as_the_example_judges_it(
    corpus: Corpus, detection: Detection, inference: Inference
) -> None:
    scores = detection.scores
    [stored] = scores.streams
    levels = frames_from(stored.frames)
    stream = StreamScores(
        scores=np.array([scores.score(level) for level in levels], np.float64),
        times=stored.start + np.arange(len(levels)) / stored.hertz,
    )
    expected = judge(stream, corpus.validation.wake_times, inference)
    values = flatten(WakewordConfig(inference=inference))
    judged = detection.judge(scores.roles.decision(values))
    assert judged.stream is not None
    assert judged.stream.f1 == pytest.approx(expected.f1)
    assert judged.stream.recall == pytest.approx(expected.recall)
    hours = stored.seconds / float(stream.times[-1])
    assert judged.false_alarms_per_hour == pytest.approx(expected.false_alarms_per_hour / hours)
