"""What happens while TrialMQ is replaced by another version."""

import json
import sqlite3
from contextlib import closing

import msgspec

from orchestrator.store.database import APPLICATION_ID
from orchestrator.store.queries import migrations
from schema.messages import PROTOCOL
from schema.study import Limits, StudySettings, StudySpec
from tests.chaos.arena import Arena
from tests.chaos.fleet import NO_PRUNER, ORCHESTRATOR, Fleet
from tests.chaos.matrix import case

TRIALS = 50
STATEMENTS = (0, 1, 5, 9)


@case("52", "runner of another protocol; database of the version before, migration killed")
async def upgrade(arena: Arena) -> None:
    """The runner is refused with both numbers; a migration happens whole or not at all."""
    async with Fleet(arena, runners=2) as fleet:
        fleet.kill("gpu2")
        await fleet.runner("gpu2", CHAOS_PROTOCOL=str(PROTOCOL + 1))
        arena.injected("other protocol")
        await fleet.says("gpu2", f"speaks protocol {PROTOCOL + 1} .* protocol {PROTOCOL} ")
        spec = StudySpec(
            name="s",
            objective=await fleet.offer("steady"),
            sampler="random",
            settings=StudySettings(pruner=NO_PRUNER, limits=Limits(trials=TRIALS)),
        )
        fleet.trials = TRIALS
        fleet.kill(ORCHESTRATOR)
        before = write_old(fleet, spec)
        for statements in STATEMENTS:
            fleet.start_serve(CHAOS_MIGRATION=str(statements))
            arena.expect(await fleet.ends(ORCHESTRATOR) == -9, "the migration was not killed")
            arena.injected("migration killed")
            arena.expect(dump(fleet) == before, f"{statements} statements of it are there")
        await fleet.serve()
        await fleet.until_ended(4)
        fleet.kill("gpu2")
        await fleet.runner("gpu2")
        await fleet.until_running("gpu2")
        await fleet.finish()


def write_old(fleet: Fleet, spec: StudySpec) -> list[str]:
    """A database as version 0.1 left it, in the place of the present one; what is in it."""
    for file in fleet.folder.glob("studies.db*"):
        file.unlink()
    old = msgspec.to_builtins(spec)
    settings = old.pop("settings")
    old |= {"limits": settings["limits"], "pruner": settings["pruner"]}
    with closing(sqlite3.connect(fleet.database)) as db:
        db.executescript(migrations()[0][1])
        db.execute("INSERT INTO meta (id, term, created) VALUES (1, 8, 0)")
        db.execute("INSERT INTO study VALUES (1, 's', ?, 5.0)", (json.dumps(old),))
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")
        db.commit()
    return dump(fleet)


def dump(fleet: Fleet) -> list[str]:
    """Everything that a database holds, as text."""
    with closing(sqlite3.connect(fleet.database)) as db:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        return [f"version {version}", *db.iterdump()]
