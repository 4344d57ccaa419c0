"""``trialmq export``: a study's trials with all their values, for a spreadsheet or a notebook."""

import csv
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from schema.errors import WrongInput
from schema.revision import Revision
from trialmq.cli.options import HERE, Place

if TYPE_CHECKING:
    from trialmq.cli.reading import EditedTrials

FACTS = ("number", "state", "value", "seconds", "reports", "attempt", "failure", "reason")
TIMES = ("created", "started", "ended")
REMARKS = ("hidden", "note", "rescored", "learn")


def export(
    study: str | None = None,
    /,
    *,
    format: Literal["csv", "json"] = "csv",
    output: Path | None = None,
    common: Place = HERE,
) -> None:
    """Write all trials with their configurations to a file.

    Times are seconds since 1970 (UTC), durations seconds. With each trial
    come its edits, one a variable: by whom, when, why, from what to what, and
    what became of it at which step.

    Args:
        study: Its name; not needed where the database has only one
        format: csv has a column a variable, json nests them by group
        output: Without: standard output
    """
    from trialmq.cli.reading import read_edited

    found = read_edited(common, study)
    text = (as_csv if format == "csv" else as_json)(found)
    if output is None:
        sys.stdout.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongInput(f"--output {output}: {error.strerror or error}") from error


def as_csv(found: "EditedTrials") -> str:
    """A line a trial; metrics are columns ``metrics.NAME``, variables are called by their paths.

    ``edits`` and ``fork`` are JSON, as in `as_json`; metrics before a correction ``measured.NAME``.
    """
    import msgspec

    trials = found.trials
    metrics = list(dict.fromkeys(name for trial in trials for name in trial.metrics or {}))
    before = list(dict.fromkeys(name for trial in trials for name in trial.measured or {}))
    paths = [variable.path for variable in found.spec.objective.space.variables]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = [f"metrics.{name}" for name in metrics] + [f"measured.{name}" for name in before]
    writer.writerow([*FACTS, *TIMES, *columns, *paths, *REMARKS, "tags", "fork", "edits"])
    for trial in trials:
        now, then = trial.metrics or {}, trial.measured or {}
        edits = edits_of(found.revisions.get(trial.number, ()))
        as_text = [
            msgspec.json.encode(each).decode() if each else "" for each in (trial.fork, edits)
        ]
        writer.writerow(
            [
                *(getattr(trial, name) for name in (*FACTS, *TIMES)),
                *(now.get(name) for name in metrics),
                *(then.get(name) for name in before),
                *(trial.config.get(path, "") for path in paths),
                *(getattr(trial, name) for name in REMARKS),
                " ".join(trial.tags),
                *as_text,
            ]
        )
    return text.getvalue()


def as_json(found: "EditedTrials") -> str:
    """The study's name and a list of its trials; NaN and the infinities become null."""
    import msgspec

    from schema.values import nest

    rows = [
        {name: getattr(trial, name) for name in (*FACTS, *TIMES, *REMARKS)}
        | {"metrics": trial.metrics or {}, "config": nest(trial.config), "tags": trial.tags}
        | {"measured": trial.measured, "fork": trial.fork}
        | {"edits": edits_of(found.revisions.get(trial.number, ()))}
        for trial in found.trials
    ]
    spec = found.spec
    study = {"study": spec.name, "objective": spec.objective.entry, "trials": rows}
    return msgspec.json.format(msgspec.json.encode(study), indent=2).decode() + "\n"


def edits_of(revisions: Sequence[Revision]) -> list[dict[str, object]]:
    """The edits of a trial, one a variable: who changed it when and why, from what to what, and
    what became of that at which step."""
    return [
        {
            "revision": revision.number,
            "by": revision.author,
            "at": revision.at,
            "because": revision.because,
            "variable": change.path,
            "old": change.old,
            "new": change.new,
            "outcome": effect.state,
            "attempt": effect.attempt,
            "step": effect.step,
            "applied": effect.at,
            "reason": revision.reason,
        }
        for revision in revisions
        for change in revision.changes
        for effect in [revision.effect(change.path)]
    ]
