"""Trials as a file that a person takes along: CSV, JSON or TOML. Pure.

Values and metrics are those that belong together: what the training had, and what came out. Cells
that were edited since stand beside them, as ``edits``.
"""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import tomli_w

from schema.results import TrialResult
from schema.study import StudySpec
from schema.values import Value, nest, written

Format = Literal["csv", "json", "toml"]
FORMATS: tuple[Format, ...] = ("csv", "json", "toml")
FACTS = ("number", "state", "value", "seconds", "reports", "attempt", "hidden", "note", "reason")

Edits = Mapping[int, Mapping[str, Value]]
"""The edited cells by trial."""


def export(form: Format, spec: StudySpec, trials: Sequence[TrialResult], edits: Edits) -> str:
    """The trials in one of the formats; times are seconds."""
    if form == "csv":
        return _csv(spec, trials, edits)
    tables = {
        "study": spec.name,
        "objective": spec.objective.entry,
        "trials": [_table(trial, edits.get(trial.number, {})) for trial in trials],
    }
    if form == "json":
        return msgspec.json.format(msgspec.json.encode(tables), indent=2).decode() + "\n"
    return tomli_w.dumps(_without_nothing(tables))


def _csv(spec: StudySpec, trials: Sequence[TrialResult], edits: Edits) -> str:
    metrics = list(dict.fromkeys(name for trial in trials for name in trial.metrics or {}))
    paths = [variable.path for variable in spec.objective.space.variables]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    header = [*FACTS, "tags", *(f"metrics.{name}" for name in metrics), *paths, "edits"]
    writer.writerow(header)
    for trial in trials:
        found = trial.metrics or {}
        changed = edits.get(trial.number, {})
        writer.writerow(
            [
                *(getattr(trial, name) for name in FACTS),
                ",".join(trial.tags),
                *(found.get(name) for name in metrics),
                *(trial.config.get(path) for path in paths),
                "; ".join(f"{path}={written(value)}" for path, value in changed.items()),
            ]
        )
    return text.getvalue()


def _table(trial: TrialResult, edits: Mapping[str, Value]) -> dict[str, Any]:
    facts = {name: getattr(trial, name) for name in FACTS}
    finite = {n: v for n, v in (trial.metrics or {}).items() if math.isfinite(v)}
    table = {**facts, "tags": list(trial.tags), "metrics": finite, "config": nest(trial.config)}
    return {**table, "edits": nest(edits)} if edits else table


def _without_nothing(value: Any) -> Any:
    """TOML has no null."""
    if isinstance(value, dict):
        return {key: _without_nothing(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nothing(inner) for inner in value]
    return str(value) if type(value) not in (bool, int, float, str) else value
