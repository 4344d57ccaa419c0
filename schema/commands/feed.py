"""What clients ask so as to follow a study without gap or repeat: its log from an event on.

The log is the table of events: every change of state of a trial is one, every revision, every
change of the settings. Their ids only ever grow, also over restarts, so whoever knows the last id
that he saw can go on from there at any time; nothing is remembered of him.
"""

from typing import Annotated

import msgspec

from schema.commands.studies import SettingsVersion
from schema.messages import Report
from schema.results import Event, Progress, TrialResult

WAIT_SECONDS = 20.0
"""A question waits at most so long for its answer."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Wait = Annotated[float, msgspec.Meta(ge=0.0, le=WAIT_SECONDS)]


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in a study up to event ``after``, from which the next question goes on.

    ``trials`` are the rows, as they are stored now, of those that ``events`` are of. ``more`` says
    that there are later events already. ``moved`` is another number when running trials reported.
    ``created`` tells the study from another one of its name.
    """

    created: float
    after: int
    events: tuple[Event, ...]
    trials: tuple[TrialResult, ...]
    progress: Progress
    settings: SettingsVersion
    moved: int
    more: bool = False


class GetChanges(msgspec.Struct, frozen=True, kw_only=True, tag="get changes"):
    """The events of a study after the one of id ``after``; ``None``: where its log ends now.

    Where there is none yet, the answer waits for the next one, at most ``wait`` seconds. It does
    not wait, but for the first ``every`` seconds, where running trials have reported since
    ``moved``, which is that of the last answer.
    """

    study: str
    after: Count | None = None
    moved: int = 0
    wait: Wait = 0.0
    every: Wait = 0.1


class CurveFrom(msgspec.Struct, frozen=True):
    """How far the curve of trial ``number`` is known: to record ``seq`` of this attempt."""

    number: Count
    attempt: Count = 0
    seq: Count = 0


class CurvePart(msgspec.Struct, frozen=True, kw_only=True):
    """The next reports of a trial, up to record ``seq`` of this attempt. With another attempt its
    curve begins anew: what the one before reported does not count."""

    number: int
    attempt: int
    seq: int
    reports: tuple[Report, ...]


class GetCurves(msgspec.Struct, frozen=True, kw_only=True, tag="get curves"):
    """What trials reported since; without those that reported nothing, and only the first parts of
    what is too much for one answer."""

    study: str
    after: tuple[CurveFrom, ...]


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An event with the name of its study; empty where it is of none."""

    study: str
    event: Event


class GetLog(msgspec.Struct, frozen=True, kw_only=True, tag="get log"):
    """A page of the log of all studies, or of those named: newest first, from before the event of
    id ``before`` on; with ``after`` oldest first, from after that one on."""

    studies: tuple[str, ...] = ()
    before: Count | None = None
    after: Count | None = None
