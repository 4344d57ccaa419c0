"""Loss, optimizer and schedule, as the training group of the configuration says."""

import math
from collections.abc import Iterable

import torch
import torch._dynamo  # 3 s that torch.optim would spend in every process on its first optimizer
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from torch.optim import SGD, Adam, AdamW, Optimizer

from examples.wakeword.configuration import Training


def wake_loss(logits: Tensor, wake: Tensor, training: Training) -> Tensor:
    """Cross-entropy of `logits` (batch,) against `wake` (batch,) of 0 or 1, as one number.

    Labels are smoothed; easy clips count less (focal loss, Lin et al. 2017, arXiv:1708.02002, its
    factor before smoothing); wake clips are weighted.
    """
    target = wake * (1 - training.label_smoothing) + 0.5 * training.label_smoothing
    losses = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    if training.focal_gamma:
        right = torch.where(wake > 0, logits, -logits).sigmoid()
        losses = losses * (1 - right) ** training.focal_gamma
    return (losses * torch.where(wake > 0, training.wake_weight, 1.0)).mean()


def build_optimizer(parameters: Iterable[nn.Parameter], training: Training) -> Optimizer:
    """The optimizer; its rates are set by `adjust` before every step."""
    if training.optimizer == "sgd":
        momentum = training.momentum
        return SGD(parameters, momentum=momentum, nesterov=training.nesterov and momentum > 0)
    return AdamW(parameters) if training.optimizer == "adamw" else Adam(parameters)


def adjust(optimizer: Optimizer, training: Training, progress: float) -> None:
    """Set what the configuration and the schedule ask for at `progress`, from 0 to 1.

    Called before every step, so that a value that was changed while training takes effect.
    """
    sgd = training.optimizer == "sgd"
    rate = training.sgd_learning_rate if sgd else training.learning_rate
    for group in optimizer.param_groups:
        group["lr"] = rate * schedule_factor(training, progress)
        group["weight_decay"] = training.weight_decay
        if sgd:
            group["momentum"] = training.momentum


def schedule_factor(training: Training, progress: float) -> float:
    """Share of the learning rate at `progress`, from 0 to 1: a warm-up times the schedule."""
    warm = min(1.0, progress / training.warmup) if training.warmup else 1.0
    match training.schedule:
        case "constant":
            return warm
        case "linear":
            return warm * (1 - progress)
        case "cosine":
            return warm * 0.5 * (1 + math.cos(math.pi * progress))
