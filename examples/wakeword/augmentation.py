"""Training clips, varied anew in every epoch: sped up, placed, mixed, made louder, then masked.

Every clip takes one row of uniform random numbers, one for each thing that may happen to it, used
or not.  So switching one augmentation on leaves all other draws as they were: two configurations
of one seed differ by what they do and not by luck.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from examples.wakeword.acoustics import CLIP_SAMPLES, PCM_SCALE, SAMPLE_RATE, Wave
from examples.wakeword.configuration import Augmentation
from examples.wakeword.corpus import Indices, Utterances

_QUIET_SNR_DB = 40.0  # of a clip without noise: it is never digitally silent


class _Chances(NamedTuple):
    """What may happen to one clip, each from 0 to 1."""

    speed: float
    shift: float
    noise: float
    snr: float
    noise_kind: float
    noise_start: float
    neighbor: float
    neighbor_gap: float
    before: float
    after: float
    gain: float


def training_waves(
    utterances: Utterances,
    indices: Indices,
    augmentation: Augmentation,
    rng: np.random.Generator,
) -> Wave:
    """The clips (len(indices), CLIP_SAMPLES) of one batch, as this epoch hears them."""
    waves = np.empty((len(indices), CLIP_SAMPLES), np.float32)
    draws = rng.random((len(indices), len(_Chances._fields)))
    for wave, index, draw in zip(waves, indices.tolist(), draws.tolist(), strict=True):
        _compose(wave, utterances, index, augmentation, _Chances(*draw))
    return waves


def _compose(
    wave: Wave, utterances: Utterances, index: int, augmentation: Augmentation, chances: _Chances
) -> None:
    """Fill one clip (CLIP_SAMPLES,).  It is in 16-bit counts until the last line scales it."""
    speech = utterances.utterance(index).astype(np.float32)
    if augmentation.speed:
        speech = _at_speed(speech, 1 + augmentation.speed * (2 * chances.speed - 1))
    loudness = math.sqrt(float(np.dot(speech, speech)) / len(speech))
    _fill_with_noise(wave, utterances.noises, loudness, augmentation, chances)
    shift = round((2 * chances.shift - 1) * augmentation.shift_ms * SAMPLE_RATE / 1000)
    start = min(max(0, int(utterances.place[index]) + shift), CLIP_SAMPLES - len(speech))
    end = start + len(speech)
    wave[start:end] += speech
    if chances.neighbor < augmentation.neighbor_probability:
        _add_neighbors(wave, utterances, start, end, chances)
    wave *= 10 ** ((2 * chances.gain - 1) * augmentation.gain_db / 20) / PCM_SCALE


def _at_speed(speech: Wave, factor: float) -> Wave:
    """Faster or slower, and with it higher or lower, as from a tape; no longer than a clip."""
    samples = min(CLIP_SAMPLES, int((len(speech) - 1) / factor))
    times = np.arange(samples) * factor
    resampled: Wave = np.interp(times, np.arange(len(speech)), speech).astype(np.float32)
    return resampled


def _fill_with_noise(
    wave: Wave,
    noises: npt.NDArray[np.int16],
    loudness: float,
    augmentation: Augmentation,
    chances: _Chances,
) -> None:
    noisy = chances.noise < augmentation.noise_probability
    snr_db = augmentation.snr_low_db + chances.snr * augmentation.snr_span_db
    amplitude = loudness / 10 ** ((snr_db if noisy else _QUIET_SNR_DB) / 20)
    noise = noises[int(chances.noise_kind * len(noises))]
    start = int(chances.noise_start * (len(noise) - CLIP_SAMPLES))
    stored = PCM_SCALE / 2  # the counts of a noise of unit power
    np.multiply(noise[start : start + CLIP_SAMPLES], amplitude / stored, out=wave, casting="unsafe")


def _add_neighbors(
    wave: Wave, utterances: Utterances, start: int, end: int, chances: _Chances
) -> None:
    """Add the end of what was said before, and the beginning of what comes next."""
    gap = int((0.2 + 0.4 * chances.neighbor_gap) * SAMPLE_RATE)
    clips = len(utterances.wake)
    before, after = int(chances.before * clips), int(chances.after * clips)
    if start > gap and not utterances.wake[before]:
        tail = utterances.utterance(before)[-(start - gap) :]
        wave[start - gap - len(tail) : start - gap] += tail
    if end + gap < CLIP_SAMPLES and not utterances.wake[after]:
        head = utterances.utterance(after)[: CLIP_SAMPLES - end - gap]
        wave[end + gap : end + gap + len(head)] += head


def masked(features: Tensor, augmentation: Augmentation, generator: torch.Generator) -> Tensor:
    """Blank out stretches of time and bands of features (batch, mel bands, frames).

    They are set to the mean of the clip.  Source: SpecAugment, Park et al. 2019, arXiv:1904.08779.
    """
    for axis, count, widest in (
        (2, augmentation.time_masks, augmentation.time_mask_frames),
        (1, augmentation.frequency_masks, augmentation.frequency_mask_bands),
    ):
        size, clips = features.shape[axis], features.shape[0]
        for _ in range(count):
            width = torch.randint(0, widest + 1, (clips, 1), generator=generator)
            start = (torch.rand(clips, 1, generator=generator) * (size - width)).long()
            position = torch.arange(size)[None]
            hit = ((position >= start) & (position < start + width)).to(features.device)
            hit = hit[:, None, :] if axis == 2 else hit[:, :, None]
            features = torch.where(hit, features.mean((1, 2), keepdim=True), features)
    return features
