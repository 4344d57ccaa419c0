"""Edits of results: what a person may make of a trial, and what is logged of it. Pure.

A trial goes in that may have ended long ago, out comes whether anything changed; then it is changed
and left in ``Changes``. What was counted before has to be counted anew after that, which
`StudyEngine.relearn` begins.
"""

import math
from collections.abc import Mapping

from orchestrator.engine.trials import Changes, Moment, Trial
from schema.errors import UnknownName, WrongInput
from schema.events import EventKind
from schema.study import StudySpec
from schema.trial import TrialState
from schema.values import written

NOTE_LENGTH, TAG_LENGTH, MOST_TAGS = 10_000, 40, 20


class ResultEditing:
    """One edit of ``trial`` by ``author``; each method returns whether anything changed."""

    def __init__(
        self, spec: StudySpec, trial: Trial, author: str, because: str, moment: Moment
    ) -> None:
        self._spec = spec
        self._trial = trial
        self._author = author
        self._because = because
        self._moment = moment

    def rescore(self, metrics: Mapping[str, float], changes: Changes) -> bool:
        """Correct ``metrics``; the others stay as they are.

        Raises:
            WrongInput: the trial is not complete, none is named, or one is not finite.
            UnknownName: the study and the trial have no such metric.
        """
        trial = self._trial
        if trial.state is not TrialState.COMPLETE or trial.metrics is None:
            raise WrongInput(
                f"{self._it} is {trial.state}: only a complete trial has metrics to correct"
            )
        if not metrics:
            raise WrongInput("say which metric is to be corrected, and how: f1=0.93")
        before = trial.metrics
        self._check(metrics, before)
        after = before | {name: float(value) for name, value in metrics.items()}
        changed = [name for name in metrics if before.get(name) != after[name]]
        if not changed:
            return False
        measured = before if trial.measured is None else trial.measured
        trial.measured = None if after == measured else measured
        trial.metrics, trial.value = after, after[self._spec.metric.name]
        said = (f"{name} {_number(before.get(name))} → {_number(after[name])}" for name in changed)
        self._log(EventKind.RESCORE, ", ".join(said), changes)
        return True

    def _check(self, metrics: Mapping[str, float], before: Mapping[str, float]) -> None:
        objective = self._spec.objective
        known = [metric.name for metric in objective.metrics]
        known += [constraint.metric for constraint in objective.constraints]
        for name, value in metrics.items():
            if name not in known and name not in before:
                raise UnknownName(f"metric of {self._it}:", name, [*known, *before])
            if not math.isfinite(value):
                raise WrongInput(
                    f"{name}: {value} is not a finite number; hide a trial whose result is of no "
                    "use"
                )

    def hide(self, hidden: bool, changes: Changes) -> bool:
        """Let it count in nothing, or again.

        Raises:
            WrongInput: it has not ended, or is a session's.
        """
        trial = self._trial
        if self._spec.is_session:
            raise WrongInput(f"{self._it} is all of a session; there is nothing to hide it from")
        if hidden and not trial.state.ended:
            raise WrongInput(
                f"{self._it} is {trial.state}: only one that has ended can be hidden; stop it first"
            )
        if trial.hidden == hidden:
            return False
        trial.hidden = hidden
        self._log(EventKind.HIDE if hidden else EventKind.UNHIDE, "", changes)
        return True

    def annotate(self, note: str | None, tags: tuple[str, ...] | None, changes: Changes) -> bool:
        """Another note, other tags; ``None`` leaves them.

        Raises:
            WrongInput: the note is too long, or a tag is no short word.
        """
        trial = self._trial
        if note is not None and len(note) > NOTE_LENGTH:
            raise WrongInput(f"a note has at most {NOTE_LENGTH} characters, not {len(note)}")
        wanted = None if tags is None else _tags(tags)
        changed = False
        if note is not None and (note := note.strip()) != trial.note:
            trial.note, changed = note, True
            self._log(EventKind.NOTE, note or "none", changes)
        if wanted is not None and wanted != trial.tags:
            trial.tags, changed = wanted, True
            self._log(EventKind.TAG, ", ".join(wanted) or "none", changes)
        return changed

    def learn(self, learn: bool, changes: Changes) -> bool:
        """Let a fork count as a result of its last configuration, or for nothing.

        Raises:
            WrongInput: it is no fork.
        """
        trial = self._trial
        if trial.fork is None:
            raise WrongInput(
                f"{self._it} is no fork: nobody edited it while it ran, so it counts as it is"
            )
        if trial.learn == learn:
            return False
        trial.learn = learn
        self._log(EventKind.LEARN, "yes" if learn else "no", changes)
        return True

    @property
    def _it(self) -> str:
        return f"trial {self._trial.number} of study {self._spec.name!r}"

    def _log(self, kind: EventKind, what: str, changes: Changes) -> None:
        changes.annotated[self._trial.id] = self._trial
        why = f" ({self._because})" if self._because else ""
        text = f"by {self._author or 'this process'}{what and ': '}{what}{why}"
        changes.event(self._moment.wall, self._trial, kind, text)


def _tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """The tags as they are kept, each once.

    Raises:
        WrongInput: one is empty, too long or has a comma in it, or they are too many.
    """
    kept = tuple(dict.fromkeys(tag.strip() for tag in tags))
    for tag in kept:
        if not 1 <= len(tag) <= TAG_LENGTH or not tag.isprintable() or "," in tag:
            raise WrongInput(
                f"tag {tag!r}: write a short word without commas, at most {TAG_LENGTH} characters"
            )
    if len(kept) > MOST_TAGS:
        raise WrongInput(f"a trial has at most {MOST_TAGS} tags, not {len(kept)}")
    return kept


def _number(value: float | None) -> str:
    return "none" if value is None else written(value)
