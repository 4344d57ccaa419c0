"""Objectives as Optuna's users write them."""

import time

import optuna


def objective(trial: optuna.Trial) -> float:
    """A dynamic and conditional space; slow enough for a pruner to be heard."""
    kind = trial.suggest_categorical("kind", ["sgd", "adam", None])
    x = trial.suggest_float("x", -5.0, 5.0)
    layers = trial.suggest_int("layers", 1, 3)
    loss = x * x + layers
    for layer in range(layers):
        loss += abs(trial.suggest_int(f"units.{layer}", 4, 64, log=True) - 16) / 16
    if kind == "adam":
        loss += trial.suggest_float("beta", 0.1, 0.9, step=0.2)
    assert trial.suggest_float("x", -5.0, 5.0) == x == trial.params["x"]
    trial.set_user_attr("layers squared", layers * layers)
    return loss


def pruned(trial: optuna.Trial) -> float:
    """Ends itself as Optuna's objectives do."""
    if trial.suggest_int("n", 0, 9) >= 0 and trial.number % 2:
        trial.report(float("nan"), 0)
        raise optuna.TrialPruned
    return float(trial.number)


def waits_to_be_pruned(trial: optuna.Trial) -> float:
    """The first ones end; a later one reports what is worse until it is to end."""
    trial.suggest_float("x", 0.0, 1.0)
    step = 0
    while True:
        trial.report(1.0 if trial.number < 5 else 100.0 + step, step)
        step += 1
        time.sleep(0.001)  # what a step takes
        if trial.number < 5 and step == 40:
            return 1.0
        if trial.should_prune():
            raise optuna.TrialPruned


def two(trial: optuna.Trial) -> tuple[float, float]:
    """Two objectives."""
    x = trial.suggest_float("x", 0.0, 1.0)
    return x, 1.0 - x


def nothing(trial: optuna.Trial) -> None:
    """Forgot to return."""
