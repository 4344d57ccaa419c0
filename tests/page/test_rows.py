"""The rows and columns of the table of trials, and which rows a tab has to be sent."""

import json
from typing import Any

import pytest

from schema.commands.studies import SettingsVersion
from schema.results import Progress, RunningTrial, StudyOverview, TrialResult
from schema.trial import TrialState
from schema.values import Value
from tests.page.acting_runner import OFFER, SPACE, spec
from webui.grid.columns import columns, path_of
from webui.grid.rows import row_of
from webui.live.changes import Clock
from webui.live.drafts import Draft, Drafts
from webui.live.study import LiveStudy
from webui.live.table import Table

RATE = "training.learning_rate"


def trial(number: int, state: TrialState = TrialState.COMPLETE, **config: Value) -> TrialResult:
    return TrialResult(
        id=number + 1,
        study=1,
        number=number,
        sampled={},
        config={**SPACE.defaults(), **config},
        created=0.0,
        state=state,
        metrics={"f1": 0.5, "loss": float("nan")},
    )


def progress(*running: RunningTrial, best: tuple[int, float] | None = None) -> Progress:
    return Progress(
        study="s",
        metric="f1",
        maximize=True,
        limit=None,
        steps=None,
        waiting=0,
        complete=0,
        pruned=0,
        failed=0,
        cancelled=0,
        running=running,
        best=best,
        typical_seconds=None,
        closed_because="",
    )


def moving(number: int, step: int) -> RunningTrial:
    return RunningTrial(
        runner="r",
        number=number,
        attempt=1,
        step=step,
        reports=step,
        metrics={"f1": 0.1},
        seconds=1.0,
        ending=False,
    )


def test_a_row_marks_what_was_edited_what_moved_and_what_has_no_effect() -> None:
    drafts = {
        RATE: Draft(3e-4, 1e-3, "a"),
        "training.momentum": Draft(0.5, 0.1, "a"),
    }
    row = row_of(trial(4), SPACE, drafts, best={4})
    assert row[f"v:{RATE}"] == 3e-4
    assert row["_was"] == {RATE: "0.001", "training.momentum": "0.9"}
    assert row["_moved"] == {"training.momentum": "0.9"}, "it was edited when it said 0.1"
    assert row["_off"] == {"training.momentum": "training.optimizer is sgd"}
    assert (row["state"], row["best"], row["m:f1"]) == ("complete", True, 0.5)


def test_every_variable_and_every_metric_has_a_column() -> None:
    groups = columns(OFFER, ["loss"])
    inside = [column for group in groups for column in group.get("children", [group])]
    fields = [column["field"] for column in inside if "field" in column]
    assert [path for field in fields if (path := path_of(field))] == [
        variable.path for variable in SPACE.variables
    ]
    assert [field for field in fields if field.startswith("m:")] == ["m:f1", "m:loss"]
    assert len(set(fields)) == len(fields)


def test_editors_fit_the_variables() -> None:
    inside = {
        column["field"]: column
        for group in columns(OFFER)
        for column in group.get("children", [])
        if "field" in column
    }
    assert inside["v:training.clip"]["cellEditor"] == "agCheckboxCellEditor"
    optimizer = inside["v:training.optimizer"]
    assert optimizer["cellEditorParams"]["values"] == ["adamw", "sgd"]
    assert inside[f"v:{RATE}"]["cellEditor"] == "agTextCellEditor", "3e-4 is no text to it"
    assert all(column["editable"] for field, column in inside.items() if path_of(field))


@pytest.fixture
def study() -> LiveStudy:
    """Three trials, the last of which runs."""
    clock = Clock()
    study = LiveStudy("s", clock, Drafts(clock))
    overview = StudyOverview(id=1, name="s", spec=spec("s", trials=3), created=0.0)
    settings = SettingsVersion(version=1, settings=overview.spec.settings)
    trials = [trial(0), trial(1), trial(2, TrialState.RUNNING)]
    study.begin(overview, trials, progress(moving(2, 1), best=(0, 0.5)), settings)
    return study


def sent(table: Table, version: int) -> tuple[int, dict[int, dict[str, Any]]]:
    now = table.refresh()
    return now, {row["number"]: row for row in json.loads(table.since(version))}


async def test_a_tab_is_sent_the_rows_that_read_differently_and_no_others(
    study: LiveStudy,
) -> None:
    table = study.table
    whole = json.loads(await table.everything())
    assert [row["number"] for row in whole["rows"]] == [0, 1, 2]
    assert whole["rows"][0]["m:loss"] is None, "JSON has no NaN"
    version, rows = sent(table, whole["version"])
    assert rows == {}

    study.drafts.edit(1, RATE, 3e-4, stored=1e-3, seen=1e-3, tab="a")
    version, rows = sent(table, version)
    assert list(rows) == [1]
    study.move(progress(moving(2, 5), best=(0, 0.5)))
    version, rows = sent(table, version)
    assert (list(rows), rows[2]["step"]) == ([2], 5)
    study.move(progress(moving(2, 5), best=(1, 0.6)))
    version, rows = sent(table, version)
    assert {number: row["best"] for number, row in rows.items()} == {0: False, 1: True}
    study.put([trial(0)])
    assert sent(table, version)[1] == {}, "it is as it was"


async def test_a_tab_that_was_away_gets_all_that_it_missed(study: LiveStudy) -> None:
    whole = json.loads(await study.table.everything())
    for value in (2e-4, 3e-4):
        shown = study.drafts.values(1).get(RATE, 1e-3)
        study.drafts.edit(1, RATE, value, stored=1e-3, seen=shown, tab="a")
        study.table.refresh()
    study.put([trial(3)])
    _, rows = sent(study.table, whole["version"])
    assert {number: row[f"v:{RATE}"] for number, row in rows.items()} == {1: 3e-4, 3: 1e-3}
