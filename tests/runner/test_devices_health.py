"""What the heartbeat says of devices: what the driver tells, and None for what it does not."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from schema.messages import DeviceHealth
from tests.runner.fake_driver import GIB, Chip, FakeDriver, instance
from trial_runner.device_health import DeviceMonitor
from trial_runner.devices import Device
from trial_runner.host import CpuTimes, cores, host_memory
from trial_runner.nvml import Memory

GPU = Device(name="NVIDIA H200 0", uuid="GPU-1")
SLICE = Device(name="NVIDIA H200 MIG 1g.10gb 1:0", uuid="MIG-1")
HOST = Device(name="cpu")


def driver_of(*chips: Chip) -> FakeDriver:
    return FakeDriver(list(chips))


async def test_a_gpu_tells_everything_once_however_many_slots_it_has() -> None:
    driver = driver_of(Chip("GPU-1", total=80 * GIB, used=2 * GIB, busy_percent=37, celsius=61))
    [health] = await DeviceMonitor([GPU, GPU, GPU], nvml=driver).read()
    assert health == DeviceHealth(
        name=GPU.name,
        uuid="GPU-1",
        slots=3,
        memory_total=80 * GIB,
        memory_used=2 * GIB,
        utilisation=0.37,
        temperature=61.0,
    )
    assert driver.users == 0


async def test_an_idle_gpu_is_at_nought_and_not_unknown() -> None:
    [health] = await DeviceMonitor([GPU], nvml=driver_of(Chip("GPU-1"))).read()
    assert (health.utilisation, health.memory_used) == (0.0, 0)


async def test_what_a_mig_instance_does_not_tell_is_unknown_and_not_nought() -> None:
    driver = driver_of(
        Chip("GPU-1"), Chip("GPU-2", mig=True, instances={0: instance("MIG-1", used=GIB)})
    )
    whole, part = await DeviceMonitor([GPU, SLICE], nvml=driver).read()
    assert whole.utilisation is not None
    assert (part.memory_total, part.memory_used) == (10 * GIB, GIB)
    assert (part.utilisation, part.temperature) == (None, None)


async def test_without_a_driver_nothing_is_known_and_nothing_breaks() -> None:
    monitor = DeviceMonitor([GPU], nvml=FakeDriver(loaded=False))
    assert await monitor.read() == (DeviceHealth(name=GPU.name, uuid="GPU-1"),)
    assert await monitor.room_for(GPU, GIB) is None


async def test_a_driver_without_the_question_for_memory_leaves_it_unknown() -> None:
    monitor = DeviceMonitor([GPU], nvml=driver_of(Chip("GPU-1", total=None, celsius=50)))
    [health] = await monitor.read()
    assert (health.memory_total, health.memory_used, health.temperature) == (None, None, 50.0)


async def test_a_second_question_within_a_second_gets_the_same_reading() -> None:
    driver = driver_of(Chip("GPU-1"))
    monitor = DeviceMonitor([GPU], nvml=driver)
    first, second = await asyncio.gather(monitor.read(), monitor.read())
    assert first is second
    assert driver.asked.count("temperature") == 1


async def test_the_driver_is_asked_in_another_thread() -> None:
    driver = driver_of(Chip("GPU-1"))
    threads: list[threading.Thread] = []
    driver.before_memory = lambda: threads.append(threading.current_thread())
    await DeviceMonitor([GPU], nvml=driver).read()
    [thread] = threads
    assert thread is not threading.main_thread()
    assert thread.daemon


@pytest.fixture
def hanging() -> Iterator[FakeDriver]:
    driver = driver_of(Chip("GPU-1", total=80 * GIB))
    yield driver
    driver.answers.set()


async def test_a_driver_that_hangs_holds_up_nobody_and_is_asked_again_when_it_is_back(
    hanging: FakeDriver,
) -> None:
    monitor = DeviceMonitor([GPU], nvml=hanging, patience_seconds=0.05)
    hanging.answers.clear()
    assert await monitor.room_for(GPU, GIB) is None
    asked = len(hanging.asked)
    assert await monitor.read() == (DeviceHealth(name=GPU.name, uuid="GPU-1"),)
    assert len(hanging.asked) == asked, "while one thread hangs no second one is risked"
    hanging.answers.set()
    for thread in threading.enumerate():
        if thread.name == "device-reading":
            thread.join()
    await asyncio.sleep(0)  # it left its answer for the next turn of the loop
    assert await monitor.room_for(GPU, GIB)


async def test_a_gpu_that_falls_off_the_bus_keeps_its_size_and_loses_the_rest() -> None:
    chip = Chip("GPU-1", total=80 * GIB, used=GIB)
    monitor = DeviceMonitor([GPU], nvml=driver_of(chip), fresh_seconds=0.0)
    assert await monitor.free_memory(GPU) == 79 * GIB
    [before] = await monitor.read()
    chip.lost = True
    assert await monitor.free_memory(GPU) is None
    [after] = await monitor.read()
    assert before.memory_used == GIB
    assert after == DeviceHealth(name=GPU.name, uuid="GPU-1", memory_total=80 * GIB)


async def test_the_cpu_needs_no_driver() -> None:
    driver = driver_of(Chip("GPU-1"))
    monitor = DeviceMonitor([HOST, HOST], nvml=driver)
    [health] = await monitor.read()
    assert (health.name, health.uuid, health.slots, health.temperature) == ("cpu", "", 2, None)
    assert await monitor.room_for(HOST, 10**18) is None
    assert driver.asked == []


# ------------------------------------------------------------------ the host


def host(root: Path, **files: str) -> Path:
    """A /proc and /sys below ``root``; ``__`` in a name is a slash."""
    for name, text in files.items():
        file = root / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


MEMINFO = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\n"
UNLIMITED = str(2**63 - 4096)


def test_memory_that_is_only_cache_is_not_used(tmp_path: Path) -> None:
    assert host_memory(host(tmp_path, proc__meminfo=MEMINFO)) == Memory(1_024_000, 614_400)


@pytest.mark.parametrize("group", ["job/one", ""])
def test_the_limit_of_a_control_group_counts_where_it_is_lower(tmp_path: Path, group: str) -> None:
    root = host(tmp_path, proc__meminfo=MEMINFO, proc__self__cgroup=f"0::/{group}\n")
    limits = {"": "800000\n", "job": "500000\n", "job/one": "max\n"}
    for name, limit in limits.items():
        folder = root / "sys/fs/cgroup" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "memory.max").write_text(limit)
        (folder / "memory.current").write_text("300000\n")
        (folder / "memory.stat").write_text("anon 1\ninactive_file 100000\n")
    assert host_memory(root) == Memory(500_000 if group else 800_000, 200_000)


@pytest.mark.parametrize(("limit", "total"), [("700000", 700_000), (UNLIMITED, 1_024_000)])
def test_control_groups_of_the_first_version_are_read_too(
    tmp_path: Path, limit: str, total: int
) -> None:
    root = host(
        tmp_path,
        proc__meminfo=MEMINFO,
        proc__self__cgroup="5:cpu,cpuacct:/x\n4:memory:/seen/only/outside\n0::/\n",
    )
    folder = root / "sys/fs/cgroup/memory"
    folder.mkdir(parents=True)
    (folder / "memory.limit_in_bytes").write_text(limit)
    (folder / "memory.usage_in_bytes").write_text("300000")
    (folder / "memory.stat").write_text("inactive_file 5\ntotal_inactive_file 0\n")
    memory = host_memory(root)
    assert memory is not None
    assert memory.total == total


def test_a_host_that_tells_nothing_is_unknown(tmp_path: Path) -> None:
    assert host_memory(tmp_path) is None
    assert host_memory(host(tmp_path, proc__meminfo="Something: else\n")) is None
    assert CpuTimes.read(tmp_path) is None


def stat(root: Path, busy: int, idle: int) -> CpuTimes:
    line = f" {busy} 0 0 {idle} 0 0 0 0 0 0\n"
    own = "".join(f"cpu{core}{line}" for core in range(256))
    times = CpuTimes.read(host(root, proc__stat=f"cpu 1 1 1 1 1 1 1 1 1 1\n{own}intr 1 2\n"))
    assert times is not None
    return times


def test_utilisation_is_of_the_time_between_two_readings(tmp_path: Path) -> None:
    before, after = stat(tmp_path, 100, 900), stat(tmp_path, 130, 910)
    assert before == CpuTimes(100 * cores(), 1000 * cores())
    assert after.utilisation_since(before) == 0.75
    assert after.utilisation_since(after) is None, "no time passed"


def test_this_host_tells_how_it_is() -> None:
    memory, times = host_memory(), CpuTimes.read()
    assert memory is not None and times is not None
    assert 0 < memory.used < memory.total
    assert 0 < times.busy < times.total
