"""A broker that loses, repeats, delays and reorders, between processes that can be killed."""

import asyncio
import itertools
from random import Random

from schema.broker import Broker, Delivery, Receiver, Subscription
from schema.identity import Queue, runner_party


class Killed(Exception):
    """The process that called was killed at this very step."""


class Network:
    """All messages between all processes, on the loop's clock; seeded link by link."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.faulty = True
        self.cut: set[str] = set()  # partitioned: nothing passes to or from these processes
        self.consumers: dict[str, list[tuple[Wire, Receiver]]] = {}
        self._in_flight: dict[int, asyncio.TimerHandle] = {}
        self._tickets = itertools.count()
        self._random: dict[str, Random] = {}

    def random(self, name: str) -> Random:
        """The dice of one link or process, the same whatever the others do."""
        if name not in self._random:
            self._random[name] = Random(f"{self.seed}/{name}")
        return self._random[name]

    def send(self, sender: "Wire", queue: str, body: bytes) -> None:
        """Bring ``body`` to a consumer of ``queue``: never, once or twice, now or later."""
        dice = self.random(f"{sender.owner} to {queue}")
        copies = 1
        if self.faulty:
            copies = dice.choices([0, 1, 2], [0.12, 0.76, 0.12])[0]
        for _ in range(copies):
            slow = self.faulty and dice.random() < 0.3
            delay = dice.uniform(0.01, 20.0 if slow else 0.5)
            ticket = next(self._tickets)
            self._in_flight[ticket] = asyncio.get_running_loop().call_later(
                delay, self._arrive, ticket, sender.owner, queue, body
            )

    def _arrive(self, ticket: int, sender: str, queue: str, body: bytes) -> None:
        del self._in_flight[ticket]
        there = [(w, r) for w, r in self.consumers.get(queue, ()) if w.alive]
        self.consumers[queue] = there
        if not there or sender in self.cut:
            return
        wire, receiver = self.random(f"consumers of {queue}").choice(there)
        if wire.owner not in self.cut:
            receiver(Message(body, runner_party(sender)))

    def lose_everything(self) -> None:
        """The broker's disk is gone: whatever was on its way is lost."""
        for handle in self._in_flight.values():
            handle.cancel()
        self._in_flight.clear()


class Message(Delivery):
    """A delivery of a broker that forgets at once: nothing comes again by itself."""

    def __init__(self, body: bytes, sender: str) -> None:
        self.body = body
        self.sender = sender
        self.redelivered = False

    async def acknowledge(self) -> None:
        """Nothing to remember."""


class Consumption(Subscription):
    """Ends with the process."""

    async def cancel(self) -> None:
        """Nothing to do."""


class Wire(Broker):
    """One process's end of the network; a dead process sends and receives nothing."""

    def __init__(self, network: Network, owner: str, *, dies_while_sending: float = 0.0) -> None:
        self.network = network
        self.owner = owner
        self.alive = True
        self._dies = dies_while_sending

    def step(self) -> None:
        """A step at which the process may be killed.

        Raises:
            Killed: it was, now or before.
        """
        if self.network.faulty and self.network.random(self.owner).random() < self._dies:
            self.alive = False
        if not self.alive:
            raise Killed(self.owner)

    @property
    def connected(self) -> bool:
        """True for a process that lives."""
        return self.alive

    async def declare(self, queue: Queue) -> None:
        """Every queue exists."""

    async def publish(self, queue: Queue, body: bytes) -> bool:
        """Send, unless the process dies before or just after it."""
        self.step()
        self.network.send(self, queue.name, body)
        self.step()
        return True

    async def consume(
        self, queue: Queue, receiver: Receiver, *, prefetch: int = 256
    ) -> Subscription:
        """Deliver to this process while it lives."""
        self.network.consumers.setdefault(queue.name, []).append((self, receiver))
        return Consumption()

    async def close(self) -> None:
        """The process is gone."""
        self.alive = False
