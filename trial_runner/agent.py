"""One runner: takes assignments, feeds its slots, and reports what happened.

Orders come in; each accepted assignment becomes a lease in the spool and waits for a free slot, and
for the disk where the spool has one. What slots tell becomes numbered records, which the `Uplink`
sends until the orchestrator has committed them.
"""

import asyncio
import logging
import socket
import time
import uuid
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Self

import msgspec

from schema.broker import Broker
from schema.errors import Undecodable
from schema.failpoints import reach
from schema.messages import (
    Assignment,
    Body,
    Failure,
    Final,
    Heartbeat,
    Hello,
    Orders,
    Reported,
    Revised,
    RevisionOrder,
    Started,
    Steer,
)
from schema.study import ObjectiveDescription
from schema.trial import Desired, FailureKind, Outcome
from trial_runner.checkpoints import name_of_checkpoint
from trial_runner.device_health import DeviceMonitor
from trial_runner.devices import Device
from trial_runner.durable_spool import DurableSpool
from trial_runner.launcher import Launcher
from trial_runner.packets import LARGEST_BATCH
from trial_runner.recovery import append_result, clear_results, recover
from trial_runner.report_batches import Gate, cut
from trial_runner.result_file import read_result, result_path, results_folder
from trial_runner.settings import RunnerSettings
from trial_runner.slot import Slot
from trial_runner.spool import WINDOW, Lease, Spool
from trial_runner.uplink import Uplink

logger = logging.getLogger(__name__)

SAYING_SECONDS = 3.0
"""A runner that leaves waits no longer until the broker has its last heartbeat."""

GATHER_BYTES = 16 * 1024
"""Where more than a window of records waits, reports follow in batches of about this size."""

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
        self._settings = settings
        self._began = time.monotonic()
        self._spool = _spool(settings)
        folder = settings.state_dir
        self._results = str(results_folder(folder.absolute())) if folder is not None else ""
        self._offers = {_loaded(launcher).entry: launcher for launcher in launchers}
        self._waiting: deque[Lease] = deque()
        self._reserved: dict[Slot, Lease] = {}
        self._busy: dict[Slot, Lease] = {}
        self._gates: dict[Lease, Gate] = {}
        self._emptied = asyncio.Event()
        self._leaving = False
        self._steer = Steer.RUN
        self._stopping: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()
        self.broken: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[None] = loop.create_future()
        self._monitor = monitor or DeviceMonitor(devices)
        self._slots = [
            Slot(
                name if len(devices) == 1 else f"{name}/{index}",
                device,
                launchers[0],
                settings,
                on_ready=self._feed,
                on_reports=self._reported,
                on_revised=self._revised,
                on_final=self._ended,
                on_broken=self._broke,
                gpu_memory=_loaded(launchers[0]).gpu_memory,
                monitor=self._monitor,
            )
            for index, device in enumerate(devices, 1)
        ]
        self._uplink = Uplink(
            name,
            broker,
            self._spool,
            settings,
            hello=self._hello,
            heartbeat=self._heartbeat,
            follow=self._follow,
            on_stored=self._stored,
            on_error=self._broke,
        )

    # ------------------------------------------------------------------ life

    async def __aenter__(self) -> Self:
        if isinstance(self._spool, DurableSpool):
            recover(self._spool)
            if await self._spool.stored():
                clear_results(self._spool)
        for slot in self._slots:
            await slot.start()
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
        await asyncio.gather(*(slot.close() for slot in self._slots))
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
        self._give_back_waiting()
        saying = asyncio.create_task(self._uplink.say_so())  # so that no further trial is granted
        for slot in tuple(self._busy):
            slot.stop(Outcome.RELEASED)
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
                self._carry_out(lease)
        if not (self._draining or orders.refused):
            for assignment in orders.assignments:
                self._accept(assignment)
        for revision in orders.revisions:
            self._revise(revision)
        for slot in self._slots:
            self._feed(slot)
        if not self._spool.leases:
            self._emptied.set()

    def _accept(self, assignment: Assignment) -> None:
        lease = self._spool.accept(assignment)
        if lease is None:
            return
        if assignment.objective in self._offers:
            self._waiting.append(lease)
            if not lease.kept:
                self._uplink.wake()
            return
        offered = ", ".join(self._offers)
        reason = f"this runner offers {offered}, and not {assignment.objective}"
        failure = Failure(kind=FailureKind.REFUSED, reason=reason)
        self._append(lease, Final(outcome=Outcome.FAILED, failure=failure))

    def _revise(self, order: RevisionOrder) -> None:
        lease = self._spool.revise(order)
        if lease is None:
            return
        slot = next((s for s, held in self._busy.items() if held is lease), None)
        if slot is None:
            lease.revisions.append(order)
        else:
            slot.revise(order.number, order.values)

    def _take_steer(self, steer: Steer) -> None:
        if steer is self._steer:
            return
        logger.info("%s is told to %s", self.name, steer)
        self._steer = steer
        if steer is Steer.DRAIN:
            self._give_back_waiting()
        elif steer is Steer.STOP and self._stopping is None:
            self._stopping = asyncio.create_task(self._stop())

    async def _stop(self) -> None:
        await self.drain(STOP_SECONDS)
        if not self.ended.done():
            self.ended.set_result(None)

    def _give_back_waiting(self) -> None:
        for lease in (*self._waiting, *self._reserved.values()):
            self._append(lease, Final(outcome=Outcome.RELEASED))
        self._waiting.clear()
        self._reserved.clear()

    def _carry_out(self, lease: Lease) -> None:
        """End a lease that is fenced, or that should be pruned or stopped."""
        slot = next((s for s, held in self._busy.items() if held is lease), None)
        if slot is None:
            with suppress(ValueError):
                self._waiting.remove(lease)
            self._reserved = {s: held for s, held in self._reserved.items() if held is not lease}
            pruned = lease.desired is Desired.PRUNE
            self._append(lease, Final(outcome=Outcome.PRUNED if pruned else Outcome.STOPPED))
        elif lease.fenced or lease.desired is Desired.STOP:
            slot.stop(Outcome.STOPPED)
        else:
            slot.prune()

    # ------------------------------------------------------------------ from the slots

    def _feed(self, slot: Slot) -> None:
        if not slot.ready or slot.running is not None:
            return
        lease = self._reserved.get(slot) or self._next()
        if lease is None:
            return
        self._reserved[slot] = lease
        launcher = self._offers[lease.assignment.objective]
        if slot.launcher is not launcher:
            slot.load(launcher, _loaded(launcher).gpu_memory)
            return
        self._spool.began(lease, slot.mark)
        told = lease.assignment
        if not lease.seq:
            checkpoint = name_of_checkpoint(told.study, told.number, told.attempt)
            on = {"slot": slot.name, "device": slot.device.name}
            self._append(lease, Started(**on, revision=told.revision, checkpoint=checkpoint))
            logger.info("%s: study %s trial %d starts", slot.name, told.study, told.number)
        if self._spool.knows_begun(lease):
            self._busy[slot] = self._reserved.pop(slot)
            slot.run(told, self._result(lease))
            for revision in lease.revisions:
                slot.revise(revision.number, revision.values)

    def _next(self) -> Lease | None:
        return self._waiting.popleft() if self._waiting and self._waiting[0].kept else None

    def _reported(self, slot: Slot, reports: bytes) -> None:
        lease = self._busy[slot]
        every = self._spool.every
        gate = self._gates.get(lease)
        if gate is None:
            if every == 1 and len(lease.records) <= WINDOW:
                self._append_reports(slot, lease, reports, 1)
                return
            gate = self._gates[lease] = Gate()
        gate.take(reports, every)
        if gate.gathered >= GATHER_BYTES or len(lease.records) <= WINDOW:
            self._let_out(slot, lease, gate)

    def _let_out(self, slot: Slot, lease: Lease, gate: Gate, *, all_of_it: bool = False) -> None:
        batches = gate.batches
        reports = gate.let_out(all_of_it=all_of_it)
        if reports is not None:
            self._append_reports(slot, lease, reports, batches)

    def _append_reports(self, slot: Slot, lease: Lease, reports: bytes, batches: int) -> None:
        lease.batches += batches
        try:
            parts = cut(reports, LARGEST_BATCH)
        except Undecodable as error:
            slot.stop(Failure(kind=FailureKind.BAD_RESULT, reason=str(error)))
            return
        for part in parts:
            self._append(lease, Reported(reports=msgspec.Raw(part)))

    def _revised(self, slot: Slot, told: Revised) -> None:
        lease = self._busy[slot]
        if (gate := self._gates.get(lease)) is not None:
            self._let_out(slot, lease, gate)  # what was reported before it
        self._append(lease, told)

    def _ended(self, slot: Slot, final: Final) -> None:
        lease = self._busy.pop(slot)
        reach("agent.final.received")
        if (gate := self._gates.pop(lease, None)) is not None:
            self._let_out(slot, lease, gate, all_of_it=True)
        crashed = final.failure is not None and final.failure.kind is FailureKind.CRASH
        if crashed and self._results and (result := read_result(self._result(lease))):
            append_result(self._spool, lease, result)  # it had ended, and died before it said so
            self._uplink.changed(lease)
            return
        self._append(lease, final)
        told, why = lease.assignment, f", {final.failure.reason}" if final.failure else ""
        ended = (slot.name, told.study, told.number, final.outcome, final.seconds, why)
        logger.info("%s: study %s trial %d %s in %.2g s%s", *ended)

    def _broke(self, error: BaseException) -> None:
        if not self.broken.done():
            self.broken.set_exception(error)

    # ------------------------------------------------------------------ to the orchestrator

    def _append(self, lease: Lease, body: Body) -> None:
        if self._spool.append(lease, body) is not None:
            self._uplink.changed(lease)

    def _stored(self) -> None:
        for slot in self._slots:
            self._feed(slot)

    def _result(self, lease: Lease) -> str:
        return self._results and result_path(self._results, *lease.key)

    async def _hello(self) -> Hello:
        return Hello(
            runner=self.name,
            boot=self._spool.boot,
            slots=len(self._slots),
            offers=tuple(map(_loaded, self._offers.values())),
            devices=await self._monitor.read(),
            host=socket.gethostname(),
            began=self._began,
            version=_version(),
        )

    async def _heartbeat(self) -> Heartbeat:
        for slot, lease in self._busy.items():
            if (gate := self._gates.get(lease)) is not None:
                self._let_out(slot, lease, gate)
        devices = await self._monitor.read()
        return Heartbeat(
            runner=self.name,
            boot=self._spool.boot,
            leases=self._spool.claims(),
            devices=devices,
            draining=self._draining,
            degraded=self._spool.degraded,
        )


def _spool(settings: RunnerSettings) -> Spool:
    if settings.state_dir is None:
        return Spool(boot=uuid.uuid4().hex)
    return DurableSpool(settings.state_dir, capacity_bytes=settings.spool_bytes)


def _loaded(launcher: Launcher) -> ObjectiveDescription:
    assert launcher.description is not None, "the launcher has not loaded its objective"
    return launcher.description


def _version() -> str:
    try:
        return version("trialmq")
    except PackageNotFoundError:
        return ""
