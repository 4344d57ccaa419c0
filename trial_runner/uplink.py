"""A runner's half of the conversation: says hello, lives, sends what happened, hears orders.

It declares no queue, so it says hello until the orchestrator has made one for it. Records go out
when they are stored, a window at a time; the next window follows the acknowledgement, and what is
not acknowledged is sent again with the heartbeats. Nothing here waits for a broker that is away: a
message that it does not take is not sent, and is sent later.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress

from schema.broker import Broker, Delivery, Subscription
from schema.codec import orders_codec, runner_codec
from schema.errors import TrialMQError, Undecodable, UnknownName
from schema.failpoints import reach
from schema.identity import runner_queue, runners_inbox
from schema.messages import Heartbeat, Hello, Orders, Record, Records
from trial_runner.outbox import Outbox
from trial_runner.settings import RunnerSettings
from trial_runner.spool import Lease, Spool

logger = logging.getLogger(__name__)

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.01, 5.0
"""Between two looks whether there is a queue to listen to; each wait is twice the one before."""

SILENT_HEARTBEATS = 3
"""So many in a row that nobody answers, and the runner introduces itself again."""

REFUSED_HEARTBEATS = 6
"""A runner that was refused asks again after so many."""

GOODBYE_SECONDS = 3.0
"""A runner that ends waits no longer until the broker has its goodbye."""


class Uplink:
    """Sends what ``spool`` holds, and hands on what the orchestrator orders.

    Args:
        began: when the runner's process began, as it says in both.
        hello: what the runner says of itself when it arrives.
        heartbeat: and while it lives.
        follow: is called with orders.
        on_stored: is called when the spool is stored, as leases may wait for.
        on_error: is called with what nobody foresaw.
    """

    def __init__(
        self,
        runner: str,
        broker: Broker,
        spool: Spool,
        settings: RunnerSettings,
        *,
        began: float,
        hello: Callable[[], Awaitable[Hello]],
        heartbeat: Callable[[], Awaitable[Heartbeat]],
        follow: Callable[[Orders], None],
        on_stored: Callable[[], None],
        on_error: Callable[[BaseException], None],
    ) -> None:
        self.refused = ""
        self._runner = runner
        self._broker = broker
        self._spool = spool
        self._settings = settings
        self._began = began
        self._hello = hello
        self._heartbeat = heartbeat
        self._follow = follow
        self._on_error = on_error
        self._queue = runner_queue(runner, settings.orchestrator)
        self._inbox = runners_inbox(settings.orchestrator)
        self._codec = runner_codec()
        self._orders = orders_codec()
        self._outbox = Outbox(spool, self._send, on_stored)
        self._arriving = asyncio.Event()
        self._subscription: Subscription | None = None
        self._unanswered = 0
        self._passed_over: int | None = None
        self._beats = 0
        self._closed = False
        self._taken = False  # its name, and so its queue, is another's
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Arrive, and send what an earlier start of the runner left."""
        self._arriving.set()
        for lease in self._spool.leases.values():
            self.changed(lease)
        for job in (self._arrive(), self._outbox.run(), self._beat()):
            self._soon(job)

    async def close(self) -> None:
        """Say goodbye, then say and hear nothing more."""
        self._closed = True  # `asyncio.wait_for` of Python 3.11 may swallow a cancellation
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._outbox.close()
        if not self._taken:
            with suppress(TimeoutError):
                async with asyncio.timeout(GOODBYE_SECONDS):
                    await self._publish(self._goodbye())
        await self._stop_listening()

    def _goodbye(self) -> Heartbeat:
        """What the spool keeps on disk it may come back for; of the rest nothing is left."""
        kept = self._settings.state_dir is not None
        return Heartbeat(
            runner=self._runner,
            boot=self._spool.boot,
            leases=self._spool.claims() if kept else (),
            draining=True,
            leaving=True,
            began=self._began,
        )

    def changed(self, lease: Lease, *, urgent: bool = True) -> None:
        """There is something new of this lease to be stored and sent."""
        self._outbox.changed(lease, urgent=urgent)

    async def say_so(self) -> None:
        """Tell at once, by a heartbeat, how the runner is."""
        await self._publish(await self._heartbeat())

    # ------------------------------------------------------------------ arriving

    async def _arrive(self) -> None:
        while not self._closed:
            await self._arriving.wait()
            self._arriving.clear()
            wait = FIRST_WAIT_SECONDS
            while True:
                await self._publish(await self._hello())
                if self._subscription is not None or await self._listen():
                    break
                await asyncio.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    async def _listen(self) -> bool:
        """False while the orchestrator has not made the queue."""
        try:
            self._subscription = await self._broker.consume(self._queue, self._receive)
        except UnknownName:
            return False
        except TrialMQError as error:
            logger.warning("%s cannot listen to its queue: %s", self._runner, error)
            return False
        return True

    async def _stop_listening(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await subscription.cancel()

    def _receive(self, delivery: Delivery) -> None:
        try:
            orders = self._orders.decode(delivery.body)
        except Undecodable as error:
            logger.warning("%s: orders were put aside: %s", self._runner, error)
        else:
            if orders.boot in ("", self._spool.boot) and orders.began in (0.0, self._began):
                self._unanswered = 0
                if self._spool.current(orders):
                    self._take(orders)
                else:
                    self._pass_over(orders.term)
        self._soon(delivery.acknowledge())

    def _pass_over(self, term: int) -> None:
        """Nobody obeys an orchestrator that was replaced; a person should know why."""
        if term != self._passed_over:
            self._passed_over = term
            logger.warning(
                "%s ignores an orchestrator of term %d, since it has seen term %d: another one "
                "took over, or the database is an older copy",
                self._runner,
                term,
                self._spool.term,
            )

    def _take(self, orders: Orders) -> None:
        if orders.refused and orders.refused != self.refused:
            logger.warning("%s gets no trials: %s", self._runner, orders.refused)
        elif self.refused and not orders.refused:
            logger.info("%s gets trials again", self._runner)
        self.refused = orders.refused
        self._taken = orders.taken
        if orders.taken:
            self._soon(self._stop_listening())
            return
        self._follow(orders)
        if self._spool.sync_due():  # also what was dropped, when nothing else happens any more
            self._outbox.look_again()
        reach("agent.acknowledged")
        for order in orders.leases:
            lease = self._spool.leases.get(order.trial)
            if lease is not None and lease.behind:
                self.changed(lease)
        if orders.introduce:
            self._arriving.set()

    # ------------------------------------------------------------------ sending

    async def _send(self, records: Sequence[Record]) -> bool:
        return await self._publish(
            Records(runner=self._runner, boot=self._spool.boot, records=tuple(records))
        )

    async def _beat(self) -> None:
        while not self._closed:
            await asyncio.sleep(self._settings.heartbeat_seconds)
            self._beats += 1
            try:
                await self._live()
            except Exception:
                logger.exception("%s missed a heartbeat", self._runner)

    async def _live(self) -> None:
        if self._taken:
            if self._beats % REFUSED_HEARTBEATS == 0:
                self._arriving.set()
            return
        if await self._publish(await self._heartbeat()):
            self._unanswered += 1
        for lease in self._spool.go_back():
            self.changed(lease)
        if self._unanswered > SILENT_HEARTBEATS and self._broker.connected:
            logger.warning("%s hears nothing, and introduces itself again", self._runner)
            self._unanswered = 0
            await self._stop_listening()
            self._arriving.set()
        elif self.refused and self._beats % REFUSED_HEARTBEATS == 0:
            self._arriving.set()

    async def _publish(self, message: Hello | Heartbeat | Records) -> bool:
        return await self._broker.publish(self._inbox, self._codec.encode(message))

    def _soon(self, job: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._on_error(error)
