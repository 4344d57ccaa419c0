"""What a runner says of its devices when it arrives and while it lives."""

import asyncio
from pathlib import Path

from schema.broker import Delivery
from schema.brokers.memory import MemoryHub
from schema.codec import runner_codec
from schema.identity import runners_inbox
from schema.messages import FromRunner, Heartbeat, Hello
from tests.runner.fake_driver import GIB, Chip, FakeDriver
from trial_runner.agent import RunnerAgent
from trial_runner.device_health import DeviceMonitor
from trial_runner.devices import choose_devices
from trial_runner.launcher import Launcher
from trial_runner.settings import RunnerSettings

OBJECTIVE = f"{Path(__file__).with_name('process_objective.py')}:train"


async def test_hello_and_heartbeat_tell_each_device_once_as_it_is() -> None:
    chip = Chip("GPU-1", total=80 * GIB, used=GIB)
    driver = FakeDriver([chip])
    devices = choose_devices(names=["0"], slots_per_device=2, nvml=driver)
    monitor = DeviceMonitor(devices, nvml=driver, fresh_seconds=0.0)
    heard: asyncio.Queue[FromRunner] = asyncio.Queue()
    codec = runner_codec()

    def receive(delivery: Delivery) -> None:
        heard.put_nowait(codec.decode(delivery.body))

    settings = RunnerSettings(heartbeat_seconds=0.02)
    hub = MemoryHub()
    async with hub.connect() as inbox, hub.connect() as broker, Launcher(OBJECTIVE) as launcher:
        await inbox.declare(runners_inbox())
        await inbox.consume(runners_inbox(), receive)
        await launcher.load()
        async with RunnerAgent("gpu1", broker, [launcher], devices, settings, monitor):
            hello = await heard.get()
            chip.used = 3 * GIB
            later = await heard.get()
            while not isinstance(later, Heartbeat) or later.devices[0].memory_used != 3 * GIB:
                later = await heard.get()
    assert isinstance(hello, Hello) and isinstance(later, Heartbeat)
    assert (hello.slots, hello.offers[0].gpu_memory) == (2, 6 * GIB)
    [device] = hello.devices
    assert (device.uuid, device.slots, device.memory_total) == ("GPU-1", 2, 80 * GIB)
    assert device.memory_used == GIB
