"""Room on a GPU for the next trial, when its objective says how much it needs.

At the start a runner takes as many slots as the memory holds. Later memory may be missing all the
same: a warm process keeps its caches and what the last trial leaked, and other users' processes
come. Then the slot's process is replaced; if that does not help, the trial is given back.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from schema.errors import WrongInput
from schema.messages import DeviceHealth
from trial_runner.byte_size import format_bytes
from trial_runner.device_health import DeviceMonitor
from trial_runner.devices import Device

LOOK_AGAIN_SECONDS = 0.25
"""The driver tells nobody when memory becomes free, so it is asked."""


def fitting(
    devices: Sequence[Device], readings: Sequence[DeviceHealth], need: int | None
) -> list[Device]:
    """Of the devices of slots those whose trials have room side by side.

    Args:
        devices: of each slot.
        readings: of these devices; one whose memory is not known holds any number, as the CPU does.
        need: bytes of a GPU that one trial needs; ``None`` where nobody said.

    Raises:
        WrongInput: no device has enough.
    """
    if need is None:
        return list(devices)
    totals = {r.uuid: r.memory_total for r in readings if r.uuid and r.memory_total is not None}
    taken: Counter[str] = Counter()
    kept = []
    for device in devices:
        total = totals.get(device.uuid)
        if total is None or (taken[device.uuid] + 1) * need <= total:
            taken[device.uuid] += 1
            kept.append(device)
    if devices and not kept:
        there = ", ".join(
            f"{r.name} has {format_bytes(totals[r.uuid])}" for r in readings if r.uuid in totals
        )
        raise WrongInput(f"a trial needs {format_bytes(need)} of GPU memory, but {there}")
    return kept


async def make_room(
    monitor: DeviceMonitor,
    device: Device,
    need: int,
    replace: Callable[[], Awaitable[None]],
    *,
    grace_seconds: float,
) -> str:
    """See to it that ``need`` bytes of a GPU are free for a trial that is about to start.

    Args:
        replace: end the slot's process, idle as it is, and return when a fresh one is ready; called
            once at most, and not at all where there is room.
        grace_seconds: how long to wait for memory after that.

    Returns:
        Nothing when the trial may start, which it may also where the driver does not tell; else, in
        a sentence, why it has to be given back.
    """
    if await monitor.room_for(device, need) is not False:
        return ""
    await replace()
    loop = asyncio.get_running_loop()
    until = loop.time() + grace_seconds
    while (free := await monitor.free_memory(device)) is not None and free < need:
        if loop.time() >= until:
            return (
                f"a trial needs {format_bytes(need)} of GPU memory, but of {device.name} only "
                f"{format_bytes(free)} are free, {grace_seconds:g} s after its process was replaced"
            )
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
    return ""
