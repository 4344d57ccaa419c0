"""One study in memory, on a clock that the test turns, spoken to as the service would."""

import msgspec

from orchestrator.engine.leases import Leases, Verdict
from orchestrator.engine.study_engine import StudyEngine
from orchestrator.engine.trials import Changes, Moment, Trial
from schema.messages import Failure, Final, LeaseClaim, Record, Reported, Started
from schema.pruning import PrunerSettings
from schema.space import Space
from schema.study import (
    Constraint,
    Direction,
    Limits,
    Metric,
    ObjectiveDescription,
    StudySettings,
    StudySpec,
)
from schema.trial import FailureKind, Outcome
from schema.values import Value
from schema.variables import Variable

SPACE = Space(
    variables=(
        Variable(path="training.x", kind="float", default=0.5, low=0.0, high=1.0, searched=True),
        Variable(path="training.epochs", kind="int", default=10),
        Variable(
            path="inference.threshold",
            kind="float",
            default=0.5,
            low=0.0,
            high=1.0,
            after_training=True,
        ),
    )
)
PRUNE_BELOW_ZERO = PrunerSettings(
    pruner="threshold", parameters={"lower": 0.0, "n_warmup_steps": 0}
)
STARTED = Started(slot="slot-1")


def study_spec(
    *metrics: Metric,
    trials: int | None = 20,
    constraints: tuple[str, ...] = (),
    pruner: PrunerSettings = PRUNE_BELOW_ZERO,
) -> StudySpec:
    """A study that maximizes ``score``, unless other metrics are given."""
    return StudySpec(
        name="study",
        objective=ObjectiveDescription(
            entry="train.py:train",
            metrics=metrics or (Metric(name="score", direction=Direction.MAXIMIZE),),
            space=SPACE,
            constraints=tuple(map(Constraint.parse, constraints)),
        ),
        settings=StudySettings(pruner=pruner, limits=Limits(trials=trials)),
    )


def reported(*reports: tuple[int, dict[str, float]]) -> Reported:
    """Reports of one second each, as a runner passes them on."""
    batch = [(step, float(step), metrics) for step, metrics in reports]
    return Reported(reports=msgspec.Raw(msgspec.msgpack.encode(batch)))


def completed(score: float, **others: float) -> Final:
    """The attempt ended well."""
    return Final(outcome=Outcome.COMPLETE, metrics={"score": score, **others}, seconds=1.0)


def ended(outcome: Outcome) -> Final:
    """The attempt ended otherwise, without a failure."""
    return Final(outcome=outcome, seconds=1.0)


def failed(kind: FailureKind, reason: str = "it broke") -> Final:
    """The attempt failed."""
    failure = Failure(kind=kind, reason=reason, traceback="Traceback …")
    return Final(outcome=Outcome.FAILED, failure=failure, seconds=1.0)


class OneStudy:
    """A study, its leases, and all that would have been stored of it."""

    def __init__(self, spec: StudySpec | None = None) -> None:
        self.spec = spec or study_spec()
        self.leases = Leases()
        self.engine = StudyEngine(1, self.spec, self.leases)
        self.changes = Changes()
        self.now = 1000.0

    @property
    def moment(self) -> Moment:
        """Now; the wall clock is a million seconds ahead, so that nobody mixes the two up."""
        return Moment(self.now + 1e6, self.now)

    def create(self, **sampled: Value) -> Trial:
        """One more trial waits."""
        (ask,) = self.engine.asks(1)
        number = self.engine.created + 1
        self.engine.create(100 + number, ask, sampled, self.moment, self.changes)
        return self.leases.live[100 + number]

    def granted(self, runner: str = "left") -> Trial:
        """The next waiting trial, or else a new one, is given to ``runner``."""
        trial = self.engine.next_waiting(avoiding=runner)
        if trial is None:
            self.create()
            trial = self.engine.next_waiting()
        assert trial is not None
        self.engine.grant(trial, runner, self.moment, self.changes)
        return trial

    def running(self, runner: str = "left") -> Trial:
        """A trial that ``runner`` has started."""
        trial = self.granted(runner)
        assert self.tell(trial, STARTED) is Verdict.APPLY
        return trial

    def tell(
        self,
        trial: Trial,
        body: Started | Reported | Final,
        *,
        seq: int | None = None,
        attempt: int | None = None,
        runner: str | None = None,
    ) -> Verdict:
        """A record arrives: by default the one that its holder would send next."""
        record = Record(
            trial=trial.id,
            attempt=trial.attempt if attempt is None else attempt,
            seq=trial.applied + 1 if seq is None else seq,
            body=body,
        )
        verdict = self.leases.judge(runner or trial.runner or "nobody", record)
        if verdict is Verdict.APPLY:
            self.engine.apply(trial, record, self.moment, self.changes)
        return verdict

    def expire(self) -> list[Trial]:
        """Nothing is heard of anybody until every lease has run out."""
        self.now += self.leases.lease_seconds + 1
        lost = self.leases.expired(self.now)
        for trial in lost:
            self.engine.suspend(trial, "nothing was heard of it", self.moment, self.changes)
        return lost

    def beat(self, runner: str, *claims: tuple[Trial, int, int]) -> list[Trial]:
        """``runner`` claims (trial, attempt, seq); returns what it has back."""
        named = [LeaseClaim(trial.id, attempt, seq) for trial, attempt, seq in claims]
        back = self.leases.renew(runner, named, self.now)
        for trial in back:
            self.engine.taken_back(trial, self.moment, self.changes)
        return back

    def outcomes(self) -> list[tuple[int, str, str | None]]:
        """Every attempt that was closed: its number, its outcome and the kind of its failure."""
        return [(row[8], row[1], row[2]) for row in self.changes.ended]
