"""Names to a plan: the virtual host, who may do what there, and the queues that stay. Pure.

One user a party, each with the least that it needs:

```
 runner        declares nothing; writes to tmq.up with its own key; reads its own queue
 client        declares and reads its own queues; writes to tmq.up with its own key
 orchestrator  declares the exchange, its inboxes and its runners' queues; reads its inboxes;
               answers through the default exchange, which reaches every queue of the virtual host
```

The patterns are Erlang's (PCRE), made from the names of `schema.identity`; the queues are declared
as `schema.brokers.amqp.topology` has it, so that nobody finds them with other arguments.
"""

import re
from collections.abc import Iterable

import msgspec

from schema.brokers.amqp import topology
from schema.errors import WrongInput
from schema.identity import (
    EXCHANGE,
    ORCHESTRATOR,
    Queue,
    checked_name,
    checked_orchestrator,
    client_party,
    client_queue,
    clients_inbox,
    runner_party,
    runner_queue,
    runners_inbox,
)

VHOST = "trialmq"
USER = "orchestrator"
NOTHING = "^$"
INSTANCE = "[a-z0-9]{1,64}"
"""One instance of a client, as `schema.requests.Request` has it."""

INBOX_BYTES = 2**30
CONTROL_BYTES = 64 * 2**20
"""How much may wait in a queue; its number of messages is bounded where it is declared."""


class Rights(msgspec.Struct, frozen=True, kw_only=True):
    """Patterns of names; ``topic_write`` and ``topic_read`` are of routing keys at `EXCHANGE`."""

    configure: str
    write: str
    read: str
    topic_write: str = NOTHING
    topic_read: str = NOTHING


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user of the broker; each process of it holds two connections."""

    name: str
    what: str
    rights: Rights
    connections: int


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A policy for queues; its definition is understood by RabbitMQ 3.10 and 4 alike."""

    name: str
    pattern: str
    definition: dict[str, int]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is to be there."""

    vhost: str
    orchestrator: str
    users: tuple[User, ...]
    policies: tuple[Policy, ...]
    inboxes: tuple[Queue, ...]


def broker_plan(
    *,
    runners: Iterable[str] = (),
    clients: Iterable[str] = (),
    orchestrator: str = ORCHESTRATOR,
    vhost: str = VHOST,
    user: str = USER,
) -> Plan:
    """The plan for one orchestrator with its runners and clients.

    Raises:
        WrongInput: a name cannot be one, or is given twice.
    """
    checked_orchestrator(orchestrator)
    users = [
        _orchestrator(checked_name("user", user), orchestrator),
        *(_runner(checked_name("runner", name), orchestrator) for name in runners),
        *(_client(checked_name("client", name), orchestrator) for name in clients),
    ]
    seen: dict[str, str] = {}
    for each in users:
        if each.name in seen:
            raise WrongInput(
                f"{each.name!r} would be {seen[each.name]} and {each.what}; each needs a user of "
                "its own, so give one of them another name"
            )
        seen[each.name] = each.what
    inboxes = (runners_inbox(orchestrator), clients_inbox(orchestrator))
    return Plan(
        vhost=checked_name("virtual host", vhost),
        orchestrator=orchestrator,
        users=tuple(users),
        policies=_policies(orchestrator, inboxes),
        inboxes=inboxes,
    )


def _orchestrator(name: str, orchestrator: str) -> User:
    inboxes = [
        re.escape(runners_inbox(orchestrator).name),
        re.escape(clients_inbox(orchestrator).name),
    ]
    exchange = re.escape(EXCHANGE)
    any_runner = re.escape(runner_queue("", orchestrator).name) + ".+"
    bindings = [rf"#\.{inbox}" for inbox in inboxes]
    return User(
        name=name,
        what="an orchestrator",
        connections=16,
        rights=Rights(
            configure=_one_of(exchange, *inboxes, any_runner),
            write=_one_of(r"amq\.default", *inboxes),  # a queue is written to when it is bound
            read=_one_of(exchange, *inboxes),
            topic_read=_one_of(*bindings),  # so that it binds no other orchestrator's keys
        ),
    )


def _runner(name: str, orchestrator: str) -> User:
    exchange, key = topology.route(runners_inbox(orchestrator), runner_party(name))
    return User(
        name=name,
        what="a runner",
        connections=16,
        rights=Rights(
            configure=NOTHING,
            write=_one_of(re.escape(exchange)),
            read=_one_of(re.escape(runner_queue(name, orchestrator).name)),
            topic_write=_one_of(re.escape(key)),
        ),
    )


def _client(name: str, orchestrator: str) -> User:
    exchange, key = topology.route(clients_inbox(orchestrator), client_party(name))
    own = re.escape(client_queue(name, "", orchestrator).name) + INSTANCE
    return User(
        name=name,
        what="a client",
        connections=64,
        rights=Rights(
            configure=_one_of(own),
            write=_one_of(re.escape(exchange)),
            read=_one_of(own),
            topic_write=_one_of(re.escape(key)),
        ),
    )


def _one_of(*patterns: str) -> str:
    return f"^{patterns[0]}$" if len(patterns) == 1 else f"^({'|'.join(patterns)})$"


def _policies(orchestrator: str, inboxes: tuple[Queue, ...]) -> tuple[Policy, ...]:
    """Bounds in bytes: they may be changed while queues exist, so they are policies."""
    own = re.escape(runner_queue("", orchestrator).name.removesuffix("r."))
    return (
        Policy(
            name=f"trialmq-{orchestrator}-inboxes",
            pattern=_one_of(*(re.escape(inbox.name) for inbox in inboxes)),
            definition={"max-length-bytes": INBOX_BYTES},
        ),
        Policy(
            name=f"trialmq-{orchestrator}-private",
            pattern=f"^{own}[rc]\\.",
            definition={"max-length-bytes": CONTROL_BYTES},
        ),
    )
