"""Speech from eSpeak NG, through ctypes: voice, text and prosody in, an utterance at 16 kHz out.

The library and its voices come from the wheel `espeakng-loader`.  Most voices draw random numbers
inside eSpeak: seeded before every utterance, and in a fresh process, the same calls in the same
order give the same samples.  A second identical call in one process does not.
"""

import ctypes
from typing import Any

import numpy as np
import numpy.typing as npt

from examples.wakeword.acoustics import Pcm, Wave

_SYNCHRONOUS = 2  # espeak_AUDIO_OUTPUT: no sound card, samples through a callback
_RATE, _PITCH, _PITCH_RANGE = 1, 3, 4  # espeak_PARAMETER
_PLAIN_UTF8 = 1  # espeakCHARS_UTF8
_ESPEAK_RATE = 22_050  # Hz; 441 of its samples last as long as 320 of ours

_SynthCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class NoSpeechSynthesiser(ImportError):
    """eSpeak NG is not installed; the message has the command that installs it."""

    def __init__(
        self,
        message: str = "the wake-word example speaks through eSpeak NG, which is not installed: "
        "run `pip install espeakng-loader`",
    ) -> None:
        super().__init__(message)


def require_espeak() -> Any:
    """Return the module `espeakng_loader`; raise `NoSpeechSynthesiser` if there is none."""
    try:
        import espeakng_loader
    except ImportError as error:
        raise NoSpeechSynthesiser from error
    return espeakng_loader


class Speaker:
    """The loaded eSpeak library.  Its state belongs to the process, so make one speaker in each."""

    def __init__(self) -> None:
        loader = require_espeak()
        self._pieces: list[bytes] = []  # of the utterance being spoken, 16-bit samples
        self._library = ctypes.CDLL(loader.get_library_path())
        data = str(loader.get_data_path()).encode()
        if self._library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0) != _ESPEAK_RATE:
            raise RuntimeError(f"eSpeak NG did not start with its data in {loader.get_data_path()}")
        self._callback = _SynthCallback(self._collect)  # ctypes holds no reference: we must
        self._library.espeak_SetSynthCallback(self._callback)
        self._library.espeak_ng_SetRandSeed.argtypes = [ctypes.c_long]
        self._library.espeak_Synth.argtypes = [
            *(ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_int),
            *(ctypes.c_uint, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p),
        ]

    def say(self, text: str, voice: str, *, rate: int, pitch: int, spread: int, seed: int) -> Wave:
        """Speak `text`; return (samples,) at 16 kHz, silence trimmed, with a peak of 1.

        `rate` in words a minute; `pitch` and `spread` (how much the pitch moves) from 0 to 100.
        Raises `ValueError` for a voice that eSpeak does not have.
        """
        self._library.espeak_ng_SetRandSeed(seed)
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:  # it would keep the last one
            raise ValueError(f"eSpeak has no voice {voice!r}")
        for parameter, value in ((_RATE, rate), (_PITCH, pitch), (_PITCH_RANGE, spread)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._pieces.clear()
        raw = text.encode()
        self._library.espeak_Synth(raw, len(raw) + 1, 0, 0, 0, _PLAIN_UTF8, None, None)
        return _trimmed(_resampled(np.frombuffer(b"".join(self._pieces), np.int16)))

    def _collect(self, samples: Any, count: int, _events: int | None) -> int:
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, 2 * count))
        return 0  # go on


def _resampled(wave: Pcm) -> npt.NDArray[np.float64]:
    """From 22,050 to 16,000 Hz, which is 320 for every 441 samples, by cutting the spectrum."""
    blocks = -(-len(wave) // 441)
    spectrum = np.fft.rfft(np.pad(wave, (0, blocks * 441 - len(wave))))
    return np.fft.irfft(spectrum[: blocks * 160 + 1], blocks * 320)


def _trimmed(wave: npt.NDArray[np.float64]) -> Wave:
    loud = np.flatnonzero(np.abs(wave) > 0.02 * np.abs(wave).max())
    heard = wave[loud[0] : loud[-1] + 1]
    scaled: Wave = (heard / np.abs(heard).max()).astype(np.float32)
    return scaled
