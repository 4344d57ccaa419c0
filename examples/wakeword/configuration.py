"""The typed configuration of the wake-word detector: everything that can be chosen about it.

The defaults are an ordinary detector, as one would first write it.  The ranges are narrowed to
what trains in about a second an epoch on one core.  What is marked `Live` is read anew in
every epoch.
"""

from typing import Annotated, Literal

import trialmq as tq

IS_CONV = tq.When("architecture.kind", "conv")
IS_GRU = tq.When("architecture.kind", "gru")
IS_SGD = tq.When("training.optimizer", "sgd")
IS_ADAM = tq.When("training.optimizer", "adam", "adamw")


class Architecture(tq.Group):
    """The network from features to one score."""

    kind: Annotated[
        Literal["conv", "gru"], tq.Doc("dilated convolutions, or a recurrent network")
    ] = "conv"
    channels: Annotated[int, tq.Range(16, 48, step=8), tq.Doc("width of every layer")] = 32
    conv_layers: Annotated[int, tq.Range(2, 4), IS_CONV, tq.Doc("residual blocks")] = 3
    gru_layers: Annotated[int, tq.Range(1, 2), IS_GRU, tq.Doc("recurrent layers")] = 1
    bidirectional: Annotated[
        bool,
        IS_GRU,
        tq.When("architecture.gru_layers", 1),  # both together would train three times as long
        tq.Doc("reads the clip backwards too"),
    ] = False
    kernel: Annotated[int, tq.OneOf(3, 5, 7), tq.Doc("length of a convolution", "frames")] = 5
    activation: Annotated[Literal["relu", "gelu", "silu"], tq.Doc("after a convolution")] = "relu"
    pooling: Annotated[Literal["mean", "max"], tq.Doc("how a clip's frames become one")] = "mean"
    dropout: Annotated[
        float, tq.Range(0.0, 0.5), tq.Live(), tq.Doc("share of activations left out")
    ] = 0.1


class Preprocessing(tq.Group):
    """From the waveform to log-mel features."""

    mel_bands: Annotated[int, tq.Range(16, 64, step=8), tq.Doc("frequency resolution")] = 40
    window_ms: Annotated[int, tq.OneOf(25, 32, 40), tq.Doc("length of a frame", "ms")] = 32
    hop_ms: Annotated[int, tq.OneOf(16, 20), tq.Doc("from frame to frame", "ms")] = 16
    log_floor: Annotated[
        float, tq.Range(1e-8, 1e-3, log=True), tq.Doc("added before the logarithm")
    ] = 1e-6
    normalization: Annotated[
        Literal["none", "mean", "clip", "global"],
        tq.Doc("per band: nothing, a clip's mean, its mean and deviation, or the training set's"),
    ] = "global"


class Augmentation(tq.Group):
    """How training speech is varied, anew in every epoch."""

    noise_probability: Annotated[
        float, tq.Range(0.0, 1.0), tq.Live(), tq.Doc("share of clips that get noise")
    ] = 0.5
    snr_low_db: Annotated[
        float,
        tq.Range(-8.0, 10.0),
        tq.Live(),
        tq.Doc("loudest noise: speech is this far above", "dB"),
    ] = 5.0
    snr_span_db: Annotated[
        float,
        tq.Range(2.0, 25.0),
        tq.Live(),
        tq.Doc("from the loudest noise to the faintest", "dB"),
    ] = 15.0
    shift_ms: Annotated[
        int, tq.Range(0, 400, step=50), tq.Live(), tq.Doc("largest shift in time", "ms")
    ] = 100
    gain_db: Annotated[
        float, tq.Range(0.0, 12.0), tq.Live(), tq.Doc("largest change of loudness", "dB")
    ] = 0.0
    speed: Annotated[
        float, tq.Range(0.0, 0.25), tq.Live(), tq.Doc("largest change of tape speed, as a share")
    ] = 0.0
    neighbor_probability: Annotated[
        float, tq.Range(0.0, 1.0), tq.Live(), tq.Doc("share of clips with other speech around")
    ] = 0.0
    time_masks: Annotated[int, tq.Range(0, 2), tq.Live(), tq.Doc("stretches blanked out")] = 0
    time_mask_frames: Annotated[
        int,
        tq.Range(2, 24),
        tq.When("augmentation.time_masks", 1, 2),
        tq.Live(),
        tq.Doc("longest of them", "frames"),
    ] = 10
    frequency_masks: Annotated[int, tq.Range(0, 2), tq.Live(), tq.Doc("bands blanked out")] = 0
    frequency_mask_bands: Annotated[
        int,
        tq.Range(1, 8),
        tq.When("augmentation.frequency_masks", 1, 2),
        tq.Live(),
        tq.Doc("widest of them", "mel bands"),
    ] = 4


class Training(tq.Group):
    """The optimisation."""

    epochs: Annotated[int, tq.Doc("passes over the training clips")] = 12
    batch_size: Annotated[int, tq.OneOf(32, 64), tq.Doc("clips a step")] = 32
    optimizer: Annotated[Literal["adam", "adamw", "sgd"], tq.Doc("how gradients are used")] = "adam"
    learning_rate: Annotated[
        float, tq.Range(3e-4, 2e-2, log=True), IS_ADAM, tq.Live(), tq.Doc("step size")
    ] = 1e-3
    sgd_learning_rate: Annotated[
        float, tq.Range(1e-2, 0.5, log=True), IS_SGD, tq.Live(), tq.Doc("step size of SGD")
    ] = 0.1
    momentum: Annotated[
        float, tq.Range(0.0, 0.98), IS_SGD, tq.Live(), tq.Doc("how long a gradient acts")
    ] = 0.9
    nesterov: Annotated[bool, IS_SGD, tq.Doc("looks ahead by the momentum")] = True
    weight_decay: Annotated[
        float, tq.Range(1e-6, 1e-2, log=True), tq.Live(), tq.Doc("pull of weights towards 0")
    ] = 1e-6
    schedule: Annotated[
        Literal["constant", "linear", "cosine"], tq.Doc("the learning rate's way to the end")
    ] = "constant"
    warmup: Annotated[
        float, tq.Range(0.0, 0.2), tq.Doc("share of the training in which the rate rises")
    ] = 0.0
    label_smoothing: Annotated[
        float, tq.Range(0.0, 0.2), tq.Live(), tq.Doc("how unsure the labels are")
    ] = 0.0
    focal_gamma: Annotated[
        float, tq.Range(0.0, 3.0), tq.Live(), tq.Doc("how little easy clips count")
    ] = 0.0
    wake_weight: Annotated[
        float, tq.Range(0.5, 4.0, log=True), tq.Live(), tq.Doc("how much a wake clip counts")
    ] = 1.0
    clip_norm: Annotated[
        float, tq.Range(0.1, 10.0, log=True), tq.Live(), tq.Doc("longest gradient")
    ] = 10.0


class Inference(tq.Group):
    """When the streaming detector fires, given a score every 0.1 s."""

    threshold: Annotated[
        float, tq.Range(0.05, 0.95), tq.AfterTraining(), tq.Doc("score that a window itself needs")
    ] = 0.5
    smoothing_windows: Annotated[
        int, tq.Range(1, 8), tq.AfterTraining(), tq.Doc("scores averaged", "windows")
    ] = 1
    hysteresis_high: Annotated[
        float, tq.Range(0.05, 0.95), tq.AfterTraining(), tq.Doc("smoothed score that fires")
    ] = 0.5
    hysteresis_low: Annotated[
        float, tq.Range(0.02, 0.95), tq.AfterTraining(), tq.Doc("smoothed score that re-arms")
    ] = 0.4
    cool_down_s: Annotated[
        float, tq.Range(0.2, 2.5), tq.AfterTraining(), tq.Doc("least time between two", "s")
    ] = 1.0


class WakewordConfig(tq.Config):
    """A wake-word detector and its training."""

    architecture: Architecture = Architecture()
    preprocessing: Preprocessing = Preprocessing()
    augmentation: Augmentation = Augmentation()
    training: Training = Training()
    inference: Inference = Inference()
