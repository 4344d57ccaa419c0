"""A runner without slots: it says on the broker what a test tells it to, word by word."""

import asyncio
from collections.abc import Callable

import msgspec

from schema.broker import Broker, Delivery
from schema.codec import orders_codec, reports_codec, runner_codec
from schema.identity import runner_queue, runners_inbox
from schema.messages import (
    Assignment,
    Body,
    Final,
    FromRunner,
    Heartbeat,
    Hello,
    LeaseClaim,
    Orders,
    Record,
    Records,
    Report,
    Reported,
    Started,
)
from schema.study import ObjectiveDescription
from schema.trial import Outcome

PATIENCE_SECONDS = 10.0
STARTED = Started(slot="slot")


class ScriptedRunner:
    """One runner's end of the protocol; ``boot`` names its present life."""

    def __init__(self, broker: Broker, name: str = "runner-1") -> None:
        self.name = name
        self.boot = "first"
        self._broker = broker
        self._to_orchestrator = runner_codec()
        self._to_runner = orders_codec()
        self._received: asyncio.Queue[Orders] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        """From now on orders arrive."""
        await self._broker.declare(runner_queue(self.name))
        await self._broker.consume(runner_queue(self.name), self._receive)

    def _receive(self, delivery: Delivery) -> None:
        self._received.put_nowait(self._to_runner.decode(delivery.body))
        task = asyncio.ensure_future(delivery.acknowledge())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def say(self, message: FromRunner) -> None:
        """Send one message."""
        body = self._to_orchestrator.encode(message)
        assert await self._broker.publish(runners_inbox(), body)

    async def hello(self, *offers: ObjectiveDescription, slots: int = 1) -> None:
        """Arrive."""
        await self.say(Hello(runner=self.name, boot=self.boot, slots=slots, offers=offers))

    async def beat(self, *claims: LeaseClaim) -> None:
        """Say that this runner lives and holds these attempts."""
        await self.say(Heartbeat(runner=self.name, boot=self.boot, leases=claims))

    async def record(self, of: Assignment, seq: int, *bodies: Body) -> None:
        """Say what happened to an attempt, from record ``seq`` on."""
        records = tuple(
            Record(trial=of.trial, attempt=of.attempt, seq=number, body=body)
            for number, body in enumerate(bodies, seq)
        )
        await self.say(Records(runner=self.name, boot=self.boot, records=records))

    async def orders(self, fitting: Callable[[Orders], object] = lambda orders: True) -> Orders:
        """The next orders that are ``fitting``; those before them are passed over."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not fitting(orders := await self._received.get()):
                pass
        return orders

    async def assignment(self) -> Assignment:
        """The next trial that this runner is given."""
        return (await self.orders(lambda orders: orders.assignments)).assignments[0]

    async def applied(self, of: Assignment, seq: int) -> None:
        """Returns when the orchestrator has stored record ``seq`` of an attempt; an assignment that
        comes in the same orders is still to be had."""
        orders = await self.orders(
            lambda orders: any(
                (order.trial, order.attempt, order.fenced) == (of.trial, of.attempt, False)
                and order.applied >= seq
                for order in orders.leases
            )
        )
        if orders.assignments:
            self._received.put_nowait(orders)


def reported(*reports: Report) -> Reported:
    """A batch of reports."""
    return Reported(reports=msgspec.Raw(reports_codec().encode(list(reports))))


def completed(**metrics: float) -> Final:
    """The end of an attempt that returned ``metrics``."""
    return Final(outcome=Outcome.COMPLETE, metrics=metrics, seconds=1.0)


async def all_heard(runner: ScriptedRunner) -> None:
    """Everything that was said before now has been dealt with."""
    await runner.beat()
    await runner.orders(lambda orders: not orders.leases)
