"""One training: configuration, corpus and seed in, metrics after every epoch and a detector out.

It knows nothing of searching: `train.py` reports its epochs to a trial, `evaluate.py` runs it
alone.  The same seed on one CPU thread gives the same numbers.
"""

import math

import numpy as np
import torch
from torch import Tensor, nn

from examples.wakeword.augmentation import masked, training_waves
from examples.wakeword.configuration import WakewordConfig
from examples.wakeword.corpus import Corpus, Indices
from examples.wakeword.detector import Detector
from examples.wakeword.metrics import OperatingPoint, at_best_threshold
from examples.wakeword.optimization import adjust, build_optimizer, wake_loss

_NORMALIZATION_CLIPS = 256  # training clips from which "global" normalisation is learned


class WakewordTraining:
    """A detector in training.  Building it seeds torch, so train one at a time in a process."""

    def __init__(
        self, config: WakewordConfig, corpus: Corpus, *, seed: int, device: str = "cpu"
    ) -> None:
        torch.manual_seed(seed)
        self._rng = np.random.default_rng(seed)
        self._mask_generator = torch.Generator().manual_seed(seed)
        self._utterances = corpus.training
        self._device = device
        self.detector = Detector(config).to(device)
        if config.preprocessing.normalization == "global":
            self._learn_normalization(config, seed)
        self._optimizer = build_optimizer(self.detector.network.parameters(), config.training)
        self._validation_features = self.detector.clip_features(corpus.validation.clips)
        self._validation_wake = torch.from_numpy(corpus.validation.wake.copy())
        self._epochs_done = 0

    def epoch(self, config: WakewordConfig) -> dict[str, float]:
        """Train for one epoch; return "f1" and "false_positive_rate" of validation, and "loss".

        `config` may differ from the one at the start in its live variables.  Raises
        `FloatingPointError` when the training diverged: its scores could only be ranked by chance.
        """
        loss = self._train(config)
        self._epochs_done += 1
        if not math.isfinite(loss):
            raise FloatingPointError(f"diverged: the loss of epoch {self._epochs_done} is {loss}")
        point = self.validate()
        return {"f1": point.f1, "false_positive_rate": point.false_positive_rate, "loss": loss}

    def validate(self) -> OperatingPoint:
        """The best operating point on the validation voices; raises `FloatingPointError` on NaN."""
        return at_best_threshold(self.validation_scores(), self._validation_wake)

    def validation_scores(self) -> Tensor:
        """Scores (clips,) of the validation voices; raises `FloatingPointError` on NaN."""
        scores = self.detector.scores(self._validation_features)
        if not bool(torch.isfinite(scores).all()):
            raise FloatingPointError(f"diverged: NaN scores after epoch {self._epochs_done}")
        return scores

    def _train(self, config: WakewordConfig) -> float:
        """One pass over the training clips; return the mean loss of a batch."""
        training, network = config.training, self.detector.network
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.p = config.architecture.dropout
        network.train()
        order = self._rng.permutation(len(self._utterances.wake))
        batches = np.split(order, range(training.batch_size, len(order), training.batch_size))
        losses = torch.zeros((), device=self._device)
        for number, batch in enumerate(batches):
            epochs = self._epochs_done + (number + 0.5) / len(batches)
            adjust(self._optimizer, training, epochs / training.epochs)
            loss = self._loss(batch, config)
            self._optimizer.zero_grad()
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(network.parameters(), training.clip_norm)
            self._optimizer.step()
            losses += loss.detach()
        return float(losses) / len(batches)

    def _loss(self, batch: Indices, config: WakewordConfig) -> Tensor:
        waves = training_waves(self._utterances, batch, config.augmentation, self._rng)
        wake = torch.from_numpy(self._utterances.wake[batch]).float().to(self._device)
        with torch.no_grad():
            features = self.detector.features(torch.from_numpy(waves).to(self._device))
            features = masked(features, config.augmentation, self._mask_generator)
        return wake_loss(self.detector.network(features), wake, config.training)

    def _learn_normalization(self, config: WakewordConfig, seed: int) -> None:
        """Take "global" mean and deviation from training clips, with draws of its own."""
        rng = np.random.default_rng([seed, 1])
        sample = rng.permutation(len(self._utterances.wake))[:_NORMALIZATION_CLIPS]
        waves = training_waves(self._utterances, sample, config.augmentation, rng)
        with torch.no_grad():
            self.detector.features.learn_normalization(torch.from_numpy(waves).to(self._device))
