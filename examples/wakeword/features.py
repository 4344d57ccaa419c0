"""From waveforms to normalised log-mel features."""

import numpy as np
import torch
from torch import Tensor, nn

from examples.wakeword.acoustics import CLIP_SAMPLES, SAMPLE_RATE
from examples.wakeword.configuration import Preprocessing

_LOWEST, _HIGHEST = 60.0, 7600.0  # Hz, the edges of the mel bands


class LogMel(nn.Module):
    """Waves (batch, samples) in, features (batch, mel bands, frames) out; nothing is learned."""

    window: Tensor
    bank: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self, preprocessing: Preprocessing) -> None:
        super().__init__()
        self.hop_samples = SAMPLE_RATE * preprocessing.hop_ms // 1000
        self._size = SAMPLE_RATE * preprocessing.window_ms // 1000
        self._floor = preprocessing.log_floor
        self._normalization = preprocessing.normalization
        bands = preprocessing.mel_bands
        self.register_buffer("window", torch.hann_window(self._size))
        self.register_buffer("bank", mel_bank(bands, self._size))
        self.register_buffer("mean", torch.zeros(bands, 1))
        self.register_buffer("deviation", torch.ones(bands, 1))

    @property
    def clip_frames(self) -> int:
        """Frames in one clip."""
        return CLIP_SAMPLES // self.hop_samples + 1

    def log_mel(self, waves: Tensor) -> Tensor:
        """Features before normalisation, for waves of any length."""
        spectrum = torch.stft(
            waves, self._size, self.hop_samples, window=self.window, return_complex=True
        )
        parts = torch.view_as_real(spectrum)
        power = parts[..., 0] ** 2 + parts[..., 1] ** 2  # square().sum(-1): seven times as long
        return torch.log(self.bank @ power + self._floor)

    def normalize(self, features: Tensor) -> Tensor:
        """Features (batch, mel bands, frames) of whole clips, normalised as configured."""
        match self._normalization:
            case "none":
                return features
            case "global":
                return (features - self.mean) / self.deviation
            case "mean":
                return features - features.mean(-1, keepdim=True)
            case "clip":
                centred = features - features.mean(-1, keepdim=True)
                return centred / (centred.square().mean(-1, keepdim=True).sqrt() + 1e-2)

    def forward(self, waves: Tensor) -> Tensor:
        """Normalised features of clips (batch, CLIP_SAMPLES)."""
        return self.normalize(self.log_mel(waves))

    def learn_normalization(self, waves: Tensor) -> None:
        """Take mean and deviation for "global" from a sample of training clips."""
        features = self.log_mel(waves)
        self.mean.copy_(features.mean((0, 2))[:, None])
        self.deviation.copy_(features.std((0, 2))[:, None] + 1e-3)


def mel_bank(bands: int, window_samples: int) -> Tensor:
    """Triangular filters (bands, window_samples // 2 + 1), evenly spaced on HTK's mel scale."""
    lowest, highest = (2595 * np.log10(1 + hertz / 700) for hertz in (_LOWEST, _HIGHEST))
    corners = 700 * (10 ** (np.linspace(lowest, highest, bands + 2) / 2595) - 1)
    hertz = np.linspace(0, SAMPLE_RATE / 2, window_samples // 2 + 1)
    rising = (hertz - corners[:-2, None]) / np.diff(corners[:-1])[:, None]
    falling = (corners[2:, None] - hertz) / np.diff(corners[1:])[:, None]
    filters = np.maximum(0, np.minimum(rising, falling))
    return torch.tensor(filters / window_samples, dtype=torch.float32)
