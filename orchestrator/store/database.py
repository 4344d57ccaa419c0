"""The SQLite database behind the store: opened, checked to be ours, migrated, locked, executed.

The only file that knows aiosqlite. A transaction is one function, run as a whole in the database's
thread: it commits or it leaves no trace, however its caller is cancelled. Reading needs no lock
and may happen beside a writer (WAL).
"""

import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar, cast

import aiosqlite

from orchestrator.store.queries import migrations, query
from schema.errors import StoreError

APPLICATION_ID = 0x54524D51  # "TRMQ", in the header of every database of ours
BUSY_SECONDS = 5.0
SMALLEST_BYTES = 512
"""The header of a database; SQLite takes a smaller file for an empty one and writes over it."""

T = TypeVar("T")


class DiskTrouble(StoreError):
    """The disk is full, fails or is not there; what was stored is intact, and it may get well."""


class InUse(StoreError):
    """Another process has the database; it is free when that ends, however it ends.

    ``owner`` is its process id, as far as it is known.
    """

    def __init__(self, sentence: str, owner: str = "unknown") -> None:
        super().__init__(sentence)
        self.owner = owner


class Database:
    """One connection of aiosqlite."""

    def __init__(self, path: Path, connection: aiosqlite.Connection) -> None:
        self.path = path
        self._connection = connection

    @classmethod
    async def open(cls, path: Path, *, writing: bool, durable: bool = False) -> "Database":
        """Connect; when ``writing``, create and migrate the database first.

        ``durable`` flushes every commit to the disk (``synchronous=FULL``); otherwise the last
        commits may be lost with the power, never with the process.

        Raises:
            StoreError: it is missing, not ours, newer, locked, or cannot be written.
        """
        with translated(path):
            uri = _uri(path, writing)
            connection = await aiosqlite.connect(
                uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS
            )
            database = cls(path, connection)
            try:
                await database.run(lambda db: _prepare(db, path, writing, durable))
            except BaseException:
                await connection.close()
                raise
            return database

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in the database's thread.

        Raises:
            StoreError: for every error of SQLite, in words.
        """
        with translated(self.path):
            # aiosqlite has no public way to run one function in its thread; its own methods are
            # made of this call, one hop each. A test holds that it is still there.
            execute = self._connection._execute
            return cast(T, await execute(work, self._connection._conn))  # type: ignore[no-untyped-call]

    async def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` as one transaction: all of it is stored, or nothing."""

        def transaction(db: sqlite3.Connection) -> T:
            db.execute("BEGIN IMMEDIATE")
            try:
                result = work(db)
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            return result

        return await self.run(transaction)

    async def look(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work``, which reads, on one state of the database, whoever writes meanwhile."""

        def looking(db: sqlite3.Connection) -> T:
            db.execute("BEGIN")
            try:
                return work(db)
            finally:
                db.execute("ROLLBACK")

        return await self.run(looking)

    async def close(self) -> None:
        """Close the connection; the database is complete on disk."""
        await self._connection.close()


def _prepare(db: sqlite3.Connection, path: Path, writing: bool, durable: bool) -> None:
    ours = db.execute("PRAGMA application_id").fetchone()[0]
    empty = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if ours != APPLICATION_ID and not (empty and ours == 0):
        raise StoreError(f"{path} is a database of another program; choose another with --db")
    steps = migrations()
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > steps[-1][0]:
        raise StoreError(
            f"{path} was written by a newer TrialMQ (database version {version}, this one reads up "
            f"to {steps[-1][0]}); upgrade TrialMQ or choose another with --db"
        )
    if not writing:
        if empty:
            raise StoreError(f"{path} is empty: no study was stored in it yet")
        return
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    db.execute("PRAGMA foreign_keys = ON")
    for number, script in steps:
        if number > version:
            _migrate(db, number, script)


def _migrate(db: sqlite3.Connection, number: int, script: str) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        for statement in _statements(script):
            db.execute(statement)
        if number == 1:
            db.execute(query("insert_meta"), (time.time(),))
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {number}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _uri(path: Path, writing: bool) -> str:
    """The database as SQLite wants it named, once it is clear that it can be opened."""
    if not writing and not path.exists():
        raise StoreError(f"there is no database {path}; `trialmq run` makes one")
    if path.is_file() and 0 < path.stat().st_size < SMALLEST_BYTES:
        raise StoreError(f"{path} is not a TrialMQ database; choose another with --db")
    if not writing:
        return f"{path.absolute().as_uri()}?mode=ro"
    path.parent.mkdir(parents=True, exist_ok=True)
    target = path if path.exists() else path.parent
    if path.is_dir():
        raise StoreError(f"{path} is a directory; --db wants the path of a file")
    if not os.access(target, os.W_OK):
        raise StoreError(f"{path} cannot be written: no permission")
    return f"{path.absolute().as_uri()}?mode=rwc"


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Errors of SQLite and of the file system as a ``StoreError`` that says what to do.

    Raises:
        DiskTrouble: for ``OSError``, and for ``sqlite3.Error`` where it is the disk's.
        StoreError: for any other ``sqlite3.Error``.
    """
    try:
        yield
    except sqlite3.Error as error:
        kind = DiskTrouble if isinstance(error, sqlite3.OperationalError) else StoreError
        raise kind(_sentence(path, error)) from error
    except OSError as error:
        raise DiskTrouble(f"{path} cannot be used: {error.strerror or error}") from error


def _sentence(path: Path, error: sqlite3.Error) -> str:
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return f"{path} is not a TrialMQ database ({text}); choose another with --db"
    if "locked" in text or "busy" in text:
        return f"{path} is locked by another program; end it or choose another with --db"
    if "no such" in text:
        return f"{path} was written by an older TrialMQ; `trialmq run` or `serve` upgrades it"
    if "full" in text:
        return f"{path}: the disk is full; what was stored is intact, free some space and run again"
    if "I/O" in text:
        return f"{path} cannot be written ({text}); what was stored is intact, see to the disk"
    if "readonly" in text or "unable to open" in text:
        return f"{path} cannot be written: {text}"
    return f"{path}: {text}"


@contextlib.contextmanager
def write_lock(path: Path) -> Iterator[None]:
    """One orchestrator at a time: an advisory lock on a file beside the database.

    The lock is the kernel's, so it ends with the process, however that ends.

    Raises:
        InUse: another process holds it; the message names its process id.
    """
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.lock")
        found = beside.exists()
        lock = beside.open("a+")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            raise InUse(
                f"{path} is in use by another trialmq (process {owner}); wait for it, stop it, or "
                "choose another database with --db",
                owner,
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        try:
            yield
        except StoreError:
            if not found:
                beside.unlink(missing_ok=True)  # it was refused: leave nothing beside it
            raise
