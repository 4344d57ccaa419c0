"""The management library of the NVIDIA driver, through its Python binding (nvidia-ml-py).

The one file that knows it. It never initialises CUDA. What the driver does not tell (there is none,
the question is not supported, the GPU is lost) is ``None``: nothing here raises. A call may block.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec


class Gpu(msgspec.Struct, frozen=True, kw_only=True):
    """A GPU that CUDA can use: a whole one, or an instance of one that is in MIG mode.

    ``index`` is the driver's number of it; ``"0:1"`` is instance 1 of GPU 0. ``parent`` is the UUID
    of the GPU that an instance is part of, empty for a whole one.
    """

    index: str
    uuid: str
    name: str
    parent: str = ""


class Memory(NamedTuple):
    """Memory of a device, in bytes."""

    total: int
    used: int

    @property
    def free(self) -> int:
        """What nobody holds."""
        return self.total - self.used


class Nvml:
    """The driver, while it is `opened`."""

    def __init__(self, binding: Any) -> None:
        self._binding = binding

    def _ask(self, question: str, *arguments: Any) -> Any:
        """What a function of the binding answers; ``None`` where it cannot, or is not there."""
        function = getattr(self._binding, question, None)
        if function is None:
            return None
        try:
            return function(*arguments)
        except self._binding.NVMLError:
            return None

    def _ask_of(self, uuid: str, question: str, *arguments: Any) -> Any:
        handle = self._ask("nvmlDeviceGetHandleByUUID", uuid)
        return None if handle is None else self._ask(question, handle, *arguments)

    def gpus(self) -> list[Gpu]:
        """The GPUs in the driver's order; of one in MIG mode its instances, in its place."""
        handles = (
            (str(index), self._ask("nvmlDeviceGetHandleByIndex", index))
            for index in range(self._ask("nvmlDeviceGetCount") or 0)
        )
        return [gpu for index, handle in handles for gpu in self._usable(index, handle)]

    def _usable(self, index: str, handle: Any) -> Iterator[Gpu]:
        uuid = _text(self._ask("nvmlDeviceGetUUID", handle)) if handle is not None else ""
        if not uuid:
            return  # lost, or not this user's
        name = _text(self._ask("nvmlDeviceGetName", handle)) or "GPU"
        mode = self._ask("nvmlDeviceGetMigMode", handle)  # [now, after the next reset]
        if mode is None or mode[0] != self._binding.NVML_DEVICE_MIG_ENABLE:
            yield Gpu(index=index, uuid=uuid, name=name)
            return
        for number in range(self._ask("nvmlDeviceGetMaxMigDeviceCount", handle) or 0):
            instance = self._ask("nvmlDeviceGetMigDeviceHandleByIndex", handle, number)
            if instance is None:
                continue  # so many are possible, not all of them exist
            if own := _text(self._ask("nvmlDeviceGetUUID", instance)):
                own_name = _text(self._ask("nvmlDeviceGetName", instance)) or f"{name} MIG"
                yield Gpu(index=f"{index}:{number}", uuid=own, name=own_name, parent=uuid)

    def memory(self, uuid: str) -> Memory | None:
        """The memory of a device; what the driver reserves for itself counts as used."""
        memory = self._ask_of(uuid, "nvmlDeviceGetMemoryInfo")
        return None if memory is None else Memory(int(memory.total), int(memory.used))

    def utilisation(self, uuid: str) -> float | None:
        """The part of the last moment (up to a second) in which a kernel ran, from 0 to 1."""
        rates = self._ask_of(uuid, "nvmlDeviceGetUtilizationRates")
        return None if rates is None else rates.gpu / 100

    def temperature(self, uuid: str) -> float | None:
        """Degrees Celsius of the chip."""
        sensor = self._binding.NVML_TEMPERATURE_GPU
        degrees = self._ask_of(uuid, "nvmlDeviceGetTemperature", sensor)
        return None if degrees is None else float(degrees)


def _text(value: str | bytes | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""


@contextmanager
def opened(binding: Any = None) -> Iterator[Nvml | None]:
    """The driver's library, or ``None`` where there is no driver or no binding.

    Args:
        binding: the module ``pynvml``, or what behaves as it.
    """
    binding = binding or _installed()
    nvml = _open(binding) if binding else None
    try:
        yield nvml
    finally:
        if nvml is not None:
            nvml._ask("nvmlShutdown")


def _installed() -> Any:
    try:
        import pynvml
    except ImportError:
        return None
    return pynvml


def _open(binding: Any) -> Nvml | None:
    try:
        binding.nvmlInit()
    except binding.NVMLError:
        return None
    return Nvml(binding)
