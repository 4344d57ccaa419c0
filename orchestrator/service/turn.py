"""One turn of the service: the moment of its decisions, what it has to store, what it has to say.

Filled by pure code; the service then stores the changes, and after that sends the mail.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec.structs import replace

from orchestrator.engine import revisions
from orchestrator.engine.leases import Leases
from orchestrator.engine.study_engine import StudyEngine
from orchestrator.engine.trials import Changes, Moment, Trial
from orchestrator.service.runners import Runner
from schema.codec import Codec
from schema.identity import trial_seed
from schema.messages import RECORDS_BYTES, Assignment, LeaseOrder, Orders, RevisionOrder, Steer
from schema.trial import Desired

QUARANTINED_BYTES = 4096


class Address(NamedTuple):
    """Whom orders are for; an empty ``boot`` is whoever reads the queue of that name, ``began`` 0
    whoever has that boot."""

    runner: str
    boot: str
    began: float = 0.0


@dataclass(slots=True)
class Turn:
    """What one turn decided."""

    moment: Moment
    changes: Changes = field(default_factory=Changes)
    answers: dict[Address, dict[tuple[int, int], int]] = field(default_factory=dict)
    assignments: dict[Address, list[tuple[StudyEngine, Trial]]] = field(default_factory=dict)
    revisions: dict[Address, dict[tuple[int, int], int]] = field(default_factory=dict)
    introduce: set[Address] = field(default_factory=set)
    turned_away: dict[Address, str] = field(default_factory=dict)
    arrived: set[str] = field(default_factory=set)
    pruned: dict[Address, list[LeaseOrder]] = field(default_factory=dict)

    def answer(self, to: Address, trial: int, attempt: int, seq: int) -> None:
        """Tell it what holds for this attempt, of which it wrote records up to ``seq``."""
        known = self.answers.setdefault(to, {})
        known[trial, attempt] = max(seq, known.get((trial, attempt), 0))

    def greet(self, to: Address) -> None:
        """Tell it at least that it was heard."""
        self.answers.setdefault(to, {})

    def turn_away(self, to: Address, why: str) -> None:
        """Tell it that its name is another's."""
        self.turned_away[to] = why

    def assign(self, to: Address, engine: StudyEngine, trial: Trial) -> None:
        """Send it its assignment."""
        trial.offered = self.moment.mono
        self.assignments.setdefault(to, []).append((engine, trial))

    def revise(self, trial: Trial, told: int) -> None:
        """Tell the runner of ``trial`` the revisions above the one that it was told."""
        if trial.runner is not None:
            to = Address(trial.runner, trial.boot)
            self.revisions.setdefault(to, {})[trial.id, trial.attempt] = told

    def prune(self, to: Address, trial: Trial) -> None:
        """``trial`` was just found to be not worth its time."""
        order = LeaseOrder(trial.id, trial.attempt, 0, Desired.PRUNE)
        self.pruned.setdefault(to, []).append(order)

    def quarantine(self, source: str, why: str, raw: bytes) -> None:
        """Put a message aside that was not understood, or not believed."""
        aside = (self.moment.wall, source, why, raw[:QUARANTINED_BYTES])
        self.changes.quarantined.append(aside)

    def addressees(self) -> list[Address]:
        """Who gets orders."""
        orders = self.answers, self.assignments, self.revisions, self.introduce, self.turned_away
        return sorted({to for addressees in orders for to in addressees})

    def orders(self, to: Address, runner: Runner | None, leases: Leases, term: int) -> Orders:
        """What there is to say, by what holds now; ``runner`` is who is known by that name."""
        answers = self.answers.get(to, {})
        if to in self.turned_away:
            why = self.turned_away[to]
            return Orders(term=term, boot=to.boot, began=to.began, refused=why, taken=True)
        return Orders(
            term=term,
            leases=tuple(
                leases.order(to.runner, trial, attempt, seq)
                for (trial, attempt), seq in answers.items()
            ),
            assignments=tuple(_assignment(e, t, runner) for e, t in self.assignments.get(to, ())),
            revisions=tuple(_revisions(self.revisions.get(to, {}), leases)),
            introduce=to in self.introduce,
            steer=Steer.RUN if runner is None else runner.steer,
            refused="" if runner is None else runner.refused,
            boot=to.boot,
            began=to.began,
        )


def _revisions(told: dict[tuple[int, int], int], leases: Leases) -> Iterator[RevisionOrder]:
    for (trial_id, attempt), above in told.items():
        trial = leases.live.get(trial_id)
        if trial is not None and trial.attempt == attempt:
            yield from revisions.orders(trial, above)


def _assignment(engine: StudyEngine, trial: Trial, runner: Runner | None) -> Assignment:
    """``trial`` as it is sent to ``runner``, with the runner's own name for the objective."""
    own = "" if runner is None else runner.entry(engine.spec)
    number, values = revisions.head(trial)
    return Assignment(
        trial=trial.id,
        attempt=trial.attempt,
        study=engine.spec.name,
        number=trial.number,
        created=trial.created,
        objective=own or engine.spec.objective.entry,
        values=values,
        revision=number,
        earlier=revisions.earlier(trial),
        seed=trial_seed(engine.spec.seed, trial.number),
        boot=trial.boot,
        limit_seconds=engine.spec.settings.limits.trial_seconds,
        hang_seconds=engine.spec.settings.limits.silent_seconds,
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
