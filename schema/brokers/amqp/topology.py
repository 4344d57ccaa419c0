"""How each kind of queue is declared at RabbitMQ, and how a message finds it. Pure.

```
 INBOX     quorum queue, bound to the exchange tmq.up with  #.<queue>
           a party sends with the key                       <party>.<queue>
 CONTROL   classic durable queue, reached by its name; forgotten when a day has passed unused
 PRIVATE   classic exclusive queue, reached by its name; gone with its connection
```

So a broker with one user a party holds each to its own name, by a topic permission such as
``^r\\.gpu1\\.tmq\\.main\\.runners$``, and the reader of an inbox can trust the sender in the key.

Nothing here is deprecated or refused by RabbitMQ 4: no mirrored, lazy or transient shared queue.
Arguments cannot be changed once a queue exists, so they stand here and nowhere else.
"""

from schema.identity import EXCHANGE, Queue, QueueKind

UNUSED_MILLISECONDS = 24 * 60 * 60 * 1000

Arguments = dict[str, str | int]


def arguments(queue: Queue) -> Arguments:
    """The arguments with which ``queue`` is declared."""
    if queue.kind is QueueKind.INBOX:
        return {
            "x-queue-type": "quorum",
            # RabbitMQ 4 drops a message on its 21st redelivery unless told otherwise; a reader
            # that restarts often would lose what it had merely prefetched.
            "x-delivery-limit": 1_000_000,
            "x-max-length": queue.capacity,
            "x-overflow": "reject-publish",
        }
    bounded: Arguments = {"x-max-length": queue.capacity, "x-overflow": "drop-head"}
    if queue.kind is QueueKind.CONTROL:
        bounded["x-expires"] = UNUSED_MILLISECONDS
    return bounded


def binding(queue: Queue) -> str:
    """The key with which an inbox is bound to the exchange."""
    return f"#.{queue.name}"


def route(queue: Queue, party: str) -> tuple[str, str]:
    """Exchange and routing key of a message from ``party`` to ``queue``."""
    if queue.kind is QueueKind.INBOX:
        return EXCHANGE, f"{party}.{queue.name}"
    return "", queue.name


def sender(queue: Queue, exchange: str, key: str) -> str:
    """The party that a message names as its sender; empty unless the broker could check it."""
    party = key.removesuffix(f".{queue.name}")
    return party if exchange == EXCHANGE and party != key else ""
