"""One runner on the broker: takes assignments, feeds its slots, and reports what happened.

Orders come in; each accepted assignment becomes a lease in the spool and waits for a free slot.
What slots tell becomes numbered records; they are sent as they come, gathered for one turn of the
event loop, and again with every heartbeat until the orchestrator has committed them.
"""

import asyncio
import logging
import uuid
from collections import deque
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import Self

import msgspec

from schema.broker import Broker, Delivery
from schema.codec import orders_codec, runner_codec
from schema.errors import Undecodable
from schema.identity import runner_queue, runners_inbox
from schema.messages import (
    Final,
    Heartbeat,
    Hello,
    Orders,
    Record,
    Records,
    Reported,
    Started,
)
from schema.study import ObjectiveDescription
from schema.trial import Desired, Outcome
from trial_runner.device_health import DeviceMonitor
from trial_runner.devices import Device
from trial_runner.launcher import Launcher
from trial_runner.settings import RunnerSettings
from trial_runner.slot import Slot
from trial_runner.spool import Lease, Spool

logger = logging.getLogger(__name__)

WINDOW = 256
"""How many records of a lease are sent again at once."""


class RunnerAgent:
    """A runner with one slot for each of ``devices``."""

    def __init__(
        self,
        name: str,
        broker: Broker,
        launcher: Launcher,
        offer: ObjectiveDescription,
        devices: Sequence[Device],
        settings: RunnerSettings,
        monitor: DeviceMonitor | None = None,
    ) -> None:
        self.name = name
        self._broker = broker
        self._offer = offer
        self._settings = settings
        self._spool = Spool(boot=uuid.uuid4().hex)
        self._codec = runner_codec()
        self._orders = orders_codec()
        self._waiting: deque[Lease] = deque()
        self._busy: dict[Slot, Lease] = {}
        self._outbox: list[Record] = []
        self._sending = asyncio.Event()
        self._emptied = asyncio.Event()
        self._draining = False
        self._tasks: list[asyncio.Task[None]] = []
        self._background: set[asyncio.Task[None]] = set()
        self.broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._monitor = monitor or DeviceMonitor(devices)
        self._slots = [
            Slot(
                name if len(devices) == 1 else f"{name}/{index}",
                device,
                launcher,
                settings,
                on_ready=self._feed,
                on_reports=self._reported,
                on_final=self._ended,
                on_broken=self._broke,
                gpu_memory=offer.gpu_memory,
                monitor=self._monitor,
            )
            for index, device in enumerate(devices, 1)
        ]

    # ------------------------------------------------------------------ life

    async def __aenter__(self) -> Self:
        await self._broker.declare(runner_queue(self.name))
        await self._broker.consume(runner_queue(self.name), self._receive)
        for slot in self._slots:
            await slot.start()
        await self._introduce()
        for job in (self._send(), self._beat()):
            task = asyncio.create_task(job)
            task.add_done_callback(self._task_ended)
            self._tasks.append(task)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(slot.close() for slot in self._slots))
        if not self.broken.done():
            self.broken.cancel()

    async def drain(self, seconds: float) -> None:
        """Take nothing more, give back what runs and waits, and wait until that is committed.

        Returns after ``seconds`` at the latest; what is not committed then is found out by its
        lease.
        """
        self._draining = True
        for lease in self._waiting:
            self._append(lease, Final(outcome=Outcome.RELEASED))
        self._waiting.clear()
        for slot in tuple(self._busy):
            slot.stop(Outcome.RELEASED)
        try:
            async with asyncio.timeout(seconds):
                while self._spool.leases:
                    self._emptied.clear()
                    await self._emptied.wait()
        except TimeoutError:
            logger.warning("%s: %d leases were not given back", self.name, len(self._spool.leases))

    # ------------------------------------------------------------------ from the orchestrator

    def _receive(self, delivery: Delivery) -> None:
        try:
            orders = self._orders.decode(delivery.body)
        except Undecodable as error:
            logger.warning("%s: orders were put aside: %s", self.name, error)
        else:
            self._follow(orders)
        self._soon(delivery.acknowledge())

    def _follow(self, orders: Orders) -> None:
        if self._spool.current(orders):
            for order in orders.leases:
                lease = self._spool.obey(order)
                if lease is not None:
                    self._carry_out(lease)
            for assignment in orders.assignments:
                if not self._draining and (accepted := self._spool.accept(assignment)):
                    self._waiting.append(accepted)
            for slot in self._slots:
                self._feed(slot)
            if not self._spool.leases:
                self._emptied.set()
            if orders.introduce:
                self._soon(self._introduce())

    def _carry_out(self, lease: Lease) -> None:
        """End a lease that is fenced, or that should be pruned or stopped."""
        slot = next((s for s, held in self._busy.items() if held is lease), None)
        if slot is None:
            if lease in self._waiting:
                self._waiting.remove(lease)
                pruned = lease.desired is Desired.PRUNE
                self._append(lease, Final(outcome=Outcome.PRUNED if pruned else Outcome.STOPPED))
        elif lease.fenced or lease.desired is Desired.STOP:
            slot.stop(Outcome.STOPPED)
        else:
            slot.prune()

    # ------------------------------------------------------------------ from the slots

    def _feed(self, slot: Slot) -> None:
        if slot.ready and slot.running is None and self._waiting:
            lease = self._waiting.popleft()
            self._busy[slot] = lease
            self._append(lease, Started(slot=slot.name, device=slot.device.name))
            slot.run(lease.assignment)

    def _reported(self, slot: Slot, reports: bytes) -> None:
        self._append(self._busy[slot], Reported(reports=msgspec.Raw(reports)))

    def _ended(self, slot: Slot, final: Final) -> None:
        self._append(self._busy.pop(slot), final)

    def _broke(self, error: BaseException) -> None:
        if not self.broken.done():
            self.broken.set_exception(error)

    def _append(self, lease: Lease, body: Started | Reported | Final) -> None:
        record = self._spool.append(lease, body)
        if record is not None:
            self._outbox.append(record)
            self._sending.set()

    # ------------------------------------------------------------------ to the orchestrator

    async def _send(self) -> None:
        while True:
            await self._sending.wait()
            self._sending.clear()
            records, self._outbox = tuple(self._outbox), []
            await self._publish(Records(runner=self.name, boot=self._spool.boot, records=records))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._settings.heartbeat_seconds)
            devices = await self._monitor.read()
            again = tuple(self._spool.unacknowledged(WINDOW))
            claims = self._spool.claims()
            boot = self._spool.boot
            beat = Heartbeat(runner=self.name, boot=boot, leases=claims, devices=devices)
            await self._publish(beat)
            if again:
                await self._publish(Records(runner=self.name, boot=self._spool.boot, records=again))

    async def _introduce(self) -> None:
        await self._publish(
            Hello(
                runner=self.name,
                boot=self._spool.boot,
                slots=len(self._slots),
                offers=(self._offer,),
                devices=await self._monitor.read(),
            )
        )

    async def _publish(self, message: Hello | Heartbeat | Records) -> None:
        await self._broker.publish(runners_inbox(), self._codec.encode(message))

    def _soon(self, job: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(job)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._broke(error)
