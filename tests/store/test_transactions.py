"""A turn is stored as a whole or not at all, whatever happens to its caller or its disk."""

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.store.database import Database
from orchestrator.store.store import Store
from schema.errors import StoreError
from tests.store.making import REPORTS, SPEC, creating, reporting, trial

INSERT = "INSERT INTO event (at, kind, text) VALUES (0, 'test', ?)"

ON_A_SMALL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from orchestrator.store.store import Store
from schema.errors import StoreError
from tests.store.making import SPEC, creating, trial

async def fill(path):
    async with Store.open(path) as store:
        study = await store.create_study(SPEC, 1.0)
        await store.commit(creating(*(trial(n, study.id) for n in range(1, 11))))
        size = path.with_name(path.name + "-wal").stat().st_size + 20_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        await store.commit(creating(*(trial(n, study.id, note="x" * 999) for n in range(11, 99))))

try:
    asyncio.run(fill(Path(sys.argv[1])))
except StoreError as error:
    print(error)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "studies.db"


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    """A migrated database."""
    database = await Database.open(path, writing=True)
    yield database
    await database.close()


async def events(database: Database) -> int:
    """How many events are stored."""
    return await database.run(
        lambda db: int(db.execute("SELECT count(*) FROM event").fetchone()[0])
    )


async def test_work_that_raises_leaves_nothing(database: Database) -> None:
    def work(db: sqlite3.Connection) -> None:
        db.execute(INSERT, ("half",))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.transact(work)
    assert await events(database) == 0
    await database.transact(lambda db: db.execute(INSERT, ("whole",)))
    assert await events(database) == 1


async def test_a_statement_that_is_refused_takes_the_whole_turn_with_it(path: Path) -> None:
    async with Store.open(path) as store:
        study = await store.create_study(SPEC, 1.0)
        await store.commit(creating(trial(1, study.id)))
        with pytest.raises(StoreError, match="UNIQUE"):
            await store.commit(creating(trial(2, study.id), trial(1, study.id)))
        trials, _ = await store.load(study.id)
        assert [stored.number for stored in trials] == [0]


async def test_a_caller_that_is_cancelled_stores_all_of_its_turn(database: Database) -> None:
    loop, half, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def work(db: sqlite3.Connection) -> None:
        db.execute(INSERT, ("first",))
        loop.call_soon_threadsafe(half.set)
        go_on.wait(10)
        db.execute(INSERT, ("second",))

    turn = asyncio.create_task(database.transact(work))
    await half.wait()
    turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn
    go_on.set()
    assert await events(database) == 2


async def test_a_caller_cancelled_before_its_turn_began_does_no_harm_to_the_next(
    database: Database,
) -> None:
    loop, started, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def slow(db: sqlite3.Connection) -> None:
        loop.call_soon_threadsafe(started.set)
        go_on.wait(10)

    first = asyncio.create_task(database.run(slow))
    await started.wait()
    waiting = asyncio.create_task(
        database.transact(lambda db: db.executemany(INSERT, [("a",), ("b",)]))
    )
    await asyncio.sleep(0)
    waiting.cancel()
    go_on.set()
    await first
    assert await events(database) in (0, 2)
    await database.transact(lambda db: db.execute(INSERT, ("after",)))
    assert await events(database) in (1, 3)


async def test_a_full_disk_is_said_and_what_was_stored_is_intact(path: Path) -> None:
    async with Store.open(path) as store:
        study = await store.create_study(SPEC, 1.0)
        first = trial(1, study.id)
        await store.commit(creating(first))
        await store.commit(reporting(first, 1, REPORTS))
        await store._database.run(
            lambda db: db.execute("PRAGMA max_page_count = 1").fetchone()
        )  # SQLite takes it as the present size
        more = [trial(number, study.id, note="x" * 999) for number in range(2, 50)]
        with pytest.raises(StoreError, match="the disk is full; what was stored is intact"):
            await store.commit(creating(*more))
    async with Store.open(path) as store:
        trials, curves = await store.load(study.id)
        assert [stored.number for stored in trials] == [0]
        assert len(curves[0]) == len(REPORTS)
        await store.commit(creating(*more))
        trials, _ = await store.load(study.id)
        assert len(trials) == 49


def test_a_disk_that_fails_is_said_and_what_was_stored_is_intact(path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", ON_A_SMALL_DISK, str(path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(str(path))
    assert "what was stored is intact" in run.stdout
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM trial").fetchone() == (10,)
