"""What a runner's devices do, for its heartbeat, and whether one has room for the next trial.

The driver is asked in a thread, because a call may block, for ever where a GPU has fallen off the
bus: then what is not known is ``None``, and the runner goes on.
"""

import asyncio
import logging
import math
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from schema.messages import DeviceHealth
from trial_runner.devices import Device
from trial_runner.host import CpuTimes, host_memory
from trial_runner.nvml import Memory, Nvml, opened

logger = logging.getLogger(__name__)

FRESH_SECONDS = 1.0
PATIENCE_SECONDS = 2.0

T = TypeVar("T")


class DeviceMonitor:
    """Reads the devices of a runner's slots, for one event loop; it needs no closing.

    Args:
        devices: of each slot; several may be on one.
        nvml: stands in for the module ``pynvml``.
        fresh_seconds: how long a reading is used, however often it is asked for.
        patience_seconds: how long the driver may take to answer.
    """

    def __init__(
        self,
        devices: Sequence[Device],
        *,
        nvml: Any = None,
        fresh_seconds: float = FRESH_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._nvml = nvml
        self._fresh = fresh_seconds
        self._patience = patience_seconds
        slots = Counter(device.uuid for device in devices)
        names = {device.uuid: device.name for device in devices}
        self._last = tuple(
            DeviceHealth(name=name, uuid=uuid, slots=slots[uuid]) for uuid, name in names.items()
        )
        self._read_at = -math.inf
        self._one_reading = asyncio.Lock()
        self._hanging: asyncio.Future[Any] | None = None
        self._cpu_times = CpuTimes.read()

    async def read(self) -> tuple[DeviceHealth, ...]:
        """Each device once, as it was a moment ago.

        A CPU's utilisation is that since the reading before, of the cores that this process may
        use. Where the driver does not answer, only what does not change is told.
        """
        async with self._one_reading:
            now = asyncio.get_running_loop().time()
            if now - self._read_at >= self._fresh:
                readings = await self._aside(self._take)
                self._last = readings or tuple(map(_unchanging, self._last))
                self._read_at = now
            return self._last

    async def free_memory(self, device: Device) -> int | None:
        """Bytes of a GPU that nobody holds now; ``None`` for the CPU, or if the driver is silent.

        The processes of its own slots hold some too, the warm ones between two trials included.
        """
        return await self._aside(lambda: self._free(device.uuid)) if device.uuid else None

    async def room_for(self, device: Device, need: int) -> bool | None:
        """Whether ``need`` bytes of a GPU are free; ``None`` where nobody can tell."""
        free = await self.free_memory(device)
        return None if free is None else free >= need

    def _take(self) -> tuple[DeviceHealth, ...]:
        if not any(device.uuid for device in self._last):
            return tuple(map(self._cpu_health, self._last))
        with opened(self._nvml) as nvml:
            return tuple(
                _gpu_health(nvml, d) if nvml and d.uuid else _unchanging(d) for d in self._last
            )

    def _cpu_health(self, device: DeviceHealth) -> DeviceHealth:
        before, self._cpu_times = self._cpu_times, CpuTimes.read()
        worked = self._cpu_times.utilisation_since(before) if before and self._cpu_times else None
        return _with_memory(device, host_memory(), utilisation=worked)

    def _free(self, uuid: str) -> int | None:
        with opened(self._nvml) as nvml:
            memory = nvml.memory(uuid) if nvml else None
            return memory.free if memory else None

    async def _aside(self, read: Callable[[], T]) -> T | None:
        """What ``read`` returns in a thread, ``None`` if it takes too long.

        It is a daemon: the threads of an executor would be waited for at the end of the process.
        While one hangs, no other is started.
        """
        if self._hanging is not None and not self._hanging.done():
            return None
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T | None] = loop.create_future()

        def work() -> None:
            result = None
            try:
                result = read()
            except Exception:  # a reading is worth no runner
                logger.exception("a device could not be read")
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(answer.set_result, result)

        threading.Thread(target=work, name="device-reading", daemon=True).start()
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.shield(answer)
        except TimeoutError:
            logger.warning("the driver has not answered for %g s", self._patience)
            self._hanging = answer
            return None


def _gpu_health(nvml: Nvml, device: DeviceHealth) -> DeviceHealth:
    return _with_memory(
        device,
        nvml.memory(device.uuid),
        utilisation=nvml.utilisation(device.uuid),
        temperature=nvml.temperature(device.uuid),
    )


def _unchanging(device: DeviceHealth) -> DeviceHealth:
    """What is true of a device whatever it does."""
    return _with_memory(device, None)


def _with_memory(
    device: DeviceHealth,
    memory: Memory | None,
    utilisation: float | None = None,
    temperature: float | None = None,
) -> DeviceHealth:
    """A new reading of ``device``; how much memory it has at all stays known."""
    return msgspec.structs.replace(
        device,
        memory_total=memory.total if memory else device.memory_total,
        memory_used=memory.used if memory else None,
        utilisation=utilisation,
        temperature=temperature,
    )
