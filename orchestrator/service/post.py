"""What a turn has to say goes out: to all runners at once, in messages that are not too large.

An orchestrator declares the queues of its runners, because they may declare none: when a runner
arrives, before its first orders, and again when a queue turns out to be gone.
"""

import asyncio
import logging
from collections.abc import Mapping

from orchestrator.engine.leases import Leases
from orchestrator.service.runners import Runner
from orchestrator.service.turn import Turn, bodies
from schema.broker import Broker
from schema.codec import orders_codec
from schema.errors import BrokerError
from schema.identity import runner_queue
from schema.messages import Orders

logger = logging.getLogger(__name__)

DECLARE_SECONDS = 5.0


class Post:
    """Sends the orders of one orchestrator in its ``term``."""

    def __init__(
        self,
        broker: Broker,
        orchestrator: str,
        leases: Leases,
        runners: Mapping[str, Runner],
        term: int,
    ) -> None:
        self._broker = broker
        self._orchestrator = orchestrator
        self._leases = leases
        self._runners = runners
        self._term = term
        self._codec = orders_codec()

    async def send(self, turn: Turn) -> None:
        """Tell every runner what there is to say, by what holds now; lost orders are restated."""
        letters = []
        for to in turn.addressees():
            orders = turn.orders(to, self._runners.get(to.runner), self._leases, self._term)
            letters.append(self._deliver(to.runner, orders, declare=to.runner in turn.arrived))
        if len(letters) == 1:
            await letters[0]
        elif letters:
            await asyncio.gather(*letters)

    async def hint(self, turn: Turn) -> None:
        """Tell the runners at once which trials are to be pruned, and nothing else."""
        for to, orders in turn.pruned.items():
            hint = Orders(term=self._term, leases=tuple(orders), boot=to.boot)
            await self._deliver(to.runner, hint, declare=False)

    async def _deliver(self, runner: str, orders: Orders, *, declare: bool) -> None:
        queue = runner_queue(runner, self._orchestrator)
        if declare:
            await self._declare(runner)
        for body in bodies(orders, self._codec):
            if await self._broker.publish(queue, body):
                continue
            if self._broker.connected:  # the queue is gone
                await self._declare(runner)
                await self._broker.publish(queue, body)

    async def _declare(self, runner: str) -> None:
        try:
            async with asyncio.timeout(DECLARE_SECONDS):
                await self._broker.declare(runner_queue(runner, self._orchestrator))
        except (TimeoutError, BrokerError) as error:
            logger.warning("the queue of %s could not be made: %s", runner, error)
