"""When the detector fires, on hand-made scores of one window a second."""

import numpy as np
import pytest

from examples.wakeword.configuration import Inference, WakewordConfig
from examples.wakeword.detection import detections, judge
from examples.wakeword.detector import StreamScores
from schema.study import Direction, Metric
from trial_runner.after_training import tune


def stream(*scores: float) -> StreamScores:
    return StreamScores(np.array(scores, np.float32), np.arange(len(scores), dtype=np.float64))


def decision(
    *,
    threshold: float = 0.05,
    smoothing_windows: int = 1,
    high: float = 0.8,
    low: float = 0.4,
    cool_down_s: float = 0.2,
) -> Inference:
    return Inference(
        threshold=threshold,
        smoothing_windows=smoothing_windows,
        hysteresis_high=high,
        hysteresis_low=low,
        cool_down_s=cool_down_s,
    )


def test_it_fires_once_while_the_score_stays_high() -> None:
    assert list(detections(stream(0, 0.9, 0.9, 0.9, 0), decision())) == [1]


def test_it_fires_again_only_after_the_score_was_low() -> None:
    assert list(detections(stream(0.9, 0.5, 0.9), decision())) == [0]
    assert list(detections(stream(0.9, 0.3, 0.9), decision())) == [0, 2]


def test_low_above_high_means_high() -> None:
    assert list(detections(stream(0.9, 0.85, 0.9), decision(low=0.95))) == [0]
    assert list(detections(stream(0.9, 0.7, 0.9), decision(low=0.95))) == [0, 2]


def test_it_does_not_fire_during_the_cool_down() -> None:
    scores = stream(0.9, 0.0, 0.9, 0.0, 0.9)
    assert list(detections(scores, decision(cool_down_s=3.0))) == [0, 4]
    assert list(detections(scores, decision(cool_down_s=2.0))) == [0, 2, 4]


def test_smoothing_ignores_a_single_high_score() -> None:
    scores = stream(0, 0, 1, 0, 0, 1, 1, 1, 0)
    assert list(detections(scores, decision(smoothing_windows=3))) == [7]


def test_the_newest_score_itself_has_to_reach_the_threshold() -> None:
    scores = stream(0, 1.0, 0.6, 0.7)
    assert list(detections(scores, decision(threshold=0.0, smoothing_windows=2))) == [2]
    assert list(detections(scores, decision(threshold=0.7, smoothing_windows=2, high=0.6))) == [3]


def test_one_detection_a_phrase_is_right_and_every_other_is_a_false_alarm() -> None:
    scores = stream(0, 0, 0.9, 0, 0.9, 0, 0, 0.9, 0, 0, 0)
    phrases = np.array([[1.0, 3.0], [9.0, 10.0]])
    result = judge(scores, phrases, decision())
    assert result.recall == 0.5
    assert result.false_alarms_per_hour == pytest.approx(2 / (10 / 3600))
    assert result.f1 == pytest.approx(2 * 1 / (1 + 2 + 2))


def test_firing_before_the_middle_of_the_phrase_is_false() -> None:
    phrase = np.array([[2.0, 6.0]])
    assert judge(stream(0, 0, 0, 0.9, 0, 0, 0), phrase, decision()).recall == 0
    assert judge(stream(0, 0, 0, 0, 0.9, 0, 0), phrase, decision()).recall == 1
    assert judge(stream(0, 0, 0, 0, 0, 0, 0, 0.9), phrase, decision()).recall == 1
    assert judge(stream(0, 0, 0, 0, 0, 0, 0, 0, 0.9), phrase, decision()).recall == 0


def test_a_decision_that_the_default_is_not_is_found_without_training() -> None:
    scores = stream(0, 0.3, 0, 0, 0.2, 0, 0, 0.3, 0, 0, 0.2, 0)
    phrases = np.array([[1.0, 1.0], [7.0, 7.0]])

    def evaluate(inference: Inference) -> dict[str, float]:
        return judge(scores, phrases, inference).metrics()

    assert evaluate(Inference())["stream_f1"] == 0
    best = Metric(name="stream_f1", direction=Direction.MAXIMIZE)
    assert tune(WakewordConfig(), evaluate, best).metrics["stream_f1"] == 1
