"""The whole detector: audio in, scores from 0 to 1 out.  Features and network in one module."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from examples.wakeword.acoustics import SAMPLE_RATE, Pcm, from_pcm
from examples.wakeword.configuration import WakewordConfig
from examples.wakeword.features import LogMel
from examples.wakeword.models import build_network

_BATCH = 256  # clips scored at once
_STREAM_STEP_SECONDS = 0.1


@dataclass(frozen=True)
class StreamScores:
    """What the detector thinks of every window of a stream."""

    scores: npt.NDArray[np.float32]  # (windows,) from 0 to 1
    times: npt.NDArray[np.float64]  # (windows,) when each window ends, in seconds

    @property
    def hertz(self) -> float:
        """Windows a second."""
        return float((len(self.times) - 1) / (self.times[-1] - self.times[0]))


class Detector(nn.Module):
    """Waves (batch, CLIP_SAMPLES) in, logits (batch,) out."""

    def __init__(self, config: WakewordConfig) -> None:
        super().__init__()
        self.features = LogMel(config.preprocessing)
        self.network = build_network(config.preprocessing.mel_bands, config.architecture)

    def forward(self, waves: Tensor) -> Tensor:
        """Return the logit of every clip."""
        logits: Tensor = self.network(self.features(waves))
        return logits

    @torch.no_grad()
    def clip_features(self, clips: Pcm) -> Tensor:
        """Normalised features of clips (clips, CLIP_SAMPLES), to be scored many times."""
        return torch.cat([self.features(part) for part in torch.split(self._waves(clips), _BATCH)])

    @torch.no_grad()
    def scores(self, features: Tensor) -> Tensor:
        """Scores (clips,) from 0 to 1, on the CPU, of `features` (clips, mel bands, frames)."""
        self.network.eval()
        logits = [self.network(part) for part in torch.split(features, _BATCH)]
        return torch.cat(logits).sigmoid().cpu()

    @torch.no_grad()
    def stream_scores(self, stream: Pcm) -> StreamScores:
        """Scores of a window of 1.5 s every 0.1 s of a stream (samples,)."""
        frames, hop = self.features.clip_frames, self.features.hop_samples
        step = round(_STREAM_STEP_SECONDS * SAMPLE_RATE / hop)
        features = self.features.log_mel(self._waves(stream)[None])[0]
        windows = features.unfold(1, frames, step).transpose(0, 1)
        scores = torch.cat(
            [self.scores(self.features.normalize(part)) for part in torch.split(windows, _BATCH)]
        ).numpy()
        times = (np.arange(len(scores)) * step + frames - 1) * hop / SAMPLE_RATE
        return StreamScores(scores, times)

    def _waves(self, samples: Pcm) -> Tensor:
        return torch.from_numpy(from_pcm(samples)).to(self.features.window.device)
