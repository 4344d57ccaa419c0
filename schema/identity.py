"""Every name that two processes must agree on, built in one place: queues, parties, seeds.

Several orchestrators may share one broker; each has its own queues, told apart by its name. Who
writes to an inbox is a *party*, ``r.<runner>`` or ``c.<client>``, which a broker with one user a
party vouches for.
"""

import re
from enum import StrEnum

import msgspec

from schema.errors import WrongInput

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

ORCHESTRATOR = "main"
"""The name of an orchestrator that was given none."""

EXCHANGE = "tmq.up"
"""Where a broker with exchanges takes what is meant for an inbox."""


class QueueKind(StrEnum):
    """What a queue is for, and so what becomes of messages for which it has no room."""

    INBOX = "inbox"  # many parties write, an orchestrator reads; refuses when full, never forgets
    CONTROL = "control"  # one runner reads; the oldest give way, because all is restated
    PRIVATE = "private"  # one client's, gone with its connection; the oldest give way


class Queue(msgspec.Struct, frozen=True):
    """A queue as it is declared everywhere; ``capacity`` is in waiting messages."""

    name: str
    kind: QueueKind = QueueKind.INBOX
    capacity: int = 200_000


def checked_name(what: str, name: str) -> str:
    """``name`` if it can name a ``what`` (a study, a runner, a client).

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


def checked_orchestrator(name: str) -> str:
    """``name`` if it can name an orchestrator: as `checked_name`, without a dot.

    Raises:
        WrongInput: it cannot.
    """
    if _WORD.fullmatch(name):
        return name
    raise WrongInput(
        f"orchestrator name {name!r}: use 1 to 64 letters, digits, '-' or '_', "
        "the first a letter or digit"
    )


def runners_inbox(orchestrator: str = ORCHESTRATOR) -> Queue:
    """Where an orchestrator hears its runners."""
    return Queue(f"tmq.{orchestrator}.runners")


def clients_inbox(orchestrator: str = ORCHESTRATOR) -> Queue:
    """Where an orchestrator hears its clients."""
    return Queue(f"tmq.{orchestrator}.clients", capacity=1_000)


def runner_queue(runner: str, orchestrator: str = ORCHESTRATOR) -> Queue:
    """Where one runner hears its orchestrator, which declares it."""
    return Queue(f"tmq.{orchestrator}.r.{runner}", QueueKind.CONTROL, 1_000)


def client_queue(client: str, instance: str, orchestrator: str = ORCHESTRATOR) -> Queue:
    """Where one instance of a client hears its orchestrator; it declares the queue itself."""
    return Queue(f"tmq.{orchestrator}.c.{client}.{instance}", QueueKind.PRIVATE, 5_000)


def runner_party(runner: str) -> str:
    """A runner as the sender of a message."""
    return f"r.{runner}"


def client_party(client: str) -> str:
    """A client as the sender of a message."""
    return f"c.{client}"


def orchestrator_party(orchestrator: str = ORCHESTRATOR) -> str:
    """An orchestrator as the sender of a message."""
    return f"o.{orchestrator}"


def runner_name(index: int) -> str:
    """The name of the ``index``-th runner (from 1) on one machine."""
    return f"runner-{index}"


def trial_seed(seed: int, number: int) -> int:
    """The seed of one trial: the same for each attempt, another for each number; 31 bits."""
    return (seed * 1_000_003 + number * 7_919 + 1) % 2**31
