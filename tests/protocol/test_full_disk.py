"""A full disk stops no training and costs no result; what is wrong is said, and heals by itself."""

import asyncio
import shutil
from pathlib import Path

import pytest

from schema.brokers.memory import MemoryHub
from schema.messages import LeaseOrder
from schema.trial import Desired, Outcome
from tests.orchestrator.one_study import STARTED, completed, reported
from tests.protocol.test_durable_spool import CAPACITY, Told, accepted, assignment, held, opened
from tests.runner.conftest import stage_on, trial
from tests.runner.scripted_orchestrator import ScriptedOrchestrator


def fill(hog: Path) -> None:
    """Take all the room that is left on the disk."""
    with hog.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(bytes(4096))


async def test_a_disk_that_is_full_costs_no_result_and_heals(small_disk: Path) -> None:
    spool = opened(small_disk / "spool", capacity=256 * CAPACITY, segment=CAPACITY)
    running, waiting = accepted(spool, 1), accepted(spool, 2)
    spool.append(running, STARTED)
    spool.append(waiting, STARTED)
    assert await spool.stored()
    spool.append(running, reported((0, {"loss": 1.0})))
    assert await spool.stored(), "written, and synced only within a second"
    fill(small_disk / "hog")
    batch = reported(*((step, {"loss": 1.0}) for step in range(2000)))
    spool.append(running, batch)
    assert not await spool.stored()
    assert spool.degraded == "its disk is full"
    assert spool.accept(assignment(spool, 3)) is None, "it takes no more work"
    spool.append(running, completed(0.5))
    await asyncio.sleep(1.0)  # it tries again only after a second, and does not wake by itself
    assert await spool.stored(), "the end of a trial may use the reserve"
    assert "reserve" in spool.degraded
    copy = opened_copy(small_disk / "spool", small_disk.parent / "copy")
    assert [r.seq for r in copy[1, 1]] == [1, 2, 3, 4]
    (small_disk / "hog").unlink()
    spool.append(waiting, completed(0.5))
    assert await spool.stored()
    assert spool.degraded == ""
    assert spool.accept(assignment(spool, 3)) is not None
    spool.close()


def opened_copy(folder: Path, to: Path) -> Told:
    """What another runner would find, had this one been killed now."""
    shutil.copytree(folder, to)
    (to / "lock").unlink()
    return held(to)


async def test_a_runner_on_a_full_disk_says_so_goes_on_training_and_takes_nothing_new(
    small_disk: Path,
) -> None:
    async with (
        stage_on(MemoryHub().connect) as stage,
        stage.runner("waits", state_dir=small_disk / "spool"),
    ):
        orchestrator = stage.orchestrator
        await orchestrator.assign(trial(1, "waits"))
        await orchestrator.until(lambda: orchestrator.steps(1))
        fill(small_disk / "hog")
        await orchestrator.until(lambda: orchestrator.heartbeats[-1:] and full(orchestrator))
        await orchestrator.assign(trial(2, "waits"))
        known = len(orchestrator.steps(1))
        await orchestrator.until(lambda: len(orchestrator.steps(1)) > known + 20)
        await orchestrator.order(LeaseOrder(1, 1, 0, Desired.PRUNE))
        assert (await orchestrator.final(1)).outcome is Outcome.PRUNED
        assert (2, 1) not in orchestrator.taken
        (small_disk / "hog").unlink()
        await orchestrator.until(lambda: not full(orchestrator))
        await orchestrator.assign(trial(2, "waits"))
        await orchestrator.until(lambda: orchestrator.steps(2))


def full(orchestrator: ScriptedOrchestrator) -> bool:
    """What the runner says of its disk."""
    return "disk is full" in orchestrator.heartbeats[-1].degraded
