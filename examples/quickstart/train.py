"""Fit a sine: the thirty lines of the README."""

from typing import Annotated, Literal

import torch

import trialmq as tq


class Training(tq.Group):
    learning_rate: Annotated[float, tq.Range(1e-4, 1.0, log=True)] = 1e-2
    optimizer: Literal["adamw", "sgd"] = "adamw"
    momentum: Annotated[float, tq.Range(0.0, 0.99), tq.When("training.optimizer", "sgd")] = 0.9
    epochs: int = 20  # plain: kept and typed, not searched


class Config(tq.Config):
    training: Training = Training()


@tq.objective(minimize="loss", steps="training.epochs")
def train(config: Config, trial: tq.Trial) -> dict[str, float]:
    x = torch.linspace(-1, 1, 256).unsqueeze(1)
    y = torch.sin(3 * x)
    model = torch.nn.Sequential(torch.nn.Linear(1, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))
    t = config.training
    optimizer: torch.optim.Optimizer
    if t.optimizer == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), t.learning_rate, t.momentum)
    else:
        optimizer = torch.optim.AdamW(model.parameters(), t.learning_rate)
    for epoch in range(t.epochs):
        loss = torch.nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        trial.report(epoch, loss=loss.item())  # raises tq.Pruned when the trial should end
    return {"loss": loss.item()}
