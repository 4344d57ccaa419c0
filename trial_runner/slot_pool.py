"""The slots of a runner, and the leases that wait for them or run in them.

An accepted assignment becomes a lease and waits for a free slot, and for the disk where the spool
has one. What slots tell becomes numbered records of their leases.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from schema.errors import Undecodable
from schema.failpoints import reach
from schema.messages import Assignment, Body, Failure, Final, Reported, RevisionOrder, Started
from schema.study import ObjectiveDescription
from schema.trial import Desired, FailureKind, Outcome
from trial_runner.checkpoints import name_of_checkpoint
from trial_runner.device_health import DeviceMonitor
from trial_runner.devices import Device
from trial_runner.launcher import Launcher
from trial_runner.packets import LARGEST_BATCH
from trial_runner.received import Told
from trial_runner.recovery import append_result
from trial_runner.report_batches import Gate, cut
from trial_runner.result_file import read_result, result_path, results_folder
from trial_runner.settings import RunnerSettings
from trial_runner.slot import Slot
from trial_runner.spool import WINDOW, Lease, Spool

logger = logging.getLogger(__name__)

GATHER_BYTES = 16 * 1024
"""Where more than a window of records waits, reports follow in batches of about this size."""


class SlotPool:
    """One slot for each of ``devices``, for the objectives that ``launchers`` have loaded.

    Args:
        spool: where the leases are.
        changed: is called with a lease that has a new record, and whether that is urgent: what
            somebody waits for, or what would leave a slot without work.
        on_broken: is called with the reason why nothing can be trained any more.
    """

    def __init__(
        self,
        name: str,
        launchers: Sequence[Launcher],
        devices: Sequence[Device],
        settings: RunnerSettings,
        monitor: DeviceMonitor,
        spool: Spool,
        *,
        changed: Callable[[Lease, bool], None],
        on_broken: Callable[[BaseException], None],
    ) -> None:
        folder = settings.state_dir
        self._results = str(results_folder(folder.absolute())) if folder is not None else ""
        self._spool = spool
        self._changed = changed
        self._launchers = {_loaded(launcher).entry: launcher for launcher in launchers}
        self._waiting: deque[Lease] = deque()
        self._reserved: dict[Slot, Lease] = {}
        self._busy: dict[Slot, Lease] = {}
        self._gates: dict[Lease, Gate] = {}
        self._slots = [
            Slot(
                name if len(devices) == 1 else f"{name}/{index}",
                device,
                launchers[0],
                settings,
                on_ready=self._feed,
                on_reports=self._reported,
                on_told=self._told,
                on_awaits=self._awaits,
                on_final=self._ended,
                on_broken=on_broken,
                gpu_memory=_loaded(launchers[0]).gpu_memory,
                monitor=monitor,
            )
            for index, device in enumerate(devices, 1)
        ]

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def offers(self) -> tuple[ObjectiveDescription, ...]:
        """What can be trained here."""
        return tuple(map(_loaded, self._launchers.values()))

    async def start(self) -> None:
        """Start the processes."""
        for slot in self._slots:
            await slot.start()

    async def close(self) -> None:
        """End the processes."""
        await asyncio.gather(*(slot.close() for slot in self._slots))

    # ------------------------------------------------------------------ what is ordered

    def accept(self, assignment: Assignment) -> None:
        """Run this as soon as a slot is free; an assignment that is known changes nothing."""
        lease = self._spool.accept(assignment)
        if lease is None:
            return
        if assignment.objective in self._launchers:
            self._waiting.append(lease)
            if not lease.kept:
                self._changed(lease, False)
            return
        offered = ", ".join(self._launchers)
        reason = f"this runner offers {offered}, and not {assignment.objective}"
        failure = Failure(kind=FailureKind.REFUSED, reason=reason)
        self._append(lease, Final(outcome=Outcome.FAILED, failure=failure))

    def revise(self, order: RevisionOrder) -> None:
        """Hand a revision to the training, at once or when it starts."""
        lease = self._spool.revise(order)
        if lease is None:
            return
        slot = self._slot_of(lease)
        if slot is None:
            lease.revisions.append(order)
        else:
            slot.revise(order.number, order.values)

    def end(self, lease: Lease) -> None:
        """End a lease that is fenced, or that should be pruned or stopped."""
        slot = self._slot_of(lease)
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

    def tell_judged(self) -> None:
        """Whoever waits for the verdict on what was reported hears that it is there."""
        for slot, lease in self._busy.items():
            if 0 < lease.awaited <= lease.applied:
                lease.awaited = 0
                slot.judged()

    def give_back_waiting(self) -> None:
        """What has not begun is somebody else's."""
        for lease in (*self._waiting, *self._reserved.values()):
            self._append(lease, Final(outcome=Outcome.RELEASED))
        self._waiting.clear()
        self._reserved.clear()

    def give_back_running(self) -> None:
        """What has begun ends at its next report, or by force, and is somebody else's."""
        for slot in tuple(self._busy):
            slot.stop(Outcome.RELEASED)

    def feed(self) -> None:
        """Start what waits where there is a free slot."""
        for slot in self._slots:
            self._feed(slot)

    def let_out_reports(self) -> None:
        """What was reported and gathers becomes records now."""
        for slot, lease in self._busy.items():
            self._let_out(slot, lease)

    def _slot_of(self, lease: Lease) -> Slot | None:
        return next((slot for slot, held in self._busy.items() if held is lease), None)

    # ------------------------------------------------------------------ what slots tell

    def _feed(self, slot: Slot) -> None:
        if not slot.ready or slot.running is not None:
            return
        lease = self._reserved.get(slot) or self._next()
        if lease is None:
            return
        self._reserved[slot] = lease
        launcher = self._launchers[lease.assignment.objective]
        if slot.launcher is not launcher:
            slot.load(launcher, _loaded(launcher).gpu_memory)
            return
        self._spool.began(lease, slot.mark)
        told = lease.assignment
        if not lease.seq:
            checkpoint = name_of_checkpoint(told)
            on = {"slot": slot.name, "device": slot.device.name}
            begins = 0 if told.earlier else told.revision
            self._append(lease, Started(**on, revision=begins, checkpoint=checkpoint))
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
            self._let_out(slot, lease)

    def _let_out(self, slot: Slot, lease: Lease, *, all_of_it: bool = False) -> None:
        gate = self._gates.get(lease)
        if gate is None:
            return
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

    def _told(self, slot: Slot, told: Told) -> None:
        lease = self._busy[slot]
        self._let_out(slot, lease)  # what was reported before it
        self._append(lease, told)

    def _awaits(self, slot: Slot) -> None:
        lease = self._busy[slot]
        lease.awaited = lease.seq

    def _ended(self, slot: Slot, final: Final) -> None:
        lease = self._busy.pop(slot)
        reach("agent.final.received")
        self._let_out(slot, lease, all_of_it=True)
        self._gates.pop(lease, None)
        crashed = final.failure is not None and final.failure.kind is FailureKind.CRASH
        if crashed and self._results and (result := read_result(self._result(lease))):
            append_result(self._spool, lease, result)  # it had ended, and died before it said so
            self._changed(lease, True)
            return
        self._append(lease, final)
        told, why = lease.assignment, f", {final.failure.reason}" if final.failure else ""
        ended = (slot.name, told.study, told.number, final.outcome, final.seconds, why)
        logger.info("%s: study %s trial %d %s in %.2g s%s", *ended)

    def _append(self, lease: Lease, body: Body) -> None:
        if self._spool.append(lease, body) is not None:
            has_work = bool(self._waiting) and isinstance(body, Started | Final)
            self._changed(lease, not has_work)

    def _result(self, lease: Lease) -> str:
        return self._results and result_path(self._results, *lease.key)


def _loaded(launcher: Launcher) -> ObjectiveDescription:
    assert launcher.description is not None, "the launcher has not loaded its objective"
    return launcher.description
