"""What a runner has to say of its trials: stored first, then sent, a few messages at a time.

Storing never waits for the broker, because a trial begins when its begin is stored. What somebody
waits for leaves at once, but for a pause after the message before it, in which more gathers: over a
network a message costs everyone the same whether it holds one record or fifty. What nobody waits
for, the end of a trial whose slot has other work, gathers for longer. What the broker does not
take, or loses, is sent again after a heartbeat.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence

from schema.failpoints import reach
from schema.messages import Record
from trial_runner.packets import packets
from trial_runner.spool import Lease, Spool

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 0.005
"""The longest pause between two messages; else it is twice as long as the broker took for one."""

GATHER_SECONDS = 0.01
"""What nobody waits for waits this long for company."""

MOST_UNDER_WAY = 4
"""So many messages are sent before the broker has taken the first of them."""

STORE_AGAIN_SECONDS = 1.0


class Outbox:
    """Stores and sends the records of ``spool``.

    Args:
        give: gives records to the broker; false when it does not take them.
        on_stored: is called when the spool is stored, as leases may wait for.
    """

    def __init__(
        self,
        spool: Spool,
        give: Callable[[Sequence[Record]], Awaitable[bool]],
        on_stored: Callable[[], None],
    ) -> None:
        self._spool = spool
        self._give = give
        self._on_stored = on_stored
        self._changed: dict[Lease, None] = {}
        self._due = math.inf
        self._pause = 0.0
        self._pause_until = -math.inf
        self._waking = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None
        self._later: asyncio.TimerHandle | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._clock = asyncio.get_running_loop().time

    def changed(self, lease: Lease, *, urgent: bool = True) -> None:
        """There is something new of this lease to be stored and sent."""
        self._changed[lease] = None
        now = self._clock()
        self._send_at(max(now, self._pause_until) if urgent else now + GATHER_SECONDS)
        if not lease.written:  # it begins when this is
            self._waking.set()

    def look_again(self) -> None:
        """Store again in a moment, even if nothing happens until then."""
        if self._later is None:
            loop = asyncio.get_running_loop()
            self._later = loop.call_later(STORE_AGAIN_SECONDS, self._look)

    async def run(self) -> None:
        """Store and send, for ever."""
        while True:
            await self._waking.wait()
            self._waking.clear()
            try:
                await self._turn()
            except Exception:
                logger.exception("records could not be sent, which is tried again")
                self.look_again()

    async def close(self) -> None:
        """Nothing is sent any more."""
        for timer in (self._alarm, self._later):
            if timer is not None:
                timer.cancel()
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _send_at(self, due: float) -> None:
        if due >= self._due:
            return
        self._due = due
        if self._alarm is not None:
            self._alarm.cancel()
        if due <= self._clock():
            self._waking.set()
        else:
            self._alarm = asyncio.get_running_loop().call_at(due, self._ring)

    def _ring(self) -> None:
        self._due = -math.inf
        self._waking.set()

    async def _turn(self) -> None:
        sending = self._clock() >= self._due and len(self._under_way) < MOST_UNDER_WAY
        leases: dict[Lease, int] = {}
        if sending:
            changed, self._changed, self._due = self._changed, {}, math.inf
            leases = {lease: lease.seq for lease in changed}
        if await self._spool.stored(ends=sending):
            self._on_stored()
        if self._spool.sync_due():
            self.look_again()
        for group in packets(self._spool.unsent(leases)):
            reach("agent.before_publish")
            task = asyncio.create_task(self._send(group))
            self._under_way.add(task)
            task.add_done_callback(self._sent)

    async def _send(self, group: list[Record]) -> None:
        began = self._clock()
        self._pause_until = began + self._pause
        if not await self._give(group):
            self._spool.not_sent(group)
        self._pause = min(2 * (self._clock() - began), PAUSE_SECONDS)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            logger.error("records could not be sent, which is tried again", exc_info=error)
        if self._due <= self._clock():
            self._waking.set()

    def _look(self) -> None:
        self._later = None
        self._waking.set()
