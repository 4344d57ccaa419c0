"""Trials as the orchestrator holds them in memory: the mirror of their rows while they are alive.

A ``Trial`` is changed by the pure rules (``leases``, ``study_engine``) and written back as a whole;
``Changes`` collects what one turn of the service has to store, in one transaction.
"""

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schema.errors import ProtocolError
from schema.messages import Revised, Scored
from schema.results import TrialResult
from schema.revision import Fork, Revision
from schema.study import StudySettings, StudySpec
from schema.trial import TRANSITIONS, Desired, FailureKind, TrialState
from schema.values import Value


class Moment(NamedTuple):
    """Now, on both clocks: ``wall`` is stored and shown, ``mono`` measures leases."""

    wall: float
    mono: float


@dataclass(slots=True, kw_only=True, eq=False)
class Trial:
    """One trial; times are wall-clock seconds, ``heard`` is monotonic."""

    id: int
    study: int
    number: int
    sampled: dict[str, Value]
    config: dict[str, Value]
    created: float
    state: TrialState = TrialState.WAITING
    attempt: int = 0
    runner: str | None = None
    desired: Desired = Desired.RUN
    applied: int = 0
    crashes: int = 0
    losses: int = 0
    value: float | None = None
    metrics: dict[str, float] | None = None
    failure: FailureKind | None = None
    reason: str = ""
    reports: int = 0
    last_step: int | None = None
    started: float | None = None
    ended: float | None = None
    seconds: float = 0.0
    heard: float = 0.0
    avoid: str | None = None  # the runner on which it crashed
    boot: str = ""  # of the runner that it was granted to
    deaths: tuple[str, ...] = ()  # the boots that died while they had it, as far as is known
    slot: str = ""  # in which its attempt runs
    last_metrics: dict[str, float] = field(default_factory=dict)
    last_seconds: float = 0.0  # since its attempt started, as its last report says
    offered: float = -math.inf  # when its assignment was last sent, on the monotonic clock
    not_before: float = -math.inf  # it waits at least until then, on the monotonic clock
    revision: int = 0  # the last one that took effect; `config` is what is in force
    restarting: bool = False  # its attempt is to end so that the next one begins
    revisions: list[Revision] = field(default_factory=list)  # number 1 first
    edits: int = 0  # how many revisions there are
    fork: Fork | None = None  # of a search, edited while it ran
    learn: bool = False  # a fork that counts as a result all the same
    hidden: bool = False
    note: str = ""
    tags: tuple[str, ...] = ()
    measured: dict[str, float] | None = None  # its metrics before a person corrected them

    @property
    def counts(self) -> bool:
        """Whether what came out is the result of its configuration, and is to be counted."""
        return not self.hidden and (self.fork is None or self.learn)

    def become(self, state: TrialState) -> None:
        """Change the state.

        Raises:
            ProtocolError: when the table of transitions has no such step.
        """
        if state is not self.state and state not in TRANSITIONS[self.state]:
            raise ProtocolError(f"trial {self.number} cannot go from {self.state} to {state}")
        self.state = state

    def result(self) -> TrialResult:
        """What there is to see of it."""
        return TrialResult(**{name: getattr(self, name) for name in TrialResult.__struct_fields__})


AttemptEnd = tuple[float, str, str | None, str, str, str, float, int, int]
"""ended, outcome, failure, reason, traceback, output, seconds, trial id, attempt number."""


@dataclass(slots=True)
class Changes:
    """What one turn has to store; rows are written in the order of these fields."""

    studies: list[tuple[int, str, StudySpec, float]] = field(default_factory=list)
    redefined: dict[int, StudySpec] = field(default_factory=dict)
    settings: list[tuple[int, int, StudySettings, str, float, str]] = field(default_factory=list)
    """study, version, settings, author, at, because."""
    created: dict[int, Trial] = field(default_factory=dict)
    granted: list[tuple[int, int, str, float]] = field(default_factory=list)
    started: list[tuple[str, str, float, int, int]] = field(default_factory=list)
    reports: list[tuple[int, int, int, bytes]] = field(default_factory=list)
    scored: list[tuple[int, int, int, Scored]] = field(default_factory=list)
    """trial id, attempt, seq, a part of what a detector scored."""
    ended: list[AttemptEnd] = field(default_factory=list)
    configured: dict[int, Trial] = field(default_factory=dict)
    attributes: dict[int, dict[str, Any]] = field(default_factory=dict)
    """What objectives want kept, by trial id."""
    touched: dict[int, Trial] = field(default_factory=dict)
    events: list[tuple[float, int | None, int | None, str, str]] = field(default_factory=list)
    annotated: dict[int, Trial] = field(default_factory=dict)
    """What people made of them: hidden, rescored, noted, forked."""
    revisions: dict[tuple[int, int], Revision] = field(default_factory=dict)
    """By trial id and number."""
    revised: list[tuple[int, int, int, Revised]] = field(default_factory=list)
    """trial id, attempt, seq, what the training said."""
    queued: list[tuple[int, int, str, str, str, float]] = field(default_factory=list)
    """id, study, configuration as JSON, text, author, at."""
    dequeued: list[tuple[int]] = field(default_factory=list)
    profiles: list[tuple[str, tuple[object, ...]]] = field(default_factory=list)
    """Statements of ``profiles.sql`` with their parameters, in their order."""
    closed: list[tuple[str, float | None, int]] = field(default_factory=list)
    """why, since when (both empty for a study that was opened again), study."""
    deleted: list[tuple[int]] = field(default_factory=list)
    steered: list[tuple[str, str]] = field(default_factory=list)
    quarantined: list[tuple[float, str, str, bytes]] = field(default_factory=list)
    stale: list[tuple[float, int, int, str, str, str, str]] = field(default_factory=list)
    """at, trial, attempt, runner, outcome, metrics as JSON, reason."""
    answered: list[tuple[float, str, str, bytes]] = field(default_factory=list)
    """at, client, request, answer."""

    def create(self, trial: Trial) -> None:
        """``trial`` is new: its row is inserted as it is at the end of this turn."""
        self.created[trial.id] = trial

    def touch(self, trial: Trial) -> None:
        """The row of ``trial`` is to be as the trial is at the end of this turn."""
        if trial.id not in self.created:
            self.touched[trial.id] = trial

    def event(self, at: float, trial: Trial, kind: str, text: str = "") -> None:
        """Log that something happened to ``trial``."""
        self.events.append((at, trial.study, trial.number, kind, text))

    def note(self, at: float, study: int | None, kind: str, text: str) -> None:
        """Log that something happened to a study as a whole, or to none that is left."""
        self.events.append((at, study, None, kind, text))

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)
