"""Objectives that are edited while they run; torch is at its own work in them."""

import os
import time
from typing import Annotated

import torch

import trialmq as tq


class Live(tq.Config):
    """What can change while a training runs, and one variable that cannot."""

    rate: Annotated[float, tq.Range(1e-5, 1.0, log=True), tq.Live()] = 0.1
    decay: Annotated[float, tq.Range(0.0, 1.0), tq.Live()] = 0.0
    dropout: Annotated[float, tq.Range(0.0, 0.9), tq.Live()] = 0.1
    clip: Annotated[float, tq.Range(0.0, 10.0), tq.Live()] = 1.0
    smoothing: Annotated[float, tq.Range(0.0, 0.5), tq.Live()] = 0.0
    width: Annotated[int, tq.Range(1, 64)] = 4

    def __post_init__(self) -> None:
        if self.rate > 0.5 and self.dropout > 0.5:
            raise ValueError("with so much dropout rate must be 0.5 at most")


class Clipping:
    """Something with an attribute."""

    norm = 1.0


@tq.objective(maximize="score")
def trains(config: Live, trial: tq.Trial) -> dict[str, float]:
    """Reports what is really in force, step after step, until it is told to end."""
    model = torch.nn.Sequential(
        torch.nn.Linear(4, config.width),
        torch.nn.Dropout(config.dropout),
        torch.nn.Sequential(torch.nn.Linear(config.width, 1), torch.nn.Dropout(config.dropout)),
    )
    halves = list(model.parameters())
    groups = [{"params": halves[:2]}, {"params": halves[2:]}]
    optimizer = torch.optim.AdamW(groups, lr=config.rate, weight_decay=config.decay)
    clipping = Clipping()
    clipping.norm = config.clip
    seen: dict[str, float] = {}

    def smooth(value: float) -> None:
        if value > 0.4:
            raise tq.Refused("the labels would be of no use")
        seen["smoothing"] = value

    trial.bind("rate", optimizer, "lr")
    trial.bind("decay", optimizer, "weight_decay")
    trial.bind("dropout", model, "p")
    trial.bind("smoothing", smooth)
    for step in range(100_000):
        loss = model(torch.ones(2, 4)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if "clip" in (changes := trial.changes()):
            clipping.norm = float(changes["clip"])
        drops = [m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)]
        rates = [group["lr"] for group in optimizer.param_groups]
        assert len(set(drops)) == len(set(rates)) == 1
        trial.report(
            step,
            rate=rates[0],
            decay=optimizer.param_groups[-1]["weight_decay"],
            dropout=drops[0],
            clip=clipping.norm,
            smoothing=seen.get("smoothing", config.smoothing),
            width=trial.config.width,
            config_rate=trial.config.rate,
            revision=trial.revision,
        )
        time.sleep(0.002)
    return {"score": 0.0}


@tq.objective(maximize="score")
def asks(config: Live, trial: tq.Trial) -> dict[str, float]:
    """Never reports, and only asks whether it should stop: it ends with the second edit."""
    while trial.revision < 2 and not trial.should_stop():
        time.sleep(0.002)
    return {"score": trial.config.rate}


@tq.objective(maximize="score")
def binds_late(config: Live, trial: tq.Trial) -> dict[str, float]:
    """Makes what it binds after the edit, from the configuration that it was handed."""
    while not trial.changes():
        time.sleep(0.002)
    clipping = Clipping()
    clipping.norm = config.clip
    trial.bind("clip", clipping, "norm")
    return {"score": clipping.norm}


@tq.objective(maximize="score")
def binds_wrongly(config: Live, trial: tq.Trial) -> dict[str, float]:
    """What is wrong with a binding is said at once."""
    said = []
    for path, target, attribute in (
        ("rat", Clipping(), "norm"),
        ("width", Clipping(), "norm"),
        ("rate", Clipping(), "nrom"),
        ("rate", Clipping(), None),
        ("rate", torch.optim.SGD([torch.zeros(1)], lr=1.0), "learning_rate"),
        ("dropout", torch.nn.Linear(1, 1), "p"),
    ):
        try:
            trial.bind(path, target, attribute)
        except tq.WrongInput as error:
            said.append(str(error))
    print("\n".join(said))
    return {"score": float(len(said))}


@tq.objective(maximize="score")
def crashes_once(config: Live, trial: tq.Trial) -> dict[str, float]:
    """Its process dies in the first attempt, once it was edited; the second goes on from a file."""
    begin = int(trial.latest_checkpoint.read_text()) if trial.latest_checkpoint else 0
    for step in range(begin, 100_000):
        trial.report(step, rate=trial.config.rate, begin=begin)
        (trial.checkpoint_dir / "step.txt").write_text(str(step))
        if trial.revision and trial.attempt == 1:
            os.kill(os.getpid(), 9)
        time.sleep(0.002)
        if trial.attempt == 2 and step > begin + 5:
            break
    return {"score": config.rate}


@tq.objective(maximize="score")
def builds(config: Live, trial: tq.Trial) -> dict[str, float]:
    """What it builds takes no odd width."""
    torch.nn.MultiheadAttention(config.width, num_heads=2)
    trial.report(0, rate=config.rate)
    return {"score": float(config.width)}
