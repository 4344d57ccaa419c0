"""The database: can it be opened, is it intact, and who writes it?"""

import asyncio
import sqlite3
from pathlib import Path

from orchestrator.store.database import Database
from orchestrator.store.queries import migrations
from schema.errors import StoreError
from trialmq.doctor.findings import Finding, good, not_here, wrong

LOCKS = Path("/proc/locks")


def look_at_database(path: Path) -> list[Finding]:
    """Its version and health, and which process holds it."""
    if not path.exists():
        return [not_here("database", f"there is no {path} yet")]
    try:
        version, health, studies = asyncio.run(_open(path))
    except StoreError as error:
        return [wrong("database", str(error), "choose another with --db, or bring a backup back")]
    newest = migrations()[-1][0]
    found = [_health(path, health), _holder(path)]
    described = f"{path}: {studies} studies, version {version}"
    if version < newest:
        found.insert(0, good("database", f"{described}; the next writer migrates it to {newest}"))
    else:
        found.insert(0, good("database", described))
    return found


async def _open(path: Path) -> tuple[int, list[str], int]:
    database = await Database.open(path, writing=False)
    try:
        return await database.run(_facts)
    finally:
        await database.close()


def _facts(db: sqlite3.Connection) -> tuple[int, list[str], int]:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    health = [str(row[0]) for row in db.execute("PRAGMA quick_check(3)")]
    return version, health, int(db.execute("SELECT count(*) FROM study").fetchone()[0])


def _health(path: Path, health: list[str]) -> Finding:
    if health == ["ok"]:
        return good("database: health", "quick_check finds nothing wrong")
    return wrong(
        "database: health",
        f"{path} is damaged: {'; '.join(health)}",
        "bring the last backup back (docs/operations.md)",
    )


def _holder(path: Path) -> Finding:
    """Who holds the write lock, as the kernel tells it: asking for the lock could disturb."""
    lock = path.with_name(f"{path.name}.lock")
    try:
        inode = lock.stat().st_ino
        rows = [line.split() for line in LOCKS.read_text("ascii").splitlines()]
    except OSError:
        return good("database: writer", "no process writes it now")
    for row in rows:
        if row[1] == "FLOCK" and row[5].rpartition(":")[2] == str(inode):
            return good("database: writer", f"process {row[4]} writes it")
    return good("database: writer", "no process writes it now")
