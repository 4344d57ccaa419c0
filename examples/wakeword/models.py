"""The two networks: features (batch, mel bands, frames) in, one logit a clip (batch,) out."""

from torch import Tensor, nn

from examples.wakeword.configuration import Architecture

_ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "gelu": nn.GELU, "silu": nn.SiLU}


class ConvolutionalNetwork(nn.Module):
    """Residual dilated convolutions over time."""

    def __init__(self, mel_bands: int, architecture: Architecture) -> None:
        super().__init__()
        width = architecture.channels
        self.stem = _convolution(mel_bands, architecture, stride=2)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                _convolution(width, architecture, dilation=2**depth),
                nn.Dropout(architecture.dropout),
            )
            for depth in range(architecture.conv_layers)
        )
        self.pool = _Pool(architecture.pooling)
        self.head = nn.Linear(width, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return the logit of every clip."""
        hidden = self.stem(features)
        for block in self.blocks:
            hidden = hidden + block(hidden)
        logits: Tensor = self.head(self.pool(hidden)).squeeze(-1)
        return logits


class RecurrentNetwork(nn.Module):
    """A strided convolution, then a GRU."""

    def __init__(self, mel_bands: int, architecture: Architecture) -> None:
        super().__init__()
        width = architecture.channels
        directions = 2 if architecture.bidirectional else 1
        self.stem = _convolution(mel_bands, architecture, stride=3)
        self.gru = nn.GRU(
            width,
            width,
            architecture.gru_layers,
            batch_first=True,
            bidirectional=architecture.bidirectional,
        )
        self.pool = _Pool(architecture.pooling)
        self.dropout = nn.Dropout(architecture.dropout)
        self.head = nn.Linear(width * directions, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return the logit of every clip."""
        hidden, _ = self.gru(self.stem(features).transpose(1, 2))
        logits: Tensor = self.head(self.dropout(self.pool(hidden.transpose(1, 2)))).squeeze(-1)
        return logits


def build_network(mel_bands: int, architecture: Architecture) -> nn.Module:
    """The network that `architecture.kind` names."""
    kinds = {"conv": ConvolutionalNetwork, "gru": RecurrentNetwork}
    return kinds[architecture.kind](mel_bands, architecture)


class _Pool(nn.Module):
    """(batch, channels, frames) to (batch, channels)."""

    def __init__(self, pooling: str) -> None:
        super().__init__()
        self._pooling = pooling

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden.amax(-1) if self._pooling == "max" else hidden.mean(-1)


def _convolution(
    inputs: int, architecture: Architecture, *, stride: int = 1, dilation: int = 1
) -> nn.Sequential:
    kernel, width = architecture.kernel, architecture.channels
    return nn.Sequential(
        nn.Conv1d(inputs, width, kernel, stride, kernel // 2 * dilation, dilation),
        nn.BatchNorm1d(width),
        _ACTIVATIONS[architecture.activation](),
    )
