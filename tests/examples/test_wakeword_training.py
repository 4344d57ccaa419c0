"""Configuration, features, models, augmentation and training, on the tiny corpus."""

from typing import get_type_hints

import msgspec
import numpy as np
import pytest
import torch

from examples.wakeword.augmentation import masked, training_waves
from examples.wakeword.configuration import (
    Architecture,
    Augmentation,
    Preprocessing,
    Training,
    WakewordConfig,
)
from examples.wakeword.corpus import Corpus
from examples.wakeword.detector import Detector
from examples.wakeword.features import mel_bank
from examples.wakeword.metrics import at_best_threshold, at_threshold
from examples.wakeword.optimization import schedule_factor, wake_loss
from examples.wakeword.training import WakewordTraining

CONV = WakewordConfig()
GRU = WakewordConfig(
    architecture=Architecture(kind="gru", gru_layers=2, bidirectional=True),
    training=Training(learning_rate=5e-3),
)
EVERYTHING = WakewordConfig(
    architecture=Architecture(pooling="max", activation="gelu", kernel=7),
    preprocessing=Preprocessing(normalization="clip", hop_ms=20, window_ms=25),
    augmentation=Augmentation(
        speed=0.25,
        gain_db=12.0,
        shift_ms=400,
        neighbor_probability=1.0,
        noise_probability=1.0,
        time_masks=2,
        frequency_masks=2,
    ),
    training=Training(
        optimizer="sgd", schedule="cosine", warmup=0.2, focal_gamma=2.0, label_smoothing=0.1
    ),
)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_every_group_and_at_least_thirty_variables_are_there() -> None:
    groups = get_type_hints(WakewordConfig)
    assert list(groups) == [
        *("architecture", "preprocessing", "augmentation", "training", "inference"),
    ]
    names = [name for group in groups.values() for name in group.__struct_fields__]
    assert len(names) >= 30


@pytest.mark.parametrize("config", [CONV, GRU], ids=["conv", "gru"])
def test_training_lowers_the_loss(corpus: Corpus, config: WakewordConfig) -> None:
    training = WakewordTraining(config, corpus, seed=3)
    epochs = [training.epoch(config) for _ in range(6)]
    assert epochs[-1]["loss"] < 0.9 * epochs[0]["loss"]


def test_an_epoch_reports_finite_metrics_with_everything_switched_on(corpus: Corpus) -> None:
    metrics = WakewordTraining(EVERYTHING, corpus, seed=3).epoch(EVERYTHING)
    assert set(metrics) == {"f1", "false_positive_rate", "loss"}
    assert 0 <= metrics["f1"] <= 1
    assert 0 <= metrics["false_positive_rate"] <= 1
    assert np.isfinite(metrics["loss"])


def test_the_same_seed_trains_the_same_detector(corpus: Corpus) -> None:
    def losses(seed: int) -> list[float]:
        training = WakewordTraining(EVERYTHING, corpus, seed=seed)
        return [training.epoch(EVERYTHING)["loss"] for _ in range(2)]

    assert losses(1) == losses(1)
    assert losses(1) != losses(2)


def test_a_training_that_diverges_says_so_and_has_no_score(corpus: Corpus) -> None:
    config = msgspec.structs.replace(CONV, training=Training(learning_rate=float("nan")))
    training = WakewordTraining(config, corpus, seed=1)
    with pytest.raises(FloatingPointError, match="diverged"):
        training.epoch(config)


def test_a_live_variable_takes_effect_in_the_next_epoch(corpus: Corpus) -> None:
    training = WakewordTraining(CONV, corpus, seed=1)
    training.epoch(CONV)
    before = [weights.clone() for weights in training.detector.parameters()]
    still = msgspec.structs.replace(CONV, training=Training(learning_rate=0.0))
    training.epoch(still)
    assert all(map(torch.equal, before, training.detector.parameters()))
    training.epoch(CONV)
    assert not all(map(torch.equal, before, training.detector.parameters()))


def test_switching_one_augmentation_on_leaves_the_other_draws_alone(corpus: Corpus) -> None:
    clips = np.arange(8)

    def waves(augmentation: Augmentation) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return training_waves(corpus.training, clips, augmentation, np.random.default_rng(5))

    plain, louder = waves(Augmentation()), waves(Augmentation(gain_db=12.0))
    ratios = louder.std(1) / plain.std(1)
    assert len(set(ratios.round(3))) > 4
    np.testing.assert_allclose(louder, plain * ratios[:, None], rtol=1e-3, atol=1e-5)


def test_masks_blank_out_no_more_than_they_may() -> None:
    features = torch.randn(4, 40, 94)
    augmentation = Augmentation(time_masks=1, time_mask_frames=10)
    changed = masked(features, augmentation, torch.Generator().manual_seed(1)) != features
    frames = changed.any(1).sum(1)
    assert frames.max() > 0
    assert frames.max() <= 10
    nothing = Augmentation()
    assert torch.equal(masked(features, nothing, torch.Generator()), features)


def test_mel_filters_cover_the_band_and_peak_in_order() -> None:
    bank = mel_bank(24, 512)
    assert bank.shape == (24, 257)
    assert (bank.sum(1) > 0).all()
    assert (bank.argmax(1).diff() > 0).all()


@pytest.mark.parametrize("kind", ["conv", "gru"])
def test_a_clip_scores_the_same_alone_and_in_a_stream(corpus: Corpus, kind: str) -> None:
    config = msgspec.convert(
        {"architecture": {"kind": kind}, "preprocessing": {"normalization": "clip"}}, WakewordConfig
    )
    detector = Detector(config)
    clip = corpus.test.clips[:1]
    alone = detector.scores(detector.clip_features(clip))
    stream = detector.stream_scores(np.concatenate([clip[0], corpus.test.clips[1]]))
    assert stream.times[0] == pytest.approx(1.488, abs=0.02)
    assert np.diff(stream.times) == pytest.approx(0.096)
    assert stream.scores[0] == pytest.approx(float(alone[0]), abs=0.02)


def test_the_best_threshold_is_found_among_equal_scores() -> None:
    scores = torch.tensor([0.9, 0.8, 0.8, 0.8, 0.1])
    wake = torch.tensor([True, True, False, False, False])
    point = at_best_threshold(scores, wake)
    assert point.threshold == pytest.approx(0.9)
    assert point.f1 == pytest.approx(2 / 3)
    assert point.false_positive_rate == 0
    assert at_threshold(scores, wake, 0.8).false_positive_rate == pytest.approx(2 / 3)


def test_the_loss_is_cross_entropy_unless_something_is_asked_for() -> None:
    logits, wake = torch.tensor([2.0, -1.0]), torch.tensor([1.0, 0.0])
    plain = wake_loss(logits, wake, Training())
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, wake)
    assert float(plain) == pytest.approx(float(expected))
    assert wake_loss(logits, wake, Training(focal_gamma=2.0)) < plain
    assert wake_loss(logits, wake, Training(wake_weight=4.0)) > plain


def test_the_schedule_warms_up_and_comes_down() -> None:
    cosine = Training(schedule="cosine", warmup=0.2)
    assert schedule_factor(cosine, 0.1) < schedule_factor(cosine, 0.2)
    assert schedule_factor(cosine, 1.0) == pytest.approx(0)
    assert schedule_factor(Training(schedule="linear"), 0.25) == 0.75
    assert schedule_factor(Training(), 0.7) == 1.0
