"""Everything of a trial comes back from the database as it went in."""

import dataclasses
import math
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.engine.trials import Changes, Trial
from orchestrator.reading.results import Results
from orchestrator.store.queries import migrations, query
from orchestrator.store.rows import created_row, trial_from, updated_row
from orchestrator.store.store import Store
from schema.messages import Report
from schema.study import Limits, StudySettings
from schema.trial import Desired, FailureKind, TrialState
from tests.store.making import REPORTS, SPEC, creating, reporting, trial

NOT_STORED = {"heard", "offered", "not_before", "last_metrics", "last_seconds"}
"""What only means something while the orchestrator lives."""

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
WHOLE = st.integers(-(2**63), 2**63 - 1)
FINITE = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.dictionaries(TEXT, st.one_of(st.booleans(), WHOLE, FINITE, TEXT), max_size=5)
COUNT = st.integers(0, 2**31)
TIME = st.floats(0, 4e9)


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    """A trial with anything in its fields that the rules could ever put there."""
    return Trial(
        id=1,
        study=1,
        number=draw(COUNT),
        sampled=draw(VALUES),
        config=draw(VALUES),
        created=draw(TIME),
        state=draw(st.sampled_from(TrialState)),
        attempt=draw(COUNT),
        runner=draw(st.none() | TEXT),
        desired=draw(st.sampled_from(Desired)),
        applied=draw(COUNT),
        crashes=draw(COUNT),
        losses=draw(COUNT),
        value=draw(st.none() | st.floats(allow_nan=False)),
        metrics=draw(st.none() | st.dictionaries(TEXT, st.floats(), max_size=4)),
        failure=draw(st.none() | st.sampled_from(FailureKind)),
        reason=draw(TEXT),
        reports=draw(COUNT),
        last_step=draw(st.none() | st.integers(0, 2**63 - 1)),
        started=draw(st.none() | TIME),
        ended=draw(st.none() | TIME),
        seconds=draw(TIME),
        boot=draw(TEXT),
        avoid=draw(st.none() | TEXT),
        deaths=tuple(draw(st.lists(TEXT, max_size=3))),
    )


def fields(of: Trial) -> dict[str, Any]:
    """What is stored of a trial, with every value and its type as text (so that NaN equals NaN)."""
    return {
        field.name: repr(getattr(of, field.name))
        for field in dataclasses.fields(of)
        if field.name not in NOT_STORED
    }


def stored() -> sqlite3.Connection:
    """A migrated database in memory with one study."""
    db = sqlite3.connect(":memory:")
    for _, script in migrations():
        db.executescript(script)
    db.execute(query("insert_meta"), (0.0,))
    db.execute(query("insert_study"), (1, "s", "{}", 0.0))
    return db


def only_trial(db: sqlite3.Connection) -> Trial:
    """The one trial that is stored."""
    [row] = db.execute(query("trials_of_study"), (1,))
    return trial_from(row)


@settings(deadline=None, max_examples=60)
@given(trials())
def test_a_created_trial_comes_back_as_it_was(made: Trial) -> None:
    db = stored()
    db.execute(query("insert_trial"), created_row(made))
    assert fields(only_trial(db)) == fields(made)
    db.close()


@settings(deadline=None, max_examples=60)
@given(trials(), trials())
def test_a_trial_that_changed_comes_back_as_it_is(before: Trial, after: Trial) -> None:
    for name in ("number", "sampled", "config", "created"):  # what an update never touches
        setattr(after, name, getattr(before, name))
    db = stored()
    db.execute(query("insert_trial"), created_row(before))
    db.execute(query("update_trial"), updated_row(after))
    assert fields(only_trial(db)) == fields(after)
    db.close()


async def test_metrics_that_are_no_numbers_are_kept(tmp_path: Path) -> None:
    made = trial(1)
    made.metrics = {"nan": math.nan, "inf": math.inf, "low": -math.inf, "näme": 0.1}
    made.value = math.inf
    async with Store.open(tmp_path / "t.db") as store:
        await store.create_study(SPEC, 1.0)
        await store.commit(creating(made))
        [back], _ = await store.load(1)
    assert repr(back.metrics) == repr(made.metrics)
    assert back.value == math.inf


async def test_a_study_comes_back_as_it_was_and_may_be_changed(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "t.db") as store:
        assert await store.study(SPEC.name) is None
        row = await store.create_study(SPEC, 12.5)
        assert await store.study(SPEC.name) == row
        assert (row.spec, row.created) == (SPEC, 12.5)
        longer = msgspec.structs.replace(SPEC, settings=StudySettings(limits=Limits(trials=500)))
        await store.commit(Changes(redefined={row.id: longer}))
        again = await store.study(SPEC.name)
        assert again is not None
        assert (again.id, again.spec, again.created) == (row.id, longer, 12.5)


async def test_a_trial_that_is_created_and_changed_in_one_turn_is_stored_as_it_ended(
    tmp_path: Path,
) -> None:
    made = trial(1)
    changes = creating(made)
    made.become(TrialState.LEASED)
    made.attempt, made.runner = 1, "runner-1"
    changes.touch(made)
    changes.granted.append((1, 1, "runner-1", 5.0))
    async with Store.open(tmp_path / "t.db") as store:
        await store.create_study(SPEC, 1.0)
        await store.commit(changes)
        [back], _ = await store.load(1)
    assert (back.state, back.attempt, back.runner) == (TrialState.LEASED, 1, "runner-1")


async def test_the_curve_of_a_trial_is_that_of_its_counted_attempt(tmp_path: Path) -> None:
    made = trial(1)
    async with Store.open(tmp_path / "t.db") as store:
        await store.create_study(SPEC, 1.0)
        await store.commit(creating(made))
        made.attempt = 1
        await store.commit(reporting(made, 1, [(0, 0.1, {"f1": 0.9})]))
        made.attempt = 2
        later: list[Report] = [(2, 2.0, {"f1": 0.5})]
        await store.commit(reporting(made, 12, later))
        await store.commit(reporting(made, 2, REPORTS))
        _, curves = await store.load(1)
    assert repr(curves) == repr({0: [*REPORTS, *later]})


async def test_a_configuration_that_was_tuned_after_training_is_stored(tmp_path: Path) -> None:
    made = trial(1)
    async with Store.open(tmp_path / "t.db") as store:
        await store.create_study(SPEC, 1.0)
        await store.commit(creating(made))
        changes = Changes()
        made.config["inference.threshold"] = 0.75
        changes.configured[1] = made
        changes.touch(made)
        await store.commit(changes)
        [back], _ = await store.load(1)
    assert back.config == {**back.sampled, "inference.threshold": 0.75}


async def test_identifiers_of_trials_are_never_given_twice(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    async with Store.open(path) as store:
        assert await store.next_trial_id() == 1
        await store.create_study(SPEC, 1.0)
        other = await store.create_study(msgspec.structs.replace(SPEC, name="other"), 1.0)
        await store.commit(creating(trial(1), trial(2, other.id)))
    async with Store.open(path) as store:
        assert await store.next_trial_id() == 3


async def test_attempts_and_events_are_read_beside_the_writer(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    made = trial(1)
    trace = "Traceback …\nValueError: ∞ ist größer\n"
    changes = creating(made)
    changes.granted.append((1, 1, "runner-1", 5.0))
    changes.started.append(("runner-1/2", "cuda:0", 6.0, 1, 1))
    changes.ended.append(
        (9.0, "failed", "exception", "ValueError: ∞", trace, "printed\n", 3.0, 1, 1)
    )
    changes.event(9.0, made, "failed", "ValueError: ∞")
    async with Store.open(path) as store:
        study = await store.create_study(SPEC, 1.0)
        await store.commit(changes)
        async with Results.open(path) as results:
            [attempt] = await results.attempts(made.result())
            [event] = await results.events(await results.study(study.name))
    assert (attempt.slot, attempt.device, attempt.granted) == ("runner-1/2", "cuda:0", 5.0)
    assert (attempt.started, attempt.ended, attempt.seconds) == (6.0, 9.0, 3.0)
    assert (attempt.outcome, attempt.failure) == ("failed", "exception")
    assert (attempt.traceback, attempt.output) == (trace, "printed\n")
    assert (event.at, event.trial, event.kind, event.text) == (9.0, 0, "failed", "ValueError: ∞")
