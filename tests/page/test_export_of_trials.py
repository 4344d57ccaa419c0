"""Trials as files: what belongs together stays so, and what was edited since stands beside it."""

import csv
import io
import json
import tomllib

import pytest

from schema.study import StudySpec
from schema.values import Value
from tests.page.acting_runner import SPACE, spec
from tests.page.test_rows import trial
from webui.editing.export import Format, export

RATE = "training.learning_rate"
EDITS: dict[int, dict[str, Value]] = {4: {RATE: 3e-4}}


@pytest.fixture
def study() -> StudySpec:
    return spec("s", trials=5)


def test_csv_has_a_column_a_variable(study: StudySpec) -> None:
    [row] = csv.DictReader(io.StringIO(export("csv", study, [trial(4)], EDITS)))
    assert row["number"] == "4"
    assert row[RATE] == "0.001"
    assert row["edits"] == f"{RATE}=0.0003"
    assert {variable.path for variable in SPACE.variables} <= row.keys()


@pytest.mark.parametrize("form", ["json", "toml"])
def test_groups_are_nested_and_numbers_stay_numbers(study: StudySpec, form: Format) -> None:
    text = export(form, study, [trial(4)], EDITS)
    found = json.loads(text) if form == "json" else tomllib.loads(text)
    [row] = found["trials"]
    assert row["config"]["training"]["learning_rate"] == 1e-3
    assert row["edits"] == {"training": {"learning_rate": 3e-4}}
    assert row["metrics"] == {"f1": 0.5}, "NaN is no number of these formats"
    assert row["state"] == "complete"
