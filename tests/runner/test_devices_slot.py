"""A slot on a GPU: memory is looked at before a warm process takes the next trial."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from schema.messages import Assignment, Final
from schema.trial import FailureKind, Outcome
from tests.runner.fake_driver import GIB, Chip, FakeDriver
from trial_runner.device_health import DeviceMonitor
from trial_runner.devices import Device
from trial_runner.launcher import Launcher
from trial_runner.settings import RunnerSettings
from trial_runner.slot import Slot

OBJECTIVE = f"{Path(__file__).with_name('process_objective.py')}:train"
NEED = 6 * GIB
TRIAL = Assignment(
    trial=1, attempt=1, study="s", number=0, objective=OBJECTIVE, values={"x": 0.5}, seed=0
)


class Holding:
    """Memory of a chip that living processes hold, as the driver counts it."""

    def __init__(self) -> None:
        self.chip = Chip("GPU-1", total=8 * GIB)
        self.driver = FakeDriver([self.chip], before_memory=self.count)
        self.held: dict[int, int] = {}
        self.looks = 0

    def count(self) -> None:
        self.looks += 1
        self.chip.used = sum(size for process, size in self.held.items() if lives(process))


def lives(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


class Place:
    """A real slot with real processes, on a GPU that only the driver believes in."""

    def __init__(self, launcher: Launcher, *, memory_grace_seconds: float = 30.0) -> None:
        self.memory = Holding()
        self.finals: asyncio.Queue[Final] = asyncio.Queue()
        self.ready = asyncio.Event()
        device = Device(name="NVIDIA H200 0", uuid="GPU-1")
        self.slot = Slot(
            "one",
            device,
            launcher,
            RunnerSettings(memory_grace_seconds=memory_grace_seconds),
            on_ready=lambda slot: self.ready.set() if slot.ready else None,
            on_reports=lambda slot, reports: None,
            on_told=lambda slot, told: None,
            on_awaits=lambda slot: None,
            on_final=lambda slot, final: self.finals.put_nowait(final),
            on_broken=self._fail,
            gpu_memory=NEED,
            monitor=DeviceMonitor([device], nvml=self.memory.driver),
        )

    def _fail(self, error: BaseException) -> None:
        raise error

    async def begin(self) -> None:
        """Hand a trial to the process as soon as it is ready."""
        await self.ready.wait()
        self.ready.clear()
        self.slot.run(TRIAL)

    async def final(self) -> Final:
        """How the trial ended."""
        return await self.finals.get()

    async def process(self) -> int:
        """Run a trial, and tell which process ran it."""
        await self.begin()
        final = await self.final()
        assert final.outcome is Outcome.COMPLETE, final
        return int(final.metrics["process"])


@pytest.fixture(params=["forked", "from scratch"])
async def launcher(request: pytest.FixtureRequest) -> AsyncIterator[Launcher]:
    async with Launcher(OBJECTIVE, fork=request.param == "forked") as launcher:
        description = await launcher.load()
        assert description.gpu_memory == NEED
        yield launcher


@pytest.fixture
async def place(launcher: Launcher) -> AsyncIterator[Place]:
    place = Place(launcher)
    await place.slot.start()
    yield place
    await place.slot.close()


async def test_a_warm_process_goes_on_while_there_is_room(place: Place) -> None:
    first = await place.process()
    place.memory.held[first] = 2 * GIB
    assert await place.process() == first
    assert place.memory.looks == 2


async def test_a_warm_process_that_holds_too_much_is_replaced_before_the_next_trial(
    place: Place,
) -> None:
    first = await place.process()
    place.memory.held[first] = 3 * GIB
    second = await place.process()
    assert second != first
    assert not lives(first)
    assert await place.process() == second


async def test_a_process_that_dies_while_its_trial_waits_for_memory_costs_no_trial(
    place: Place,
) -> None:
    first = await place.process()

    def kill_it_while_the_driver_answers() -> None:
        os.kill(first, signal.SIGKILL)
        while place.slot.ready:  # in the driver's thread: until the slot has noticed
            time.sleep(0.001)

    place.memory.driver.before_memory = kill_it_while_the_driver_answers
    assert await place.process() != first


async def test_a_trial_that_waits_for_memory_ends_at_once_when_it_is_told_to(place: Place) -> None:
    place.memory.held[os.getpid()] = 3 * GIB  # by someone else, who keeps it
    await place.begin()
    await place.ready.wait()  # the process was replaced, which did not help
    assert place.finals.empty()
    place.slot.stop(Outcome.RELEASED)
    assert place.finals.get_nowait().outcome is Outcome.RELEASED
    place.memory.held.clear()
    place.ready.set()
    assert await place.process()


async def test_a_trial_for_which_no_memory_becomes_free_is_given_back(launcher: Launcher) -> None:
    place = Place(launcher, memory_grace_seconds=0)
    await place.slot.start()
    try:
        place.memory.held[os.getpid()] = 3 * GIB
        await place.begin()
        final = await place.final()
        assert final.outcome is Outcome.RELEASED
        assert final.failure is not None
        assert final.failure.kind is FailureKind.OUT_OF_MEMORY
        assert "needs 6 GiB of GPU memory, but of NVIDIA H200 0 only 5 GiB" in final.failure.reason
        place.memory.held.clear()
        place.ready.set()
        assert await place.process(), "and the slot takes the next one"
    finally:
        await place.slot.close()
