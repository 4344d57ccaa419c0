"""A stand-in for the module ``pynvml`` on hosts that the tests do not have.

It answers what the real binding does: handles are opaque, what a device does not support raises a
subclass of ``NVMLError``, nothing may be asked before ``nvmlInit``, and old drivers give bytes.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

GIB = 2**30


class NVMLError(Exception):
    """Of the binding."""


class NotSupported(NVMLError):
    """The device does not know the question."""


class NotFound(NVMLError):
    """No such device."""


class DriverNotLoaded(NVMLError):
    """There is no driver."""


@dataclass
class Chip:
    """A GPU, or an instance of one; an answer of ``None`` is not supported."""

    uuid: str
    name: str = "NVIDIA H200"
    total: int | None = 80 * GIB
    used: int = 0
    busy_percent: int | None = 0
    celsius: int | None = 30
    mig: bool | None = False
    instances: dict[int, "Chip"] = field(default_factory=dict)
    lost: bool = False


def instance(uuid: str, *, total: int = 10 * GIB, used: int = 0) -> Chip:
    """A MIG instance as drivers show it: neither its utilisation nor its temperature is told."""
    return Chip(uuid, "NVIDIA H200 MIG 1g.10gb", total, used, None, None, None)


@dataclass
class FakeDriver:
    """The functions of ``pynvml`` that we use, over some chips; none at all without ``loaded``.

    ``answers`` is cleared to make the driver hang, as one does whose GPU fell off the bus.
    """

    chips: list[Chip] = field(default_factory=list)
    loaded: bool = True
    as_bytes: bool = False
    users: int = 0
    asked: list[str] = field(default_factory=list)
    before_memory: Callable[[], None] = lambda: None
    answers: threading.Event = field(default_factory=threading.Event)

    NVMLError = NVMLError
    NVML_DEVICE_MIG_ENABLE = 1
    NVML_TEMPERATURE_GPU = 0
    MOST_INSTANCES = 7

    def __post_init__(self) -> None:
        self.answers.set()

    def nvmlInit(self) -> None:  # noqa: N802
        if not self.loaded:
            raise DriverNotLoaded
        self.users += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.users -= 1

    def _note(self, question: str) -> None:
        assert self.users > 0, f"{question} before nvmlInit"
        self.asked.append(question)
        self.answers.wait()

    def _text(self, text: str) -> str | bytes:
        return text.encode() if self.as_bytes else text

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        self._note("count")
        return len(self.chips)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Chip:  # noqa: N802
        self._note("handle")
        return _alive(self.chips[index])

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> Chip:  # noqa: N802
        self._note("handle")
        for chip in self._all():
            if chip.uuid == uuid:
                return _alive(chip)
        raise NotFound

    def _all(self) -> Iterator[Chip]:
        for chip in self.chips:
            yield from (chip, *chip.instances.values())

    def nvmlDeviceGetUUID(self, chip: Chip) -> str | bytes:  # noqa: N802
        return self._text(chip.uuid)

    def nvmlDeviceGetName(self, chip: Chip) -> str | bytes:  # noqa: N802
        return self._text(chip.name)

    def nvmlDeviceGetMigMode(self, chip: Chip) -> list[int]:  # noqa: N802
        mode = int(bool(_supported(chip.mig)))
        return [mode, mode]

    def nvmlDeviceGetMaxMigDeviceCount(self, chip: Chip) -> int:  # noqa: N802
        assert chip.mig
        return self.MOST_INSTANCES

    def nvmlDeviceGetMigDeviceHandleByIndex(self, chip: Chip, index: int) -> Chip:  # noqa: N802
        if index not in chip.instances:
            raise NotFound
        return chip.instances[index]

    def nvmlDeviceGetMemoryInfo(self, chip: Chip) -> Any:  # noqa: N802
        self._note("memory")
        self.before_memory()
        total = _supported(chip.total)
        return SimpleNamespace(total=total, used=chip.used, free=total - chip.used)

    def nvmlDeviceGetUtilizationRates(self, chip: Chip) -> Any:  # noqa: N802
        self._note("utilisation")
        return SimpleNamespace(gpu=_supported(chip.busy_percent), memory=0)

    def nvmlDeviceGetTemperature(self, chip: Chip, sensor: int) -> int:  # noqa: N802
        assert sensor == self.NVML_TEMPERATURE_GPU
        self._note("temperature")
        return _supported(chip.celsius)


def _alive(chip: Chip) -> Chip:
    if chip.lost:
        raise NVMLError("GPU is lost")
    return chip


def _supported(answer: int | None) -> int:
    if answer is None:
        raise NotSupported
    return answer
