"""One turn of the service: the moment of its decisions, what it has to store, what it has to say.

Filled by pure code; the service then stores the changes, and after that sends the mail.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from orchestrator import revisions
from orchestrator.leases import Leases
from orchestrator.runners import Runner
from orchestrator.study_engine import StudyEngine
from orchestrator.trials import Changes, Moment, Trial
from schema.codec import Codec
from schema.identity import trial_seed
from schema.messages import RECORDS_BYTES, Assignment, LeaseOrder, Orders, RevisionOrder, Steer
from schema.trial import Desired

QUARANTINED_BYTES = 4096


@dataclass(slots=True)
class Turn:
    """What one turn decided."""

    moment: Moment
    changes: Changes = field(default_factory=Changes)
    answers: dict[str, dict[tuple[int, int], int]] = field(default_factory=dict)
    assignments: dict[str, list[tuple[StudyEngine, Trial]]] = field(default_factory=dict)
    revisions: dict[str, dict[tuple[int, int], int]] = field(default_factory=dict)
    introduce: set[str] = field(default_factory=set)
    arrived: set[str] = field(default_factory=set)
    pruned: dict[str, list[LeaseOrder]] = field(default_factory=dict)

    def answer(self, runner: str, trial: int, attempt: int, seq: int) -> None:
        """Tell ``runner`` what holds for this attempt, of which it wrote records up to ``seq``."""
        known = self.answers.setdefault(runner, {})
        known[trial, attempt] = max(seq, known.get((trial, attempt), 0))

    def greet(self, runner: str) -> None:
        """Tell ``runner`` at least that it was heard."""
        self.answers.setdefault(runner, {})

    def assign(self, runner: str, engine: StudyEngine, trial: Trial) -> None:
        """Send ``runner`` its assignment."""
        trial.offered = self.moment.mono
        self.assignments.setdefault(runner, []).append((engine, trial))

    def revise(self, trial: Trial, told: int) -> None:
        """Tell the runner of ``trial`` the revisions above the one that it was told."""
        if trial.runner is not None:
            self.revisions.setdefault(trial.runner, {})[trial.id, trial.attempt] = told

    def prune(self, runner: str, trial: Trial) -> None:
        """``trial`` was just found to be not worth its time."""
        order = LeaseOrder(trial.id, trial.attempt, 0, Desired.PRUNE)
        self.pruned.setdefault(runner, []).append(order)

    def quarantine(self, source: str, why: str, raw: bytes) -> None:
        """Put a message aside that was not understood, or not believed."""
        aside = (self.moment.wall, source, why, raw[:QUARANTINED_BYTES])
        self.changes.quarantined.append(aside)

    def addressees(self) -> list[str]:
        """The runners that get orders."""
        return sorted({*self.answers, *self.assignments, *self.revisions, *self.introduce})

    def orders(self, name: str, runner: Runner | None, leases: Leases, term: int) -> Orders:
        """What there is to say to the runner called ``name``, by what holds now."""
        answers = self.answers.get(name, {})
        return Orders(
            term=term,
            leases=tuple(
                leases.order(name, trial, attempt, seq) for (trial, attempt), seq in answers.items()
            ),
            assignments=tuple(_assignment(e, t) for e, t in self.assignments.get(name, ())),
            revisions=tuple(_revisions(self.revisions.get(name, {}), leases)),
            introduce=name in self.introduce,
            steer=Steer.RUN if runner is None else runner.steer,
            refused="" if runner is None else runner.refused,
        )


def _revisions(told: dict[tuple[int, int], int], leases: Leases) -> Iterator[RevisionOrder]:
    for (trial_id, attempt), above in told.items():
        trial = leases.live.get(trial_id)
        if trial is not None and trial.attempt == attempt:
            yield from revisions.orders(trial, above)


def _assignment(engine: StudyEngine, trial: Trial) -> Assignment:
    number, values = revisions.head(trial)
    return Assignment(
        trial=trial.id,
        attempt=trial.attempt,
        study=engine.spec.name,
        number=trial.number,
        objective=engine.spec.objective.entry,
        values=values,
        revision=number,
        seed=trial_seed(engine.spec.seed, trial.number),
        boot=trial.boot,
        limit_seconds=engine.spec.settings.limits.trial_seconds,
        tune=tuple(v for v in engine.spec.objective.space.variables if v.after_training),
    )


def bodies(orders: Orders, codec: Codec[Orders]) -> Iterator[bytes]:
    """``orders`` as messages of at most `RECORDS_BYTES`, as far as they can be divided."""
    body = codec.encode(orders)
    count = len(orders.leases) + len(orders.assignments) + len(orders.revisions)
    if len(body) <= RECORDS_BYTES or count < 2:
        yield body
        return
    for part in _halves(orders):
        yield from bodies(part, codec)


def _halves(orders: Orders) -> Iterator[Orders]:
    """One kind of order from the others, or else two halves of the only one."""
    bare = replace(orders, leases=(), assignments=(), revisions=())
    kinds: list[tuple[str, tuple[object, ...]]] = [
        ("leases", orders.leases),
        ("assignments", orders.assignments),
        ("revisions", orders.revisions),
    ]
    there = [(name, some) for name, some in kinds if some]
    if len(there) > 1:
        yield from (replace(bare, **{name: some}) for name, some in there)
        return
    [(name, some)] = there
    middle = len(some) // 2
    yield replace(bare, **{name: some[:middle]})
    yield replace(bare, **{name: some[middle:]})
