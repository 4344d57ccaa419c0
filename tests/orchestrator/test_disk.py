"""A disk that is full, and a database that somebody else took over."""

import asyncio
from pathlib import Path

import pytest

from orchestrator.store.store import Store
from schema.brokers.memory import MemoryHub
from schema.commands.service import GetService
from schema.identity import runners_inbox
from tests.orchestrator.asking import Asking
from tests.orchestrator.scripted_runner import (
    STARTED,
    ScriptedRunner,
    completed,
    reported,
)
from tests.orchestrator.serving import OFFER, ONE, serving, stored


async def test_a_resident_service_waits_for_a_full_disk_and_loses_nothing(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True) as service:
        engine = await service.open_study(ONE)
        await runner.hello(OFFER)
        given = await runner.assignment()
        await runner.record(given, 1, STARTED)
        await runner.applied(given, 1)
        await full(service._store, True)
        metrics = {f"metric {i}": 0.5 for i in range(2000)}
        await runner.record(given, 2, reported((0, 0.1, metrics)), completed(f1=0.5))
        async with asyncio.timeout(10):
            while "the disk is full" not in (await client.ask(GetService())).degraded:
                pass
        assert hub.queues[runners_inbox().name].consumers[0].room == 1023  # not acknowledged
        await full(service._store, False)
        await service.finished(engine)
        assert (await client.ask(GetService())).degraded == ""
    assert [trial.value for trial in await stored(path)] == [0.5]


async def full(store: Store, on: bool) -> None:
    """SQLite takes 1 as the present size."""
    pages = 1 if on else 2**31 - 2
    await store._database.run(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchone())


async def test_a_result_that_the_disk_had_no_room_for_ends_a_single_run(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub) as service:
        engine = await service.open_study(ONE)
        await runner.hello(OFFER)
        given = await runner.assignment()
        await full(service._store, True)
        metrics = {f"metric {i}": 0.5 for i in range(2000)}
        await runner.record(given, 1, STARTED, reported((0, 0.1, metrics)))
        with pytest.raises(Exception, match="the disk is full; what was stored is intact"):
            await service.finished(engine)


async def test_a_service_that_was_replaced_ends_although_it_is_patient(
    path: Path, hub: MemoryHub, runner: ScriptedRunner
) -> None:
    async with serving(path, hub, resident=True) as service:
        await service.open_study(ONE)
        await service._store._database.run(lambda db: db.execute("UPDATE meta SET term = 99"))
        await runner.hello(OFFER)
        with pytest.raises(Exception, match="another orchestrator took over"):
            await service.broken()
