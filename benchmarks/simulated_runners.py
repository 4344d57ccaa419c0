"""Many runners in one process: the real protocol over real connections, and no training.

Each has the real spool and the real messages, a queue of its own and its own name as the sender;
only the connections are shared, by some hundred of them each. A trial reports once in so many
seconds, is complete after `STEPS` reports, or ends when it is told to.
"""

import asyncio
import itertools
import random
import time
import uuid
from collections.abc import Coroutine
from contextlib import suppress
from typing import Self

import msgspec

from schema.broker import Delivery
from schema.brokers.address import BrokerAddress
from schema.brokers.amqp.consuming import ConsumingLink, RabbitMQSubscription
from schema.brokers.amqp.publishing import PublishingLink
from schema.brokers.amqp.timing import Timing
from schema.codec import orders_codec, runner_codec
from schema.errors import TrialMQError
from schema.identity import Queue, runner_party, runner_queue, runners_inbox
from schema.messages import Final, Heartbeat, Hello, Records, Reported, Started
from schema.space import Space
from schema.study import Direction, Metric, ObjectiveDescription
from schema.trial import Desired, Outcome
from schema.variables import Variable
from trial_runner.spool import Lease, Spool

HEARTBEAT_SECONDS = 5.0
STEPS = 20
RUNNERS_PER_CONNECTION = 250

OFFER = ObjectiveDescription(
    entry="benchmarks.simulated:train",
    metrics=(Metric(name="loss", direction=Direction.MINIMIZE),),
    space=Space(
        variables=tuple(
            Variable(path=f"x{i}", kind="float", default=0.5, low=0.0, high=1.0, searched=True)
            for i in range(4)
        )
    ),
    steps=STEPS,
)


class SharedLink(PublishingLink):
    """Publishes for many parties."""

    async def publish_as(self, party: str, queue: Queue, body: bytes) -> bool:
        """As `publish`, which takes the party before it first waits."""
        self._party = party
        return await self.publish(queue, body)


class SharedDownLink(ConsumingLink):
    """Is heard by many parties, which begin one after another, as each does on its own link."""

    def __init__(self, address: BrokerAddress, party: str, timing: Timing) -> None:
        super().__init__(address, party, timing)
        self.starting = asyncio.Lock()


class SimulatedRunner:
    """One runner with one slot."""

    def __init__(
        self, name: str, up: SharedLink, down: SharedDownLink, report_seconds: float
    ) -> None:
        self.name = name
        self.latencies: list[tuple[float, float]] = []
        self._up = up
        self._down = down
        self._report_seconds = report_seconds
        self._spool = Spool(boot=uuid.uuid4().hex)
        self._codec = runner_codec()
        self._orders = orders_codec()
        self._sent_at: dict[tuple[int, int, int], float] = {}
        self._slot = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def live(self) -> None:
        """Arrive, and beat for ever."""
        wait = 0.1
        while not await self._arrived():
            await asyncio.sleep(wait)
            wait = min(2 * wait, 5.0)
        await asyncio.sleep(random.uniform(0, HEARTBEAT_SECONDS))
        while True:
            beat = Heartbeat(runner=self.name, boot=self._spool.boot, leases=self._spool.claims())
            await self._say(beat)
            if again := tuple(
                r
                for r in self._spool.unacknowledged(16)
                if time.monotonic() - self._sent_at[r.trial, r.attempt, r.seq] > HEARTBEAT_SECONDS
            ):
                await self._say(Records(runner=self.name, boot=self._spool.boot, records=again))
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _arrived(self) -> bool:
        """False while the orchestrator has not made the queue."""
        await self._hello()
        queue = runner_queue(self.name)
        async with self._down.starting:
            subscription = RabbitMQSubscription(self._down, queue, self._receive, 64)
            try:
                await subscription.start()
            except TrialMQError:
                return False
        return True

    async def _hello(self) -> None:
        await self._say(Hello(runner=self.name, boot=self._spool.boot, slots=1, offers=(OFFER,)))

    async def _say(self, message: Hello | Heartbeat | Records) -> None:
        body = self._codec.encode(message)
        await self._up.publish_as(runner_party(self.name), runners_inbox(), body)

    def _receive(self, delivery: Delivery) -> None:
        orders = self._orders.decode(delivery.body)
        if self._spool.current(orders):
            now = time.monotonic()
            for order in orders.leases:
                sent = self._sent_at.get((order.trial, order.attempt, order.applied))
                if sent is not None:
                    self.latencies.append((now, now - sent))
                self._spool.obey(order)
            for assignment in orders.assignments:
                lease = self._spool.accept(assignment)
                if lease is not None:
                    self._soon(self._train(lease))
            if orders.introduce:
                self._soon(self._hello())
        self._soon(delivery.acknowledge())

    async def _train(self, lease: Lease) -> None:
        async with self._slot:
            await self._append(lease, Started(slot=self.name))
            level = random.random()
            outcome = Outcome.COMPLETE
            for step in range(STEPS):
                await asyncio.sleep(random.uniform(0.9, 1.1) * self._report_seconds)
                if lease.fenced:
                    return
                if lease.desired is not Desired.RUN:
                    pruned = lease.desired is Desired.PRUNE
                    outcome = Outcome.PRUNED if pruned else Outcome.STOPPED
                    break
                loss = level + random.random() / (step + 1)
                reports = msgspec.msgpack.encode([(step, float(step), {"loss": loss})])
                await self._append(lease, Reported(reports=msgspec.Raw(reports)))
            await self._append(lease, Final(outcome=outcome, metrics={"loss": level}))

    async def _append(self, lease: Lease, body: Started | Reported | Final) -> None:
        record = self._spool.append(lease, body)
        if record is not None:
            self._sent_at[*lease.key, record.seq] = time.monotonic()
            if lease.ended:  # what is older needs no second look
                self._sent_at = {k: at for k, at in self._sent_at.items() if k[:2] == lease.key}
            await self._say(Records(runner=self.name, boot=self._spool.boot, records=(record,)))

    def _soon(self, job: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class SimulatedRunners:
    """So many runners, alive from entering to leaving."""

    def __init__(self, address: BrokerAddress, count: int, report_seconds: float) -> None:
        self._address = address
        self._count = count
        self._report_seconds = report_seconds
        self._tasks: list[asyncio.Task[None]] = []
        self.runners: list[SimulatedRunner] = []

    async def __aenter__(self) -> Self:
        for first in range(0, self._count, RUNNERS_PER_CONNECTION):
            up = SharedLink(self._address, f"simulated {first}", Timing())
            down = SharedDownLink(self._address, f"simulated {first}", Timing())
            for link in (up, down):
                self._tasks.append(asyncio.create_task(link.keep(patient=False)))
                await link.first
            for index in range(first, min(first + RUNNERS_PER_CONNECTION, self._count)):
                name = f"s{index:04}"
                runner = SimulatedRunner(name, up, down, self._report_seconds)
                self.runners.append(runner)
                self._tasks.append(asyncio.create_task(runner.live()))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait(self._tasks, timeout=5)

    def latencies(self, since: float, until: float) -> list[float]:
        """Seconds from a record to the orders that say it is stored, of those in this time."""
        every = itertools.chain.from_iterable(runner.latencies for runner in self.runners)
        return sorted(seconds for at, seconds in every if since <= at < until)
