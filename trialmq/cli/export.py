"""``trialmq export``: a study's trials with all their values, for a spreadsheet or a notebook."""

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from schema.errors import WrongInput
from schema.study import StudySpec
from trialmq.cli.options import HERE, Place

if TYPE_CHECKING:
    from schema.results import TrialResult

FACTS = ("number", "state", "value", "seconds", "reports", "attempt", "failure", "reason")
TIMES = ("created", "started", "ended")


def export(
    study: str | None = None,
    /,
    *,
    format: Literal["csv", "json"] = "csv",
    output: Path | None = None,
    common: Place = HERE,
) -> None:
    """Write all trials with their configurations to a file.

    Times are seconds since 1970 (UTC), durations seconds.

    Args:
        study: Its name; not needed where the database has only one
        format: csv has a column a variable, json nests them by group
        output: Without: standard output
    """
    from trialmq.cli.reading import read_study

    found = read_study(common, study)
    text = (as_csv if format == "csv" else as_json)(found.spec, found.trials)
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongInput(f"--output {output}: {error.strerror or error}") from error


def as_csv(spec: StudySpec, trials: "Sequence[TrialResult]") -> str:
    """A line a trial; metrics are columns ``metrics.NAME``, variables are called by their paths."""
    metrics = list(dict.fromkeys(name for trial in trials for name in trial.metrics or {}))
    paths = [variable.path for variable in spec.objective.space.variables]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*FACTS, *TIMES, *(f"metrics.{name}" for name in metrics), *paths])
    for trial in trials:
        found = trial.metrics or {}
        facts = [getattr(trial, name) for name in (*FACTS, *TIMES)]
        values = [trial.config[path] for path in paths]
        writer.writerow([*facts, *(found.get(name) for name in metrics), *values])
    return text.getvalue()


def as_json(spec: StudySpec, trials: "Sequence[TrialResult]") -> str:
    """The study's name and a list of its trials; NaN and the infinities become null."""
    import msgspec

    from schema.values import nest

    rows = [
        {name: getattr(trial, name) for name in (*FACTS, *TIMES)}
        | {"metrics": trial.metrics or {}, "config": nest(trial.config)}
        for trial in trials
    ]
    study = {"study": spec.name, "objective": spec.objective.entry, "trials": rows}
    return msgspec.json.format(msgspec.json.encode(study), indent=2).decode() + "\n"
