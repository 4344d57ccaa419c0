"""The rows of the table of trials. Pure.

A row is a trial as it is stored, with what is known of it while it runs and with the cells that
somebody edited and has not sent anywhere yet. Keys that begin with ``_`` mark cells by the path of
their variable: ``_was`` what the trial says where the cell is edited, ``_moved`` what it says by
now where that is not what the edit was made from, ``_off`` the condition that does not hold.
"""

from collections.abc import Mapping, Set
from typing import Any

from schema.figures import brief
from schema.results import RunningTrial, TrialResult
from schema.space import Space
from schema.values import Value
from webui.grid.cells import cell
from webui.grid.columns import metric_field, variable_field
from webui.live.drafts import Draft

Row = dict[str, Any]
NO_DRAFTS: Mapping[str, Draft] = {}


def row_of(
    trial: TrialResult,
    space: Space,
    drafts: Mapping[str, Draft] = NO_DRAFTS,
    running: RunningTrial | None = None,
    best: Set[int] = frozenset(),
) -> Row:
    """One trial as a row; `best` are the numbers of the best ones."""
    values = {**trial.config, **{path: draft.value for path, draft in drafts.items()}}
    row: Row = {
        "id": trial.number,
        "number": trial.number,
        "state": str(trial.state),
        "best": trial.number in best,
        "note": trial.note,
        "tags": ", ".join(trial.tags),
        "hidden": trial.hidden,
        "step": trial.last_step,
        "seconds": trial.seconds or None,
        "runner": trial.runner,
        "attempt": trial.attempt,
        "fork": None if trial.fork is None else f"step {trial.fork.step or 0}",
        "reason": _reason(trial),
        "_was": _was(trial, drafts),
        "_moved": _moved(trial, drafts),
        "_off": inactive(space, values),
    }
    metrics: Mapping[str, float] = trial.metrics or {}
    if running is not None:
        metrics = running.metrics
        row |= {"step": running.step, "seconds": running.seconds}
    row |= {metric_field(name): value for name, value in metrics.items()}
    row |= {variable_field(path): cell(value) for path, value in values.items()}
    return row


def inactive(space: Space, values: Mapping[str, Value]) -> dict[str, str]:
    """The variables without effect in these values, each with the condition that is not met."""
    found = {}
    for variable in space.variables:
        if variable.when and (unmet := space.unmet(variable, values)) is not None:
            found[variable.path] = str(unmet)
    return found


def _reason(trial: TrialResult) -> str:
    if trial.failure is not None and trial.reason:
        return f"{trial.failure}: {trial.reason}"
    return str(trial.failure or trial.reason)


def _was(trial: TrialResult, drafts: Mapping[str, Draft]) -> dict[str, str]:
    return {path: _text(trial.config.get(path)) for path in drafts}


def _moved(trial: TrialResult, drafts: Mapping[str, Draft]) -> dict[str, str]:
    now = {path: trial.config.get(path) for path in drafts}
    return {path: _text(now[path]) for path, draft in drafts.items() if now[path] != draft.base}


def _text(value: Value | None) -> str:
    return "nothing" if value is None else brief(value)
