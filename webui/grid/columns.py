"""The columns of the table of trials, in groups: its state, its metrics, and every variable. Pure.

In goes the space of a study and the names of the metrics that were reported; out come the column
definitions of AG Grid. A key that begins with a colon is JavaScript, as NiceGUI wants it; the
functions that are called there are in `webui/static/trials.js`.

A group can be folded: then one narrow column stands for it, which says how many of its cells are
edited.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from schema.space import Space
from schema.study import ObjectiveDescription
from schema.variables import Variable
from webui.grid.cells import about, choices, is_switch

Column = dict[str, Any]

METRICS, STATE = "g:metrics", "g:state"
FORK = "The step at which it was edited while it ran; nothing is learnt from it unless you say so"


def variable_field(path: str) -> str:
    """The field and the column of a variable."""
    return f"v:{path}"


def metric_field(name: str) -> str:
    """The field and the column of a metric."""
    return f"m:{name}"


def path_of(column: str) -> str | None:
    """The path of the variable that a column shows; None for other columns."""
    return column.removeprefix("v:") if column.startswith("v:") else None


def columns(objective: ObjectiveDescription, reported: Iterable[str] = ()) -> list[Column]:
    """All groups of columns; `reported` are metrics that the objective does not name."""
    named = [m.name for m in objective.metrics] + [c.metric for c in objective.constraints]
    metrics = list(dict.fromkeys([*named, *sorted(reported)]))
    return [
        *_pinned_columns(),
        _group(METRICS, "Metrics", [_metric(name) for name in metrics], foldable=False),
        *variable_groups(objective.space),
        _group(STATE, "State", _state_columns(), foldable=False),
    ]


def variable_groups(space: Space) -> list[Column]:
    """A group of columns for each group of variables; what stands at the top is in "general"."""
    groups: dict[str, list[Variable]] = {}
    for variable in space.variables:
        groups.setdefault(variable.group, []).append(variable)
    return [
        _group(f"v:{name}", name or "general", [_variable(v) for v in inside], foldable=True)
        for name, inside in groups.items()
    ]


def _group(key: str, name: str, inside: list[Column], *, foldable: bool) -> Column:
    group: Column = {
        "groupId": key,
        "headerName": name[:1].upper() + name[1:],
        "marryChildren": True,
        "children": inside,
    }
    if foldable:
        group["openByDefault"] = True
        group["children"] = [*({**c, "columnGroupShow": "open"} for c in inside), _folded(inside)]
    return group


def _folded(inside: Sequence[Mapping[str, Any]]) -> Column:
    """What stands for a group that is folded."""
    paths = [path_of(column["field"]) for column in inside]
    return {
        "colId": f"folded:{inside[0]['field']}",
        "columnGroupShow": "closed",
        "headerName": f"{len(paths)} variable{'s' if len(paths) > 1 else ''}",
        "headerTooltip": ", ".join(path or "" for path in paths),
        ":valueGetter": f"p => trials.editedAmong(p.data, {json.dumps(paths)})",
        "cellClass": "folded-cell",
        "filter": False,
        "width": 120,
    }


# ---------------------------------------------------------------------- state and metrics


def _pinned_columns() -> list[Column]:
    """What stays in sight: which trial, and how it went."""
    state = {
        ":cellClass": "p => `trial-state state-${p.value}`",
        ":tooltipValueGetter": "p => p.data?.reason || undefined",
    }
    best = {":valueFormatter": "p => p.value ? '★' : ''", "cellClass": "trial-best"}
    return [
        _number("number", "#", 66, pinned="left"),
        _text("best", "★", 44, pinned="left", headerTooltip="The best of the study") | best,
        _text("state", "State", 104, pinned="left") | state,
    ]


def _state_columns() -> list[Column]:
    return [
        _number("step", "Step", 82),
        _number("seconds", "Time", 90) | {":valueFormatter": "p => trials.duration(p.value)"},
        _text("note", "Note", 150, editable=True, headerTooltip="Yours: write what you like"),
        _text("tags", "Tags", 120, editable=True, headerTooltip="Yours, separated by commas"),
        _text("fork", "Edited at", 96, headerTooltip=FORK),
        _text("runner", "Runner", 110),
        _number("attempt", "Attempt", 92),
        _text("reason", "Reason", 240),
    ]


def _text(field: str, name: str, width: int, **more: Any) -> Column:
    column = {"field": field, "colId": field, "headerName": name, "width": width}
    return {**column, "cellDataType": False, "filter": "agTextColumnFilter", **more}


def _number(field: str, name: str, width: int, **more: Any) -> Column:
    numeric = {"type": "rightAligned", "filter": "agNumberColumnFilter"}
    return _text(field, name, width, **{":comparator": "trials.compare"}, **numeric) | more


def _metric(name: str) -> Column:
    shown = {
        ":valueFormatter": "p => trials.number(p.value)",
        ":tooltipValueGetter": "p => trials.exact(p.value)",
    }
    return _number(metric_field(name), name, max(84, 40 + 8 * len(name))) | shown


# ---------------------------------------------------------------------- variables


def _variable(variable: Variable) -> Column:
    key = json.dumps(variable.path)
    name = f"{variable.name} [{variable.unit}]" if variable.unit else variable.name
    column: Column = {
        "field": variable_field(variable.path),
        "colId": variable_field(variable.path),
        "headerName": name,
        "headerTooltip": f"{variable.path}: {about(variable)}".rstrip(": "),
        "headerClass": ["live-header"] if variable.live else [],
        "width": max(96, min(190, 46 + 8 * len(name))),
        "editable": True,
        "cellDataType": False,
        ":cellClassRules": f"trials.marks({key})",
        ":tooltipValueGetter": f"p => trials.about(p, {key})",
        ":valueParser": "p => p.newValue",
        ":suppressKeyboardEvent": "trials.suppressed",
    }
    if is_switch(variable):
        return column | {
            "cellDataType": "boolean",
            "cellRenderer": "agCheckboxCellRenderer",
            "cellEditor": "agCheckboxCellEditor",
            "filter": "agTextColumnFilter",
            ":filterValueGetter": f"p => String(p.data[{json.dumps(column['field'])}])",
        }
    if offered := choices(variable):
        column |= {
            "cellEditor": "agSelectCellEditor",
            "cellEditorParams": {"values": offered, "valueListMaxHeight": 320},
        }
    else:
        column |= {"cellEditor": "agTextCellEditor"}
    if variable.kind in ("int", "float"):
        column |= {
            "type": "rightAligned",
            "filter": "agNumberColumnFilter",
            ":filterValueGetter": f"p => Number(p.data[{json.dumps(column['field'])}])",
            ":comparator": "trials.compare",
            ":valueFormatter": "p => trials.number(p.value)",
        }
    else:
        column |= {"filter": "agTextColumnFilter"}
    return column
