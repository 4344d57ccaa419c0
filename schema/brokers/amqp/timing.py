"""How long the RabbitMQ member waits for what. Pure."""

import msgspec


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. A peer that is silent for about three heartbeats is taken for dead."""

    connect: float = 10.0
    answer: float = 10.0  # until a publish counts as unconfirmed, or a declaration as unanswered
    close: float = 3.0
    heartbeat: int = 10
    shortest_pause: float = 1.0  # before connecting again after a failed attempt
    longest_pause: float = 5.0
    stable: float = 5.0  # a connection that lived shorter counts as a failed attempt
