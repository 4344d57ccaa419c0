"""What would happen if a configuration were sent: each change old → new, and when it counts. Pure.

In go the values that are in force somewhere (in a session, a trial), the space they obey, and the
values that are wanted there instead. Out comes a `Plan`: the changes, among them those that follow
from others because a condition does not hold any more, and what cannot be sent, with the sentence
that says why.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum

import msgspec

from schema.errors import InvalidValue
from schema.revision import Revision, RevisionState
from schema.space import Space
from schema.values import Value, difference


class Effect(StrEnum):
    """When a change counts."""

    LIVE = "live"  # between two steps of the running training
    RESTART = "restart"  # with the next attempt
    SAVED = "saved"  # as a part of what is stored or queued


class PlannedChange(msgspec.Struct, frozen=True, kw_only=True):
    """One variable that would change.

    ``follows`` says why it changes though nobody wants that; ``outside`` that the value is not one
    of those that are searched.
    """

    path: str
    old: Value | None
    new: Value | None
    effect: Effect
    follows: str = ""
    outside: str = ""


class NotSent(msgspec.Struct, frozen=True, kw_only=True):
    """A wanted value that cannot be sent, and why."""

    path: str
    value: Value
    why: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What would be sent, and what would come of it."""

    edits: dict[str, Value]
    changes: tuple[PlannedChange, ...]
    left_out: tuple[NotSent, ...] = ()
    """Wanted, but refused there, without effect or unknown."""
    already: tuple[str, ...] = ()
    """Wanted, and so already."""

    @property
    def counts(self) -> dict[Effect, int]:
        """How many changes count when."""
        effects = [change.effect for change in self.changes]
        return {effect: effects.count(effect) for effect in Effect}

    @property
    def outside(self) -> int:
        """How many of the changes leave what is searched."""
        return sum(bool(change.outside) for change in self.changes)


def plan(
    values: Mapping[str, Value],
    wanted: Mapping[str, Value],
    space: Space,
    *,
    running: bool = False,
    searched: Space | None = None,
) -> Plan:
    """What comes of setting `wanted` where `values` are in force.

    `running` where a training has them, so that only live variables change at once; `searched` is
    the space of the search that the wanted values come from, if they come from one.
    """
    edits: dict[str, Value] = {}
    left_out: list[NotSent] = []
    for path, value in wanted.items():
        if (why := _refusal(space, path, value)) is not None:
            left_out.append(NotSent(path=path, value=value, why=why))
        else:
            edits[path] = space.check(path, value)
    result = space.complete({**_known(values, space), **edits})
    for path, value in list(edits.items()):
        if result[path] != value:
            unmet = space.unmet(space.variable(path), result)
            del edits[path]
            if values.get(path) != value:
                why = f"it has no effect unless {unmet}"
                left_out.append(NotSent(path=path, value=value, why=why))
    changes = tuple(
        PlannedChange(
            path=change.path,
            old=change.old,
            new=change.new,
            effect=_effect(space, change.path, running),
            follows=_follows(space, change.path, edits, result),
            outside=outside(searched, change.path, change.new) if searched else "",
        )
        for change in difference(_known(values, space), result)
    )
    changed = {change.path for change in changes}
    return Plan(
        edits={path: value for path, value in edits.items() if path in changed},
        changes=changes,
        left_out=tuple(left_out),
        already=tuple(path for path in edits if path not in changed),
    )


def outside(searched: Space, path: str, value: Value | None) -> str:
    """Why a value is not one of those that a study searches; empty where it is."""
    if value is None or not searched.has(path):
        return ""
    variable = searched.variable(path)
    if not (variable.searched or variable.after_training):
        return "not searched"
    try:
        variable.check(value)
    except InvalidValue:
        return f"outside of what is searched: {variable.domain()}"
    return ""


def misfits(left: Space, right: Space) -> list[str]:
    """What a configuration of `left` lacks for `right`, and has too much, by their paths."""
    lacking = [v.path for v in right.variables if not left.has(v.path)]
    unknown = [v.path for v in left.variables if not right.has(v.path)]
    said = [f"{path}: only the session has it" for path in lacking]
    return said + [f"{path}: the session does not have it" for path in unknown]


def fits(left: Space, right: Space) -> bool:
    """Whether two spaces have any variable in common."""
    return any(right.has(variable.path) for variable in left.variables)


def head(
    config: Mapping[str, Value], revisions: Collection[Revision]
) -> tuple[int, dict[str, Value]]:
    """The newest revision of a training that was not refused: what the next edit is made from.

    `config` is what is in force, which counts where nothing was edited. What a later attempt tuned
    by itself is not in a revision.
    """
    for revision in sorted(revisions, key=lambda r: r.number, reverse=True):
        if revision.state is not RevisionState.REFUSED:
            return revision.number, revision.values
    return 0, dict(config)


def _known(values: Mapping[str, Value], space: Space) -> dict[str, Value]:
    return {v.path: values[v.path] for v in space.variables if v.path in values}


def _refusal(space: Space, path: str, value: Value) -> str | None:
    if not space.has(path):
        return "there is no such variable"
    try:
        space.check(path, value)
    except InvalidValue as error:
        return error.problem
    return None


def _effect(space: Space, path: str, running: bool) -> Effect:
    if not running:
        return Effect.SAVED
    return Effect.LIVE if space.variable(path).live else Effect.RESTART


def _follows(
    space: Space, path: str, edits: Mapping[str, Value], result: Mapping[str, Value]
) -> str:
    if path in edits:
        return ""
    unmet = space.unmet(space.variable(path), result)
    return f"back to its default: it has an effect only while {unmet}" if unmet else "by default"
