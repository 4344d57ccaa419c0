"""Room on a GPU: as many slots as fit, a fresh process when memory is missing, else given back."""

import pytest

from schema.errors import WrongInput
from schema.messages import DeviceHealth
from tests.runner.fake_driver import GIB, Chip, FakeDriver
from trial_runner.device_health import DeviceMonitor
from trial_runner.devices import Device
from trial_runner.room import fitting, make_room

GPU = Device(name="NVIDIA H200 0", uuid="GPU-1")
OTHER = Device(name="NVIDIA T4 1", uuid="GPU-2")
HOST = Device(name="cpu")


def reading(device: Device, gibibytes: int | None) -> DeviceHealth:
    total = None if gibibytes is None else gibibytes * GIB
    return DeviceHealth(name=device.name, uuid=device.uuid, memory_total=total)


def test_as_many_slots_are_taken_as_have_room_side_by_side() -> None:
    readings = [reading(GPU, 80), reading(OTHER, 16)]
    slots = [GPU, OTHER] * 4
    assert fitting(slots, readings, 30 * GIB) == [GPU, GPU]
    assert fitting(slots, readings, 16 * GIB) == [GPU, OTHER, GPU, GPU, GPU]
    assert fitting(slots, readings, None) == slots


def test_memory_that_nobody_knows_limits_nothing_and_the_cpu_has_none() -> None:
    assert fitting([GPU] * 3, [reading(GPU, None)], 30 * GIB) == [GPU] * 3
    assert fitting([HOST] * 3, [reading(HOST, 1)], 30 * GIB) == [HOST] * 3


def test_a_need_that_no_device_meets_is_refused_with_what_there_is() -> None:
    with pytest.raises(WrongInput) as caught:
        fitting([GPU, OTHER], [reading(GPU, 80), reading(OTHER, 16)], 100 * GIB)
    assert str(caught.value) == (
        "a trial needs 100 GiB of GPU memory, but NVIDIA H200 0 has 80 GiB, NVIDIA T4 1 has 16 GiB"
    )


class WarmSlot:
    """A process that holds memory of a chip until it is replaced, some of it even then."""

    def __init__(self, chip: Chip, *, held: int, kept: int = 0) -> None:
        self.chip = chip
        self.kept = kept
        self.replaced = 0
        chip.used = held

    async def replace(self) -> None:
        self.replaced += 1
        self.chip.used = self.kept


async def test_where_there_is_room_the_warm_process_stays() -> None:
    chip = Chip("GPU-1", total=8 * GIB)
    slot = WarmSlot(chip, held=2 * GIB)
    monitor = DeviceMonitor([GPU], nvml=FakeDriver([chip]))
    assert await make_room(monitor, GPU, 6 * GIB, slot.replace, grace_seconds=0) == ""
    assert slot.replaced == 0


async def test_what_a_warm_process_holds_is_freed_by_replacing_it_once() -> None:
    chip = Chip("GPU-1", total=8 * GIB)
    slot = WarmSlot(chip, held=2 * GIB + 1)
    monitor = DeviceMonitor([GPU], nvml=FakeDriver([chip]))
    assert await make_room(monitor, GPU, 6 * GIB, slot.replace, grace_seconds=0) == ""
    assert slot.replaced == 1


async def test_memory_that_is_freed_a_little_later_is_waited_for() -> None:
    chip = Chip("GPU-1", total=8 * GIB)
    driver = FakeDriver([chip])
    slot = WarmSlot(chip, held=7 * GIB, kept=7 * GIB)

    def freed_at_the_third_look() -> None:
        if driver.asked.count("memory") == 3:
            chip.used = 0

    driver.before_memory = freed_at_the_third_look
    monitor = DeviceMonitor([GPU], nvml=driver)
    assert await make_room(monitor, GPU, 6 * GIB, slot.replace, grace_seconds=60) == ""
    assert slot.replaced == 1


async def test_a_trial_that_finds_no_room_is_given_back_with_the_reason() -> None:
    chip = Chip("GPU-1", total=8 * GIB)
    slot = WarmSlot(chip, held=4 * GIB, kept=3 * GIB)
    monitor = DeviceMonitor([GPU], nvml=FakeDriver([chip]))
    reason = await make_room(monitor, GPU, 6 * GIB, slot.replace, grace_seconds=0)
    assert slot.replaced == 1
    assert reason == (
        "a trial needs 6 GiB of GPU memory, but of NVIDIA H200 0 only 5 GiB are free, "
        "0 s after its process was replaced"
    )


async def test_where_the_driver_does_not_tell_the_trial_starts() -> None:
    slot = WarmSlot(Chip("GPU-1"), held=0)
    monitor = DeviceMonitor([GPU], nvml=FakeDriver(loaded=False))
    assert await make_room(monitor, GPU, 6 * GIB, slot.replace, grace_seconds=0) == ""
    assert slot.replaced == 0
