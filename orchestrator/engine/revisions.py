"""The revisions of one trial: made, handed on, put in force, refused, undone. Pure.

``Trial.revisions`` holds them all, number 1 first; ``Trial.config`` is what is in force as far as
the training has said, ``Trial.revision`` the last one applied. Whoever edits names the revision
that he looked at; if what it says is not the newest any more, he is told what changed since.
"""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from orchestrator.engine.trials import Changes, Moment, Trial
from schema.errors import Conflict, InvalidValue, UnknownName, WrongInput
from schema.messages import Earlier, Revised, RevisionOrder
from schema.revision import Begun, Revision, RevisionState
from schema.space import Space
from schema.values import Change, Value, difference, written

MOST_OPEN = 100
"""So many revisions may wait for one training to take them."""

MOST_EARLIER = 10
"""An attempt that cannot begin with the newest configuration is given so many others to try."""

ENDED = "the training ended before it could take effect"
REPLACED = "it was changed again before it could take effect"


def head(trial: Trial) -> tuple[int, dict[str, Value]]:
    """The newest revision that was not refused: what an attempt begins with, what is edited."""
    for revision in reversed(trial.revisions):
        if revision.state is not RevisionState.REFUSED:
            return revision.number, revision.values
    return 0, trial.config


def earlier(trial: Trial) -> tuple[Earlier, ...]:
    """What an attempt may fall back to if it cannot begin with the newest; nothing where that has
    been in force before."""
    number, newest = head(trial)
    if newest == trial.config:
        return ()
    since = trial.revisions[max(0, trial.revision - 1) : number - 1]
    tried = [
        Earlier(revision.number, revision.values)
        for revision in reversed(since)
        if revision.state is not RevisionState.REFUSED and revision.values != trial.config
    ]
    return (*tried[: MOST_EARLIER - 1], Earlier(trial.revision, trial.config))


def values_of(trial: Trial, number: int) -> dict[str, Value]:
    """The configuration that this revision says."""
    return trial.revisions[number - 1].values if number else _created(trial)


def _created(trial: Trial) -> dict[str, Value]:
    """What the trial was created with: the first edit says what it changed of that."""
    if not trial.revisions:
        return trial.config
    first = trial.revisions[0]
    old = {change.path: change.old for change in first.changes if change.old is not None}
    return first.values | old


def orders(trial: Trial, above: int) -> Iterator[RevisionOrder]:
    """What the training is still to be told, of revisions above the one that it was told."""
    for revision in trial.revisions[above:]:
        if revision.state is RevisionState.SENT:
            yield RevisionOrder(trial.id, trial.attempt, revision.number, revision.values)


# ---------------------------------------------------------------------- made


def propose(
    trial: Trial,
    space: Space,
    edits: Mapping[str, Value],
    expected: int | None,
    author: str,
    because: str,
    moment: Moment,
) -> Revision:
    """The next revision; it is not recorded yet.

    Raises:
        Conflict: the newest revision is not ``expected``.
        UnknownName: there is no such variable.
        InvalidValue: a value is not allowed, or would be without effect.
        WrongInput: nothing would change, or too many revisions wait.
    """
    base, before = head(trial)
    if expected is not None and expected != base:
        raise _conflict(trial, expected, base, before)
    if len(list(orders(trial, 0))) >= MOST_OPEN:
        raise WrongInput(f"{MOST_OPEN} edits wait for the training to take them; try again later")
    checked = {path: space.check(path, value) for path, value in edits.items()}
    values = space.complete(before | checked)
    for path, value in checked.items():
        if values[path] != value:
            unmet = space.unmet(space.variable(path), values)
            raise InvalidValue(path, f"it has an effect only while {unmet}")
    changes = tuple(difference(before, values))
    if not changes:
        raise WrongInput(f"nothing would change: {_shown(before, edits)}")
    live = [change.path for change in changes if space.variable(change.path).live]
    return Revision(
        number=len(trial.revisions) + 1,
        base=base,
        values=values,
        changes=changes,
        author=author,
        at=moment.wall,
        because=because,
        state=RevisionState.SENT if live else RevisionState.PENDING,
        pending=tuple(change.path for change in changes if change.path not in live),
    )


def _shown(before: Mapping[str, Value], edits: Mapping[str, Value]) -> str:
    if not edits:
        return "no edit is given"
    return ", ".join(f"{path} is {written(before[path])}" for path in edits) + " already"


def _conflict(
    trial: Trial, expected: int, base: int, before: Mapping[str, Value]
) -> Conflict | WrongInput:
    if not 0 <= expected <= len(trial.revisions):
        return UnknownName(f"revision of trial {trial.number}:", str(expected))
    since = difference(values_of(trial, expected), before)
    changed = ", ".join(change_text(change) for change in since) or "nothing"
    refused = expected and trial.revisions[expected - 1].state is RevisionState.REFUSED
    what = f"revision {expected} was refused" if refused else f"revision {expected} is old"
    return Conflict(f"{what}, the newest is {base}; changed since: {changed}")


def change_text(change: Change) -> str:
    """``training.learning_rate 0.001 → 0.0003``."""
    old, new = (("none" if v is None else written(v)) for v in (change.old, change.new))
    return f"{change.path} {old} → {new}"


def undoing(trial: Trial, number: int) -> dict[str, Value]:
    """The edits that take revision ``number`` back.

    Raises:
        UnknownName: there is no such revision.
        WrongInput: it was refused.
        Conflict: what it changed was changed again since.
    """
    if not 0 < number <= len(trial.revisions):
        raise UnknownName(f"revision of trial {trial.number}:", str(number))
    revision = trial.revisions[number - 1]
    if revision.state is RevisionState.REFUSED:
        raise WrongInput(f"revision {number} was refused, there is nothing to undo")
    newest, values = head(trial)
    for change in revision.changes:
        if values[change.path] != change.new:
            raise Conflict(
                f"{change.path} was changed again since revision {number}: it is "
                f"{written(values[change.path])} in revision {newest}"
            )
    return {change.path: change.old for change in revision.changes if change.old is not None}


# ---------------------------------------------------------------------- what became of them


def record(trial: Trial, revision: Revision, changes: Changes) -> None:
    """``revision`` is new, or has come farther."""
    if revision.number > len(trial.revisions):
        trial.revisions.append(revision)
        trial.edits = len(trial.revisions)
    else:
        trial.revisions[revision.number - 1] = revision
    changes.revisions[trial.id, revision.number] = revision
    changes.touch(trial)


def began(trial: Trial, number: int, moment: Moment, changes: Changes) -> list[Revision]:
    """An attempt began with revision ``number``; returns those that took effect with it."""
    if not 0 < number <= len(trial.revisions):
        return []
    settled = _settle(trial, number, None, moment, changes, restarted=True)
    _in_force(trial, number, trial.revisions[number - 1].values, changes)
    return settled


def answered(
    trial: Trial, told: Revised, space: Space, moment: Moment, changes: Changes
) -> list[Revision]:
    """The training says what became of a revision; returns those that are settled by it."""
    if not 0 < told.number <= len(trial.revisions):
        return []
    revision = trial.revisions[told.number - 1]
    if told.begun:
        if not told.refused:
            return began(trial, told.number, moment, changes)
        return _not_begun(trial, revision, told.refused, moment, changes)
    if revision.state is not RevisionState.SENT:
        return []
    if told.refused:
        refused = _refused(trial, revision, told.refused, told.step, moment)
        record(trial, refused, changes)
        return [
            refused,
            *_passed_over(trial, told.number, moment, changes),
            *_built_on_it(trial, told.number, moment, changes),
        ]
    live = {v.path: revision.values[v.path] for v in space.variables if v.live}
    config = trial.config | live
    waiting = tuple(p for p, value in revision.values.items() if config.get(p) != value)
    record(trial, replace(revision, pending=waiting), changes)
    settled = _settle(trial, told.number, told.step, moment, changes)
    _in_force(trial, told.number, config, changes)
    return settled


def _not_begun(
    trial: Trial, revision: Revision, reason: str, moment: Moment, changes: Changes
) -> list[Revision]:
    """No attempt can begin with this revision."""
    if revision.number <= trial.revision:
        return list(_dropped(trial, revision.number, reason, moment, changes))
    if revision.state is RevisionState.REFUSED:
        return []
    refused = _refused(trial, revision, reason, None, moment)
    record(trial, refused, changes)
    return [refused, *_built_on_it(trial, revision.number, moment, changes)]


def _dropped(
    trial: Trial, number: int, reason: str, moment: Moment, changes: Changes
) -> Iterator[Revision]:
    """What of the revisions up to this one waited for an attempt that began with all of it."""
    for revision in trial.revisions[:number]:
        if not revision.pending:
            continue
        why = reason
        if revision.number < number:
            why = f"revision {number}, which holds it too, was refused: {reason}"
        gone = _refused(trial, revision, why, None, moment)
        if revision.state is RevisionState.APPLIED:
            kept = {path: trial.config[path] for path in revision.pending}
            values, dropped = revision.values | kept, revision.pending
            gone = replace(revision, values=values, pending=(), dropped=dropped, reason=why[:500])
        record(trial, gone, changes)
        yield gone


def finished(
    trial: Trial, number: int, space: Space, moment: Moment, changes: Changes
) -> list[Revision]:
    """An attempt ended with revision ``number`` in force, of which maybe nothing was heard."""
    if not trial.revision < number <= len(trial.revisions):
        return []
    told = Revised(number=number, step=trial.last_step, seconds=0.0)
    return answered(trial, told, space, moment, changes)


def ended(trial: Trial, moment: Moment, changes: Changes) -> Iterator[Revision]:
    """The trial is over: what did not take effect never will."""
    for revision in trial.revisions:
        if revision.state in (RevisionState.SENT, RevisionState.PENDING):
            refused = _refused(trial, revision, ENDED, trial.last_step, moment)
            record(trial, refused, changes)
            yield refused
        elif revision.pending:
            partly = replace(revision, pending=(), dropped=revision.pending, reason=ENDED)
            record(trial, partly, changes)
            yield partly


def _in_force(trial: Trial, number: int, values: dict[str, Value], changes: Changes) -> None:
    trial.config = dict(values)
    trial.revision = max(trial.revision, number)
    changes.configured[trial.id] = trial
    changes.touch(trial)


def _settle(
    trial: Trial,
    number: int,
    step: int | None,
    moment: Moment,
    changes: Changes,
    *,
    restarted: bool = False,
) -> list[Revision]:
    """Revisions up to ``number`` are in force, those before it as a part of it."""
    newest = trial.revisions[number - 1].values
    settled = []
    for revision in trial.revisions[:number]:
        if revision.state is RevisionState.SENT or revision.pending:
            come = _come(trial, revision, newest, step, moment, restarted)
            record(trial, come, changes)
            if come != replace(revision, pending=come.pending):
                settled.append(come)
    return settled


def _come(
    trial: Trial,
    revision: Revision,
    newest: Mapping[str, Value],
    step: int | None,
    moment: Moment,
    restarted: bool,
) -> Revision:
    """What becomes of a revision that waits, in whole or in part, when ``newest`` is in force."""
    whole = revision.state is not RevisionState.APPLIED
    waiting = [c.path for c in revision.changes if whole or c.path in revision.pending]
    replaced = tuple(path for path in waiting if revision.values[path] != newest[path])
    if len(replaced) == len(revision.changes):
        return _refused(trial, revision, REPLACED, step, moment)
    if replaced:
        dropped = (*revision.dropped, *replaced)
        revision = replace(revision, dropped=dropped, reason=REPLACED)
    if restarted or revision.state is RevisionState.SENT:
        begun = tuple(path for path in waiting if path not in replaced)
        if whole:
            revision = replace(
                revision,
                state=RevisionState.APPLIED,
                attempt=trial.attempt,
                step=step,
                applied_at=moment.wall,
            )
        elif begun:
            late = Begun(paths=begun, attempt=trial.attempt, at=moment.wall)
            revision = replace(revision, begun=late)
    left = () if restarted else (p for p in revision.pending if revision.values[p] == newest[p])
    return replace(revision, pending=tuple(left))


def _passed_over(trial: Trial, number: int, moment: Moment, changes: Changes) -> Iterator[Revision]:
    """Earlier revisions of which the runner never heard, because a message was lost."""
    for revision in trial.revisions[: number - 1]:
        if revision.state is RevisionState.SENT:
            reason = f"revision {number} came before it and was refused; apply it again"
            refused = _refused(trial, revision, reason, trial.last_step, moment)
            record(trial, refused, changes)
            yield refused


def _built_on_it(trial: Trial, number: int, moment: Moment, changes: Changes) -> Iterator[Revision]:
    """Later revisions that wait for a restart, and would bring with them what was refused."""
    refused = {number}
    for revision in trial.revisions[number:]:
        if revision.state is RevisionState.PENDING and revision.base in refused:
            refused.add(revision.number)
            reason = f"it was made from revision {revision.base}, which was refused; apply it again"
            gone = _refused(trial, revision, reason, trial.last_step, moment)
            record(trial, gone, changes)
            yield gone


def _refused(
    trial: Trial, revision: Revision, reason: str, step: int | None, moment: Moment
) -> Revision:
    return replace(
        revision,
        state=RevisionState.REFUSED,
        pending=(),
        attempt=trial.attempt,
        step=step,
        applied_at=moment.wall,
        reason=reason[:500],
    )
