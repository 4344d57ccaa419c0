"""What a turn has to say goes out: to all runners at once, in messages that are not too large.

No turn waits for what an earlier one had to say. Orders restate what holds, so that a lost one is
made good by the next; what counts is stored before. That records are stored nobody waits for: it is
said with what there is to say next, or after a moment, because a message costs everyone the same
whatever it holds.

An orchestrator declares the queues of its runners, because they may declare none: when a runner
arrives, before its first orders, and again when a queue turns out to be gone.
"""

import asyncio
import logging
from collections.abc import Mapping

from msgspec.structs import replace

from orchestrator.engine.leases import Leases
from orchestrator.service.jobs import Jobs
from orchestrator.service.runners import Runner
from orchestrator.service.turn import Address, Turn, bodies
from schema.broker import Broker
from schema.codec import orders_codec
from schema.errors import BrokerError
from schema.identity import runner_queue
from schema.messages import Orders
from schema.trial import Desired

logger = logging.getLogger(__name__)

DECLARE_SECONDS = 5.0
FLUSH_SECONDS = 3.0
MOST_LETTERS = 4096

GATHER_SECONDS = 0.02
"""So long acknowledgements wait for something that somebody waits for."""


class Post:
    """Sends the orders of one orchestrator in its ``term``, each as one of ``jobs``."""

    def __init__(
        self,
        broker: Broker,
        orchestrator: str,
        leases: Leases,
        runners: Mapping[str, Runner],
        term: int,
        jobs: Jobs,
    ) -> None:
        self._broker = broker
        self._orchestrator = orchestrator
        self._leases = leases
        self._runners = runners
        self._term = term
        self._jobs = jobs
        self._codec = orders_codec()
        self._letters: set[asyncio.Task[None]] = set()
        self._owed: dict[Address, Orders] = {}
        self._gathering: asyncio.TimerHandle | None = None

    async def send(self, turn: Turn) -> None:
        """Begin to tell every runner what there is to say, by what holds now.

        Waits only while the broker has taken none of the last `MOST_LETTERS`.
        """
        for to in turn.addressees():
            orders = turn.orders(to, self._runners.get(to.runner), self._leases, self._term)
            if orders.leases or orders.assignments:
                orders = _both(self._owed.pop(to, orders), orders)
            if to.runner in turn.arrived or not _only_acknowledges(orders):
                self._begin(to.runner, orders, declare=to.runner in turn.arrived)
            else:
                self._owed[to] = orders
        if self._owed and self._gathering is None:
            loop = asyncio.get_running_loop()
            self._gathering = loop.call_later(GATHER_SECONDS, self._acknowledge)
        while len(self._letters) > MOST_LETTERS:
            await asyncio.wait(self._letters, return_when=asyncio.FIRST_COMPLETED)

    def hint(self, turn: Turn) -> None:
        """Begin to tell the runners which trials are to be pruned, and nothing else."""
        for to, orders in turn.pruned.items():
            hint = Orders(term=self._term, leases=tuple(orders), boot=to.boot)
            self._begin(to.runner, hint, declare=False)

    async def flush(self) -> None:
        """What was begun is said on return, if the broker takes it in time."""
        self._acknowledge()
        if self._letters:
            await asyncio.wait(self._letters, timeout=FLUSH_SECONDS)

    def _acknowledge(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None
        owed, self._owed = self._owed, {}
        for to, orders in owed.items():
            self._begin(to.runner, orders, declare=False)

    def _begin(self, runner: str, orders: Orders, *, declare: bool) -> None:
        letter = self._jobs.start(self._deliver(runner, orders, declare=declare))
        self._letters.add(letter)
        letter.add_done_callback(self._letters.discard)

    async def _deliver(self, runner: str, orders: Orders, *, declare: bool) -> None:
        if declare:
            await self._declare(runner)
        parts = [self._publish(runner, body) for body in bodies(orders, self._codec)]
        if len(parts) == 1:
            await parts[0]
        else:
            await asyncio.gather(*parts)

    async def _publish(self, runner: str, body: bytes) -> None:
        queue = runner_queue(runner, self._orchestrator)
        if not await self._broker.publish(queue, body) and self._broker.connected:
            await self._declare(runner)  # the queue is gone
            await self._broker.publish(queue, body)

    async def _declare(self, runner: str) -> None:
        try:
            async with asyncio.timeout(DECLARE_SECONDS):
                await self._broker.declare(runner_queue(runner, self._orchestrator))
        except (TimeoutError, BrokerError) as error:
            why = str(error) or f"the broker did not answer within {DECLARE_SECONDS:g} s"
            logger.warning("the queue of %s could not be made: %s", runner, why)


def _only_acknowledges(orders: Orders) -> bool:
    """Is it nothing but that records are stored?"""
    if orders.assignments or orders.revisions or orders.introduce or orders.refused:
        return False
    return bool(orders.leases) and not any(
        order.fenced or order.desired is not Desired.RUN for order in orders.leases
    )


def _both(earlier: Orders, later: Orders) -> Orders:
    """``later``, with what only ``earlier`` tells of a lease."""
    leases = {(order.trial, order.attempt): order for order in (*earlier.leases, *later.leases)}
    return replace(later, leases=tuple(leases.values()))
