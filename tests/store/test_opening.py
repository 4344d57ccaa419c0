"""Which databases are opened, which are refused, and with which sentence."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.engine.trials import Changes
from orchestrator.reading.results import Results
from orchestrator.store import database
from orchestrator.store.database import APPLICATION_ID
from orchestrator.store.queries import migrations
from orchestrator.store.store import Deposed, Store
from schema.errors import StoreError
from tests.store.making import SPEC, creating, trial

NOBODY = 65534

HOLDER = """
import asyncio, sys
from pathlib import Path
from orchestrator.store.store import Store

async def hold():
    async with Store.open(Path(sys.argv[1])):
        print("open", flush=True)
        sys.stdin.read()

asyncio.run(hold())
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database may be made."""
    return tmp_path / "studies.db"


def opened(path: Path) -> int:
    """Open and close the store; its term."""

    async def term() -> int:
        async with Store.open(path) as store:
            return store.term

    return asyncio.run(term())


def read(path: Path) -> list[str]:
    """The names of the studies in a database."""

    async def names() -> list[str]:
        async with Results.open(path) as results:
            return [overview.name for overview in await results.studies()]

    return asyncio.run(names())


def refusal(path: Path) -> str:
    """What is said when the store cannot be opened."""
    with pytest.raises(StoreError) as error:
        opened(path)
    return str(error.value)


# ---------------------------------------------------------------------- ours


def test_a_new_database_has_every_migration_and_is_marked_as_ours(path: Path) -> None:
    opened(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
        assert db.execute("PRAGMA user_version").fetchone() == (migrations()[-1][0],)
        tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        assert tables >= {"meta", "study", "trial", "attempt", "report", "event"}
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_migrations_are_numbered_without_a_gap() -> None:
    numbers = [number for number, _ in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_each_opening_is_a_term_of_its_own(path: Path) -> None:
    assert [opened(path) for _ in range(3)] == [1, 2, 3]


def test_folders_on_the_way_are_made(tmp_path: Path) -> None:
    path = tmp_path / "much" / "deeper" / "studies.db"
    opened(path)
    assert path.exists()


def test_a_path_may_hold_any_character(tmp_path: Path) -> None:
    path = tmp_path / "50% größer? #1 & 音.db"
    opened(path)
    assert read(path) == []
    assert path.exists()


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()
    assert opened(path) == 1


def test_a_migration_that_breaks_leaves_no_trace_and_is_made_up_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = migrations()
    broken = [(1, whole[0][1] + "\nCREATE TABLE trial (twice INTEGER);\n")]
    with monkeypatch.context() as patched:
        patched.setattr(database, "migrations", lambda: broken)
        assert "already exists" in refusal(path)
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert opened(path) == 1


async def test_only_the_migrations_that_are_missing_are_applied(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Store.open(path) as store:
        await store.create_study(SPEC, 1.0)
    more = [*migrations(), (len(migrations()) + 1, "CREATE TABLE of_tomorrow (id INTEGER);\n")]
    monkeypatch.setattr(database, "migrations", lambda: more)
    async with Store.open(path) as store:
        assert store.term == 2
        study = await store.study(SPEC.name)
        assert study is not None
        assert study.spec == SPEC
    with contextlib.closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (more[-1][0],)
        assert db.execute("SELECT * FROM of_tomorrow").fetchall() == []


# ---------------------------------------------------------------------- refused


def test_a_database_of_another_program_is_refused_and_left_as_it_was(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE birds (name TEXT)")
    before = path.read_bytes()
    assert refusal(path) == (f"{path} is a database of another program; choose another with --db")
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_empty_database_that_another_program_marked_is_refused(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA application_id = 77")
        db.execute("VACUUM")
    assert "of another program" in refusal(path)


def test_a_newer_database_is_refused_with_both_versions(path: Path) -> None:
    opened(path)
    newer = migrations()[-1][0] + 1
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {newer}")
    said = refusal(path)
    assert f"newer TrialMQ (database version {newer}, this one reads up to {newer - 1})" in said
    with pytest.raises(StoreError, match="newer TrialMQ"):
        read(path)


@pytest.mark.parametrize(
    "content", [b"?", b"not a database at all\n" * 100, b"\x00" * 4096], ids=["short", "text", "0"]
)
def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(
    path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    assert f"{path} is not a TrialMQ database" in refusal(path)
    assert path.read_bytes() == content
    with pytest.raises(StoreError, match="is not a TrialMQ database"):
        read(path)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    directory = tmp_path / "folder"
    directory.mkdir()
    assert "is a directory" in refusal(directory)


def test_a_file_in_the_place_of_a_folder_is_refused(path: Path) -> None:
    path.write_text("")
    assert f"{path / 'inside.db'} cannot be used" in refusal(path / "inside.db")


def test_reading_makes_no_database(path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database"):
        read(path)
    assert not path.exists()


def test_reading_an_empty_file_says_that_nothing_is_stored(path: Path) -> None:
    path.touch()
    with pytest.raises(StoreError, match="no study was stored in it yet"):
        read(path)


@pytest.fixture
def somebody() -> Iterator[Path]:
    """A folder that belongs to the user the test runs as, who is not root in it.

    It is not below pytest's own folder, which only root may enter: opening that up for one
    test would race with another one that closes it again.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        if os.geteuid() != 0:
            yield folder
            return
        os.chown(folder, NOBODY, -1)
        os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(0)


def test_a_folder_without_permission_is_refused(somebody: Path) -> None:
    folder = somebody / "read only"
    folder.mkdir(mode=0o500)
    assert refusal(folder / "t.db") == f"{folder / 't.db'} cannot be used: Permission denied"


def test_a_file_without_permission_is_refused_and_nothing_is_left_beside_it(
    somebody: Path,
) -> None:
    path = somebody / "studies.db"
    path.touch()
    path.chmod(0o400)
    assert f"{path} cannot be written" in refusal(path)
    assert [file.name for file in somebody.iterdir()] == [path.name]


# ---------------------------------------------------------------------- one at a time


def test_a_database_in_use_is_refused_and_free_again_when_its_user_is_killed(
    path: Path,
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        assert f"in use by another trialmq (process {holder.pid})" in refusal(path)
        assert read(path) == []
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert opened(path) == 2


def test_a_database_that_another_program_locks_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(path)
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.01)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        assert "is locked by another program" in refusal(path)
    assert opened(path) == 2


async def test_an_orchestrator_that_was_replaced_writes_nothing_more(path: Path) -> None:
    async with Store.open(path) as old:
        study = await old.create_study(SPEC, 1.0)
        await old.commit(creating(trial(1, study.id)))
        path.with_name(f"{path.name}.lock").unlink()  # as on a disk whose locks do not hold
        async with Store.open(path) as new:
            assert new.term == old.term + 1
            for write in (
                old.commit(creating(trial(2, study.id))),
                old.create_study(SPEC, 2.0),
                old.commit(Changes(redefined={study.id: SPEC})),
            ):
                with pytest.raises(Deposed, match="another orchestrator took over"):
                    await write
            await new.commit(creating(trial(3, study.id)))
            trials, _ = await new.load(study.id)
            assert [stored.id for stored in trials] == [1, 3]


def test_the_private_call_of_aiosqlite_is_still_there() -> None:
    import aiosqlite

    assert callable(aiosqlite.Connection._execute)
    assert isinstance(aiosqlite.Connection._conn, property)
