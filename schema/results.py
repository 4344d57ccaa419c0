"""What there is to see of a study: its trials, their attempts, its events, its progress, its sum.

Plain data that is taken from the engine or read from the database, and that travels to whoever
shows it: the command line, the page, a program. Times are wall-clock seconds.
"""

import msgspec

from schema.revision import Fork
from schema.study import StudySpec
from schema.trial import FailureKind, TrialState
from schema.values import Value


class StudyOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A study with the number of its trials by state; ``active`` is when it last changed.

    ``closed_because`` says why no more trials are started; empty while they are.
    """

    id: int
    name: str
    spec: StudySpec
    created: float
    counts: dict[TrialState, int] = {}
    active: float | None = None
    closed_because: str = ""


class TrialResult(msgspec.Struct, frozen=True, kw_only=True):
    """One trial as it is stored.

    ``sampled`` is what the sampler chose, ``config`` the complete configuration, ``value`` the
    metric that the study is sorted by, ``reports`` how many the counted attempt made,
    ``applied`` the number of its last record that is stored. ``revision`` is above 0 where a person
    edited the configuration while it ran; ``config`` is then what was in force last. In a search it
    is a ``fork`` then, which counts as a result only by a person's wish to ``learn`` from it.
    ``edits`` is the number of its revisions, taken or refused.

    A ``hidden`` trial ran, and counts in nothing. ``measured`` are the metrics that its training
    returned, where a person has corrected them since.
    """

    id: int
    study: int
    number: int
    sampled: dict[str, Value]
    config: dict[str, Value]
    created: float
    state: TrialState = TrialState.WAITING
    attempt: int = 0
    runner: str | None = None
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
    revision: int = 0
    edits: int = 0
    fork: Fork | None = None
    learn: bool = False
    hidden: bool = False
    note: str = ""
    tags: tuple[str, ...] = ()
    measured: dict[str, float] | None = None

    @property
    def counts(self) -> bool:
        """Whether what came out is the result of its configuration, and is to be counted."""
        return not self.hidden and (self.fork is None or self.learn)

    @property
    def rescored(self) -> bool:
        """Whether a person has corrected its metrics."""
        return self.measured is not None


class AttemptResult(msgspec.Struct, frozen=True):
    """One execution of a trial."""

    trial: int
    number: int
    runner: str
    slot: str | None
    device: str | None
    granted: float
    started: float | None
    ended: float | None
    outcome: str | None
    failure: str | None
    reason: str | None
    traceback: str | None
    output: str | None
    seconds: float | None


class Event(msgspec.Struct, frozen=True):
    """Something that happened, to the trial of this number or to the study as a whole."""

    id: int
    at: float
    trial: int | None
    kind: str
    text: str


class RunningTrial(msgspec.Struct, frozen=True, kw_only=True):
    """A trial that a runner holds: ``seconds`` since it started, and the ``reports`` it made."""

    runner: str
    number: int
    attempt: int
    step: int | None
    reports: int
    metrics: dict[str, float]
    seconds: float
    ending: bool


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """A study at one moment.

    ``best`` is number and value; ``limit`` is how many trials the study may have, ``steps`` how
    many a full trial reports (both ``None`` where unknown). ``done`` when nothing runs and nothing
    will; ``broken_because`` says why that is, where the run was of no use.
    """

    study: str
    metric: str
    maximize: bool
    limit: int | None
    steps: int | None
    waiting: int
    complete: int
    pruned: int
    failed: int
    cancelled: int
    running: tuple[RunningTrial, ...]
    best: tuple[int, float] | None
    typical_seconds: float | None
    closed_because: str
    paused: bool = False
    done: bool = False
    broken_because: str = ""

    @property
    def ended(self) -> int:
        """How many trials have ended."""
        return self.complete + self.pruned + self.failed + self.cancelled


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """The best trial: the configuration as nested groups."""

    number: int
    metrics: dict[str, float]
    config: dict[str, object]


class Regret(msgspec.Struct, frozen=True, kw_only=True):
    """What the control trials say of the pruner.

    Of ``trials`` complete control trials it would have ended ``would_prune``. ``lost`` says how
    many of those are among the best 1, 3 and 10 control trials, as far as there are more. They
    took ``seconds`` in all, of which ending them would have saved ``saved``.
    """

    trials: int
    would_prune: int
    lost: dict[int, int]
    seconds: float
    saved: float


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A study in numbers.

    ``seconds`` is the wall time of the run that made the summary, ``trial_seconds`` the sum over
    all trials, ``steps`` the number of reports. ``saved_by_pruning`` estimates the seconds that
    pruned trials would still have taken, from the complete trials' number of steps and each one's
    own speed; ``saved_by_parallelism`` is what this run's trials took one after the other, less the
    wall time. ``regret`` is what control trials say of the pruner, where there are any;
    ``warnings`` are sentences that a person should read. ``hidden`` trials ran, so they are among
    the ``trials``, the ``trial_seconds`` and the ``steps``, and in nothing else.
    """

    study: str
    trials: dict[str, int]
    best: Best | None
    front: list[Best]
    seconds: float
    trial_seconds: float
    steps: int
    saved_by_pruning: float
    saved_by_parallelism: float
    stopped_because: str = ""
    regret: Regret | None = None
    warnings: tuple[str, ...] = ()
    hidden: int = 0
