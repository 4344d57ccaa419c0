"""An orchestrator that does what a test says, and says itself only what a real one would.

It keeps the rule that a real one keeps: of an attempt only the record after the last one is taken.
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

import msgspec

from schema.broker import Broker, Delivery
from schema.codec import orders_codec, runner_codec
from schema.identity import runner_queue, runners_inbox
from schema.messages import (
    Assignment,
    Final,
    Heartbeat,
    Hello,
    LeaseOrder,
    Orders,
    Record,
    Records,
    Report,
    Reported,
    RevisionOrder,
    Steer,
)
from schema.trial import Desired

Attempt = tuple[int, int]


class ScriptedOrchestrator:
    """One for the runner ``r``; it hears nothing unless ``awake``, and waits unless ``reading``."""

    def __init__(self, broker: Broker) -> None:
        self.hellos: list[Hello] = []
        self.heartbeats: list[Heartbeat] = []
        self.taken: dict[Attempt, list[Record]] = {}
        self.largest = self.messages = 0
        self.awake = True
        self.reading = asyncio.Event()
        self.reading.set()
        self.refused = ""
        self.steer = Steer.RUN
        self.desired = Desired.RUN
        self.on_taken: Callable[[Record], None] = lambda record: None
        self._broker = broker
        self._codec = runner_codec()
        self._orders = orders_codec()
        self._changed = asyncio.Condition()
        self._arrived: asyncio.Queue[Delivery] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        await self._broker.declare(runners_inbox())
        await self._broker.consume(runners_inbox(), self._arrived.put_nowait, prefetch=4096)
        self._task = asyncio.create_task(self._serve())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def make_queue(self) -> None:
        """Make the queue of the runner, which it may not do itself."""
        await self._broker.declare(runner_queue("r"))

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something that came in makes it true."""
        async with self._changed:
            await self._changed.wait_for(holds)

    async def order(
        self,
        *leases: LeaseOrder,
        assignments: tuple[Assignment, ...] = (),
        revisions: tuple[RevisionOrder, ...] = (),
        introduce: bool = False,
    ) -> None:
        """Say this to the runner."""
        orders = Orders(
            term=1,
            leases=leases,
            assignments=assignments,
            revisions=revisions,
            introduce=introduce,
            steer=self.steer,
            refused=self.refused,
        )
        await self.say(orders)

    async def say(self, orders: Orders) -> None:
        """Say just this."""
        await self._broker.publish(runner_queue("r"), self._orders.encode(orders))

    async def assign(self, *assignments: Assignment) -> None:
        """Hand these trials to the runner as it introduced itself last."""
        await self.until(lambda: self.hellos)
        boot = self.hellos[-1].boot
        theirs = tuple(msgspec.structs.replace(a, boot=boot) for a in assignments)
        await self.order(assignments=theirs)

    async def final(self, trial: int, attempt: int = 1) -> Final:
        """How the attempt ended."""
        await self.until(lambda: self._end(trial, attempt))
        end = self._end(trial, attempt)
        assert end is not None
        return end

    def steps(self, trial: int, attempt: int = 1) -> list[int]:
        """The steps that were reported, as they were taken."""
        bodies = [record.body for record in self.taken.get((trial, attempt), ())]
        batches = [body.reports for body in bodies if isinstance(body, Reported)]
        return [r[0] for raw in batches for r in msgspec.msgpack.decode(raw, type=list[Report])]

    def _end(self, trial: int, attempt: int) -> Final | None:
        records = self.taken.get((trial, attempt))
        body = records[-1].body if records else None
        return body if isinstance(body, Final) else None

    async def _serve(self) -> None:
        while True:
            await self.reading.wait()
            delivery = await self._arrived.get()
            await self.reading.wait()
            message = self._codec.decode(delivery.body)
            match message:
                case Hello():
                    self.hellos.append(message)
                case Heartbeat():
                    self.heartbeats.append(message)
                    if self.awake:
                        await self.order(*(self._holds(c.trial, c.attempt) for c in message.leases))
                case Records():
                    self.largest = max(self.largest, len(delivery.body))
                    self.messages += 1
                    if self.awake:
                        attempts = {self._take(record) for record in message.records}
                        await self.order(*(self._holds(*attempt) for attempt in attempts))
            await delivery.acknowledge()
            async with self._changed:
                self._changed.notify_all()

    def _take(self, record: Record) -> Attempt:
        taken = self.taken.setdefault((record.trial, record.attempt), [])
        if record.seq == len(taken) + 1:
            taken.append(record)
            self.on_taken(record)
        return record.trial, record.attempt

    def _holds(self, trial: int, attempt: int) -> LeaseOrder:
        return LeaseOrder(trial, attempt, len(self.taken.get((trial, attempt), ())), self.desired)
