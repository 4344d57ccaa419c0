"""TrialMQ: hyper-parameter search for torch, on one machine or many.

    import trialmq as tq

The names below are all that a user's code needs. Importing them loads none of torch, optuna, the
page or a broker.
"""

from typing import TYPE_CHECKING

from schema.configuration import Config, Group
from schema.errors import TrialMQError, WrongInput
from schema.markers import AfterTraining, Alias, Doc, Fixed, Live, OneOf, Range, When
from trial_runner.live_edits import Refused
from trial_runner.objective import objective
from trial_runner.scoring import ScoredStream
from trial_runner.trial import Pruned, Trial

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from orchestrator.client.client import Client

__all__ = [
    "AfterTraining",
    "Alias",
    "Config",
    "Doc",
    "Fixed",
    "Group",
    "Live",
    "OneOf",
    "Pruned",
    "Range",
    "Refused",
    "ScoredStream",
    "Trial",
    "TrialMQError",
    "When",
    "WrongInput",
    "connect",
    "objective",
]


def connect(
    url: "str | Path | None" = None,
    token: str | None = None,
    *,
    orchestrator: str = "main",
    client: str | None = None,
    deadline: float = 10.0,
) -> "AbstractAsyncContextManager[Client]":
    """The client of a running service or of a database, to be entered with ``async with``.

        async with tq.connect("ws://127.0.0.1:8484") as client:
            async for trial in client.trials("wakeword-train"):
                print(trial.number, trial.value)

    Args:
        url: where a ``trialmq run``, ``train`` or ``serve`` listens (``ws://``, ``wss://``); the
            broker of a ``trialmq serve`` (``amqp://``, ``amqps://``; its password may be in
            TRIALMQ_BROKER_PASSWORD); or the file of a database on this machine, of which whoever
            runs it answers, and otherwise this process. ``None`` takes TRIALMQ_BROKER_URL.
        token: what a service wants that listens at more than its own machine; by default
            TRIALMQ_TOKEN.
        orchestrator: over a broker, the ``--name`` of the service.
        client: by which the service knows who asks; by default the user, of the broker or here.
        deadline: seconds until a call that nobody answers fails.

    Raises:
        BrokerError: the URL is wrong, or the broker cannot be reached.
        GatewayError: the URL is wrong, nobody listens there, or the token is refused.
        StoreError: the database is not there, not ours, or in use by what does not listen.
    """
    from trialmq.connecting import connect

    return connect(url, token, orchestrator=orchestrator, client=client, deadline=deadline)
