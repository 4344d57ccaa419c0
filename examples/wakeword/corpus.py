"""The recordings of the experiment, and the folder of plain `.npy` files in which they lie.

Training speech is stored clean and in one piece, because every epoch places it and adds noise
anew.  Validation and test are stored as they are heard: fixed clips, and one long stream each.
Read back, every array is a read-only view of its file: all processes of a machine share one copy.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from examples.wakeword.acoustics import Pcm
from examples.wakeword.phrases import Split

Indices = npt.NDArray[np.int64]
Texts = npt.NDArray[np.str_]


@dataclass(frozen=True, kw_only=True)
class CorpusSpec:
    """How much is synthesised, how noisy validation and test are, and the seed of it all."""

    training_clips: int = 1200
    validation_clips: int = 600
    test_clips: int = 800
    stream_seconds: float = 600.0  # of validation and of test
    noise_seconds: float = 20.0  # of each kind of noise
    snr_db: tuple[float, float] = (5.0, 25.0)  # of validation and test
    seed: int = 7

    def clips(self, split: Split) -> int:
        """How many clips the split has."""
        return {
            Split.TRAINING: self.training_clips,
            Split.VALIDATION: self.validation_clips,
            Split.TEST: self.test_clips,
        }[split]


@dataclass(frozen=True, kw_only=True)
class _Arrays:
    """A record of arrays, one file each, named after its field."""

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        for field in fields(self):
            np.save(folder / f"{field.name}.npy", getattr(self, field.name))

    @classmethod
    def open(cls, folder: Path) -> Self:
        return cls(
            **{
                field.name: np.asarray(np.load(folder / f"{field.name}.npy", mmap_mode="r"))
                for field in fields(cls)
            }
        )


@dataclass(frozen=True, kw_only=True)
class Utterances(_Arrays):
    """Clean training speech, laid end to end, and the noises to mix it with."""

    audio: Pcm  # (samples of all utterances,)
    start: Indices  # (clips,) where each begins in `audio`
    length: Indices  # (clips,) in samples
    place: Indices  # (clips,) where it begins in its clip, before any augmentation
    wake: npt.NDArray[np.bool_]  # (clips,) whether the wake phrase is said
    text: Texts  # (clips,)
    voice: Texts  # (clips,)
    noises: Pcm  # (kinds, samples), unit power times half the scale of `audio`

    def utterance(self, index: int) -> Pcm:
        """The samples of one utterance, (length,)."""
        start = self.start[index]
        return self.audio[start : start + self.length[index]]


@dataclass(frozen=True, kw_only=True)
class Recordings(_Arrays):
    """What is heard for validation or for test: separate clips, and a stream."""

    clips: Pcm  # (clips, CLIP_SAMPLES)
    wake: npt.NDArray[np.bool_]  # (clips,)
    text: Texts  # (clips,)
    voice: Texts  # (clips,)
    stream: Pcm  # (samples,)
    stream_voice: Texts  # (utterances in the stream,)
    wake_times: npt.NDArray[np.float64]  # (wake phrases in the stream, 2) start and end in seconds


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """The three splits."""

    training: Utterances
    validation: Recordings
    test: Recordings

    def save(self, folder: Path) -> None:
        """Write all arrays below `folder`, which must not hold any yet."""
        self.training.save(folder / Split.TRAINING)
        self.validation.save(folder / Split.VALIDATION)
        self.test.save(folder / Split.TEST)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Read what `save` wrote, mapped into memory and read-only."""
        return cls(
            training=Utterances.open(folder / Split.TRAINING),
            validation=Recordings.open(folder / Split.VALIDATION),
            test=Recordings.open(folder / Split.TEST),
        )
