"""A database of the released version 0.1 becomes one of today, with all that is in it."""

import contextlib
import json
import sqlite3
from pathlib import Path

import msgspec
import pytest

from orchestrator.reading.results import Results
from orchestrator.store.database import APPLICATION_ID
from orchestrator.store.queries import migrations
from orchestrator.store.store import Store
from schema.pruning import PrunerSettings
from schema.study import Limits, StudySettings
from schema.trial import TrialState
from tests.store.making import SPEC

OLD_TRIAL = (
    "INSERT INTO trial (id, study, number, state, sampled, config, attempt, runner, desired, "
    "applied, crashes, losses, reason, reports, created, seconds) "
    "VALUES (7, 1, 0, 'running', '{\"training.rate\": 0.5}', '{\"training.rate\": 0.5}', 2, "
    "'runner-1', 0, 3, 0, 1, '', 1, 5.0, 0.0)"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database as 0.1 wrote it: limits and pruner stand in the definition of the study itself."""
    path = tmp_path / "old.db"
    old = msgspec.to_builtins(SPEC)
    settings = old.pop("settings")
    old |= {"limits": settings["limits"], "pruner": {"pruner": "threshold", "steps": 5}}
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript(migrations()[0][1])
        db.execute("INSERT INTO meta (id, term, created) VALUES (1, 4, 0)")
        db.execute("INSERT INTO study VALUES (1, ?, ?, 5.0)", (SPEC.name, json.dumps(old)))
        db.execute(OLD_TRIAL)
        db.execute("INSERT INTO attempt (trial, number, runner, granted) VALUES (7, 2, 'r', 5.0)")
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")
        db.commit()
    return path


async def test_a_study_of_the_released_version_keeps_its_limits_and_its_pruner(path: Path) -> None:
    async with Store.open(path) as store:
        study = await store.study(SPEC.name)
        assert store.term == 5
    assert study is not None
    pruner = PrunerSettings(pruner="threshold", steps=5)
    assert study.spec.settings == StudySettings(limits=SPEC.settings.limits, pruner=pruner)
    assert study.spec.settings.limits == Limits(trials=100, trial_seconds=60.0)
    assert (study.version, study.closed_because) == (1, "")
    with contextlib.closing(sqlite3.connect(path)) as db:
        [(version, settings, author)] = db.execute(
            "SELECT version, settings, author FROM study_settings"
        )
        assert (version, author) == (1, "")
        assert msgspec.json.decode(settings, type=StudySettings) == study.spec.settings
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []


async def test_a_trial_of_the_released_version_goes_on(path: Path) -> None:
    async with Store.open(path) as store:
        [trial], _ = await store.load(1)
        assert await store.next_trial_id() == 8
    assert (trial.state, trial.attempt, trial.applied) == (TrialState.RUNNING, 2, 3)
    assert (trial.boot, trial.avoid, trial.deaths) == ("", None, ())
    async with Results.open(path) as results:
        [study] = await results.studies()
        assert [t.id for t in await results.trials(study)] == [7]


async def test_a_trial_that_was_edited_before_forks_were_kept_is_one(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        for number, script in migrations()[1:4]:
            db.executescript(f"{script}; PRAGMA user_version = {number}")
        for number, old, new in ((1, 0.5, 0.1), (2, 0.1, 0.2)):
            db.execute(
                "INSERT INTO revision VALUES (7, ?, ?, '{\"training.rate\": 0.1}', ?, 'alice', "
                "1.0, '', 'applied', '[]', 2, ?, 1.0, '')",
                (
                    number,
                    number - 1,
                    json.dumps([{"path": "training.rate", "old": old, "new": new}]),
                    40 + number,
                ),
            )
        db.execute("UPDATE trial SET revision = 2")
        db.commit()
    async with Store.open(path) as store:
        [trial], _ = await store.load(1)
    assert (trial.edits, trial.counts, trial.hidden, trial.measured) == (2, False, False, None)
    assert trial.fork is not None
    assert (trial.fork.parent, trial.fork.step) == (0, 41)
    assert [(c.old, c.new) for c in trial.fork.patch] == [(0.5, 0.1), (0.1, 0.2)]
