"""Every name that two processes must agree on, built in one place."""

import re

from schema.errors import WrongInput

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def checked_name(what: str, name: str) -> str:
    """``name`` if it can name a ``what`` (a study, a runner).

    Raises:
        WrongInput: unless it is 1 to 64 letters, digits, dots, dashes or underscores that start
            with a letter or digit.
    """
    if _NAME.fullmatch(name):
        return name
    raise WrongInput(
        f"{what} name {name!r}: use 1 to 64 letters, digits, '.', '-' or '_', "
        "the first a letter or digit"
    )


def orchestrator_queue() -> str:
    """The queue on which the orchestrator listens."""
    return "tmq.orchestrator"


def runner_queue(runner: str) -> str:
    """The queue on which one runner listens."""
    return f"tmq.runner.{runner}"


def runner_name(index: int) -> str:
    """The name of the ``index``-th runner (from 1) on one machine."""
    return f"runner-{index}"


def trial_seed(seed: int, number: int) -> int:
    """The seed of one trial: the same for each attempt, another for each number; 31 bits."""
    return (seed * 1_000_003 + number * 7_919 + 1) % 2**31
