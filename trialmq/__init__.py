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
from trial_runner.trial import Pruned, Trial

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

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
    "Trial",
    "TrialMQError",
    "When",
    "WrongInput",
    "connect",
    "objective",
]


def connect(
    url: str | None = None,
    *,
    orchestrator: str = "main",
    client: str | None = None,
    deadline: float = 10.0,
) -> "AbstractAsyncContextManager[Client]":
    """The client of a running ``trialmq serve``, to be entered with ``async with``.

        async with tq.connect("amqps://alice@broker.example") as client:
            async for trial in client.trials("wakeword-train"):
                print(trial.number, trial.value)

    Args:
        url: of its broker; ``None`` takes TRIALMQ_BROKER_URL. The password may be in
            TRIALMQ_BROKER_PASSWORD.
        orchestrator: the ``--name`` of the service.
        client: by which the service knows who asks; by default the user of the broker.
        deadline: seconds until a call that nobody answers fails.

    Raises:
        BrokerError: the URL is wrong, or the broker cannot be reached.
    """
    from trialmq.connecting import connect

    return connect(url, orchestrator=orchestrator, client=client, deadline=deadline)
