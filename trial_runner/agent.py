"""One runner: hears orders, has its slots carry them out, and says how it is.

What slots tell becomes records of its spool (`SlotPool`), which the `Uplink` sends until the
orchestrator has committed them.
"""

import asyncio
import logging
import socket
import time
import uuid
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Self

from schema.broker import Broker
from schema.messages import Heartbeat, Hello, Orders, Steer
from trial_runner.device_health import DeviceMonitor
from trial_runner.devices import Device
from trial_runner.durable_spool import DurableSpool
from trial_runner.launcher import Launcher
from trial_runner.recovery import clear_results, recover
from trial_runner.settings import RunnerSettings
from trial_runner.slot_pool import SlotPool
from trial_runner.spool import Lease, Spool
from trial_runner.uplink import Uplink

logger = logging.getLogger(__name__)

SAYING_SECONDS = 3.0
"""A runner that leaves waits no longer until the broker has its last heartbeat."""

STOP_SECONDS = 30.0
"""A runner that was told to stop ends after this at the latest."""


class RunnerAgent:
    """A runner with one slot for each of ``devices``, for the objectives of ``launchers``.

    ``broken`` fails when nothing can be trained any more; ``ended`` is done when the orchestrator
    has stopped the runner. Each launcher has loaded its objective.

    Raises:
        WrongInput: the folder for its spool cannot be used.
    """

    def __init__(
        self,
        name: str,
        broker: Broker,
        launchers: Sequence[Launcher],
        devices: Sequence[Device],
        settings: RunnerSettings,
        monitor: DeviceMonitor | None = None,
    ) -> None:
        self.name = name
        self._began = time.monotonic()
        self._spool = _spool(settings)
        self._emptied = asyncio.Event()
        self._leaving = False
        self._steer = Steer.RUN
        self._stopping: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()
        self.broken: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self._monitor = monitor or DeviceMonitor(devices)
        self._slots = SlotPool(
            name,
            launchers,
            devices,
            settings,
            self._monitor,
            self._spool,
            changed=self._changed,
            on_broken=self._broke,
        )
        self._uplink = Uplink(
            name,
            broker,
            self._spool,
            settings,
            began=self._began,
            hello=self._hello,
            heartbeat=self._heartbeat,
            follow=self._follow,
            on_stored=self._slots.feed,
            on_error=self._broke,
        )

    # ------------------------------------------------------------------ life

    async def __aenter__(self) -> Self:
        if isinstance(self._spool, DurableSpool):
            recover(self._spool)
            if await self._spool.stored():
                clear_results(self._spool)
        await self._slots.start()
        self._uplink.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stopping is not None:
            self._stopping.cancel()
        await self._uplink.close()
        await self._slots.close()
        self._spool.close()
        for future in (self.broken, self.ended):
            if not future.done():
                future.cancel()

    async def drain(self, seconds: float) -> None:
        """Take nothing more, give back what runs and waits, and wait until that is committed.

        Returns after ``seconds`` at the latest; what is not committed then is found out by its
        lease, or told when a runner with the same spool starts.
        """
        self._leaving = True
        self._slots.give_back_waiting()
        saying = asyncio.create_task(self._uplink.say_so())  # so that no further trial is granted
        self._slots.give_back_running()
        try:
            async with asyncio.timeout(seconds):
                while self._spool.leases:
                    self._emptied.clear()
                    await self._emptied.wait()
        except TimeoutError:
            logger.warning("%s: %d leases were not given back", self.name, len(self._spool.leases))
        finally:
            await asyncio.wait({saying}, timeout=SAYING_SECONDS)

    @property
    def _draining(self) -> bool:
        return self._leaving or self._steer is not Steer.RUN

    # ------------------------------------------------------------------ from the orchestrator

    def _follow(self, orders: Orders) -> None:
        self._take_steer(orders.steer)
        for order in orders.leases:
            lease = self._spool.obey(order)
            if lease is not None:
                self._slots.end(lease)
        self._slots.tell_judged()
        if not (self._draining or orders.refused):
            for assignment in orders.assignments:
                self._slots.accept(assignment)
        for revision in orders.revisions:
            self._slots.revise(revision)
        self._slots.feed()
        if not self._spool.leases:
            self._emptied.set()

    def _take_steer(self, steer: Steer) -> None:
        if steer is self._steer:
            return
        logger.info("%s is told to %s", self.name, steer)
        self._steer = steer
        if steer is Steer.DRAIN:
            self._slots.give_back_waiting()
        elif steer is Steer.STOP and self._stopping is None:
            self._stopping = asyncio.create_task(self._stop())

    async def _stop(self) -> None:
        await self.drain(STOP_SECONDS)
        if not self.ended.done():
            self.ended.set_result(None)

    # ------------------------------------------------------------------ to the orchestrator

    def _changed(self, lease: Lease, urgent: bool) -> None:
        self._uplink.changed(lease, urgent=urgent)

    def _broke(self, error: BaseException) -> None:
        if not self.broken.done():
            self.broken.set_exception(error)

    async def _hello(self) -> Hello:
        return Hello(
            runner=self.name,
            boot=self._spool.boot,
            slots=len(self._slots),
            offers=self._slots.offers,
            devices=await self._monitor.read(),
            host=socket.gethostname(),
            began=self._began,
            version=_version(),
        )

    async def _heartbeat(self) -> Heartbeat:
        self._slots.let_out_reports()
        devices = await self._monitor.read()
        return Heartbeat(
            runner=self.name,
            boot=self._spool.boot,
            leases=self._spool.claims(),
            devices=devices,
            draining=self._draining,
            degraded=self._spool.degraded,
            began=self._began,
        )


def _spool(settings: RunnerSettings) -> Spool:
    if settings.state_dir is None:
        return Spool(boot=uuid.uuid4().hex)
    return DurableSpool(settings.state_dir, capacity_bytes=settings.spool_bytes)


def _version() -> str:
    try:
        return version("trialmq")
    except PackageNotFoundError:
        return ""
