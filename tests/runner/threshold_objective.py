"""An objective that trains nothing, and chooses its decision when that is done."""

from typing import Annotated

import trialmq as tq


class Training(tq.Group):
    rate: Annotated[float, tq.Range(0.0, 1.0)] = 0.5


class Decision(tq.Group):
    threshold: Annotated[float, tq.Range(0.0, 1.0), tq.AfterTraining()] = 0.5
    patience: Annotated[int, tq.Range(1, 9), tq.AfterTraining()] = 1


class ThresholdConfig(tq.Config):
    training: Training = Training()
    decision: Decision = Decision()


@tq.objective(maximize="f1", constraints=["alarms <= 3"])
def train(config: ThresholdConfig, trial: tq.Trial) -> dict[str, float]:
    """Best at a high threshold that still holds the constraint."""
    trial.report(0, f1=config.training.rate)

    def evaluate(decision: Decision) -> dict[str, float]:
        return {"f1": decision.threshold, "alarms": 10 * decision.threshold - decision.patience}

    chosen = trial.tune_after_training(evaluate, trials=150)
    return {**chosen, "in_force": trial.config.decision.threshold}


@tq.objective(minimize="loss")
def elsewhere(config: ThresholdConfig, trial: tq.Trial) -> dict[str, float]:
    """Decides by a metric of its own, and returns another."""
    chosen = trial.tune_after_training(
        lambda decision: {"misses": decision.threshold}, minimize="misses", trials=100
    )
    return {"loss": config.training.rate, **chosen}


@tq.objective(minimize="loss")
def unclear(config: ThresholdConfig, trial: tq.Trial) -> dict[str, float]:
    """Asks for two things at once."""
    return trial.tune_after_training(lambda _: 0.0, maximize="a", minimize="b")
