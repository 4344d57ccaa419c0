"""From a dry voice to a recording: the room, the microphone, the noise, and 16-bit samples.

All audio here is mono at 16 kHz; a wave is float32 with speech near a peak of 1.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 16_000  # Hz
CLIP_SAMPLES = 24_000  # one clip, and one window of the streaming detector: 1.5 s

Wave = npt.NDArray[np.float32]
Pcm = npt.NDArray[np.int16]

PCM_SCALE = 8_000  # 16-bit counts for a wave of 1.0: room for four voices at their loudest


def to_pcm(wave: npt.NDArray[Any]) -> Pcm:
    """Quantise a wave of any shape, clipping what is too loud."""
    return np.clip(np.round(wave * PCM_SCALE), -32_768, 32_767).astype(np.int16)


def from_pcm(samples: Pcm) -> Wave:
    """The inverse of `to_pcm`, up to rounding."""
    return samples.astype(np.float32) / np.float32(PCM_SCALE)


def in_a_room(wave: Wave, rng: np.random.Generator) -> Wave:
    """Hear (samples,) in a random room through a random microphone; the peak is 1 again.

    The room is a tail of decaying noise, 60 dB down after 0.05 to 0.35 s; the microphone tilts the
    spectrum and cuts both its edges.
    """
    tail = int(rng.uniform(0.05, 0.35) * SAMPLE_RATE)
    impulse = rng.standard_normal(tail) * np.exp(-6.9 * np.arange(tail) / tail)
    impulse *= rng.uniform(0.0, 0.12)
    impulse[0] = 1.0
    size = 1 << (len(wave) + tail).bit_length()
    hertz = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    tilt = (np.maximum(hertz, 50) / 1000) ** rng.uniform(-0.5, 0.3)
    below = np.square(rng.uniform(40, 250) / np.maximum(hertz, 1))
    above = np.square(hertz / rng.uniform(3500, 8000))
    spectrum = np.fft.rfft(wave, size) * np.fft.rfft(impulse, size) * tilt
    spectrum /= (1 + below * below) * (1 + above * above * above)
    heard = np.fft.irfft(spectrum, size)[: len(wave)]
    scaled: Wave = (heard / np.abs(heard).max()).astype(np.float32)
    return scaled


def steady_noises(samples: int, rng: np.random.Generator) -> list[npt.NDArray[np.float64]]:
    """White noise, pink noise, and the hum of the mains with some hiss; (samples,) each."""
    white = rng.standard_normal(samples)
    hertz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE)
    pink_spectrum = np.fft.rfft(rng.standard_normal(samples)) / np.sqrt(np.maximum(hertz, 20))
    seconds = np.arange(samples) / SAMPLE_RATE
    hum = 0.1 * white
    for harmonic in range(1, 9):
        angle = 2 * np.pi * 50 * harmonic * seconds + rng.uniform(0, 6)
        hum = hum + np.sin(angle) / harmonic
    return [white, np.fft.irfft(pink_spectrum, samples), hum]


def add_noise(
    wave: Wave, noises: Wave, rng: np.random.Generator, *, speech_power: float, snr_db: float
) -> Wave:
    """Add a random stretch of one of `noises` (kinds, samples), `snr_db` below `speech_power`.

    Every noise must have unit power.  Returns the sum, (samples,) as `wave`.
    """
    noise = noises[rng.integers(len(noises))]
    start = int(rng.integers(0, len(noise) - len(wave)))
    amplitude = math.sqrt(speech_power / 10 ** (snr_db / 10))
    noisy: Wave = wave + noise[start : start + len(wave)] * np.float32(amplitude)
    return noisy
