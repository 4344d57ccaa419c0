"""A session on an unreliable network, in memory: the real rules on both sides, a test between them.

The orchestrator's side is `StudyEngine`, `Leases` and `Reception`, the runner's `Spool` and
`LiveEdits`; messages wait in two lists, where they are delivered, doubled, turned round or lost.
"""

from collections.abc import Mapping
from random import Random
from typing import Annotated

from orchestrator.engine import revisions
from orchestrator.engine.leases import Leases
from orchestrator.engine.study_engine import StudyEngine
from orchestrator.engine.suggestions import Ask, Queued
from orchestrator.engine.trials import Moment, Trial
from orchestrator.service.reception import Reception
from orchestrator.service.turn import Address, Turn
from schema.codec import orders_codec, runner_codec
from schema.configuration import Config, build
from schema.declaration import space_of
from schema.errors import Conflict, WrongInput
from schema.markers import Live, Range
from schema.messages import Earlier, Heartbeat, Hello, Orders, Records, Revised, Started
from schema.revision import Revision, RevisionState
from schema.study import (
    Direction,
    Limits,
    Metric,
    ObjectiveDescription,
    StudyKind,
    StudySettings,
    StudySpec,
)
from schema.values import Value
from trial_runner.live_edits import LiveEdits, Refused
from trial_runner.spool import Lease, Spool

RUNNER = "runner-1"
TOO_MUCH = 0.9
"""The training refuses more of ``c``."""

BAD_WIDTH = 13
"""No training can begin with this ``width``."""


class Knobs(Config):
    """Three live variables and one that is not."""

    a: Annotated[float, Range(0.0, 1.0), Live()] = 0.5
    b: Annotated[float, Range(0.0, 1.0), Live()] = 0.5
    c: Annotated[float, Range(0.0, 1.0), Live()] = 0.5
    width: Annotated[int, Range(1, 64)] = 4


def startable(values: Mapping[str, Value]) -> bool:
    """Whether a training can begin with these."""
    return values["width"] != BAD_WIDTH


SPACE = space_of(Knobs)
SPEC = StudySpec(
    name="live",
    objective=ObjectiveDescription(
        entry="train.py:train",
        metrics=(Metric(name="f1", direction=Direction.MAXIMIZE),),
        space=SPACE,
    ),
    settings=StudySettings(limits=Limits(trials=1)),
    kind=StudyKind.SESSION,
    start=SPACE.defaults(),
)


class Training:
    """What a slot's process does: takes revisions at its steps, and has a value of its own."""

    def __init__(self, lease: Lease, given: Earlier) -> None:
        self.lease = lease
        self.step = 0
        self.c = given.values["c"]
        self.applied: list[int] = []
        self.edits = LiveEdits(build(Knobs, given.values), SPACE, given.number, given.values)
        self.edits.bind("c", self.set_c, None)

    def set_c(self, value: float) -> None:
        """Takes no more than so much."""
        if value > TOO_MUCH:
            raise Refused("it would diverge")
        self.c = value


class LiveWorld:
    """One session, one runner, any number of clients."""

    def __init__(self, seed: int, spec: StudySpec = SPEC) -> None:
        self.dice = Random(seed)
        self.leases = Leases()
        self.engine = StudyEngine(1, spec, self.leases)
        self.reception = Reception(self.leases, {1: self.engine}, "1")
        self.stored: dict[int, Revision] = {}
        self.stored_config: dict[str, Value] = {}
        self.up: list[bytes] = []
        self.down: list[bytes] = []
        self.now = 0.0
        self.boots = 0
        self.training: Training | None = None
        self.inbox: list[tuple[int, dict[str, Value]]] = []
        turn = self.turn()
        self.engine.queued.append(Queued(values=SPEC.start))
        self.engine.create(1, Ask(number=0, fixed=SPEC.start), {}, turn.moment, turn.changes)
        self.complete(turn)
        self.start_runner()

    @property
    def trial(self) -> Trial:
        """The session's trial."""
        return self.leases.live[1]

    # ------------------------------------------------------------------ the orchestrator

    def turn(self) -> Turn:
        """A moment later."""
        self.now += 0.1
        return Turn(Moment(self.now, self.now))

    def complete(self, turn: Turn) -> None:
        """Grant, store, and send."""
        waiting = self.engine.waiting and RUNNER in self.reception.runners
        if waiting and (trial := self.engine.next_waiting()) is not None:
            boot = self.reception.runners[RUNNER].boot
            self.engine.grant(trial, RUNNER, turn.moment, turn.changes, boot)
            turn.assign(Address(RUNNER, boot), self.engine, trial)
        for (_, number), revision in turn.changes.revisions.items():
            before = self.stored.get(number)
            assert before is None or before.state is not RevisionState.REFUSED
            self.stored[number] = revision
        for trial in (*turn.changes.created.values(), *turn.changes.configured.values()):
            self.stored_config = dict(trial.config)
        for to in turn.addressees():
            orders = turn.orders(to, self.reception.runners.get(to.runner), self.leases, 1)
            if to.boot not in ("", self.spool.boot):
                continue
            self.down.append(orders_codec().encode(orders))

    def edit(self, seen: int | None, edits: dict[str, Value], client: str) -> int:
        """A client edits what it looked at; returns what it sees afterwards.

        Raises:
            Conflict: it is not the newest.
        """
        turn = self.turn()
        revision = revisions.propose(self.trial, SPACE, edits, seen, client, "", turn.moment)
        self.engine.editing.edit(self.trial, revision, turn.moment, turn.changes)
        turn.revise(self.trial, 0)
        self.complete(turn)
        return revision.number

    def try_to_edit(self, client: "Client") -> None:
        """As a person would: told that he is late, he looks again."""
        try:
            client.seen = self.edit(client.seen, client.edits(self.dice), client.name)
        except Conflict:
            client.conflicts += 1
            client.seen = revisions.head(self.trial)[0]
        except WrongInput as error:
            assert "nothing would change" in str(error) or "edits wait" in str(error)

    def deliver_up(self, index: int, *, keep: bool = False) -> None:
        """A message of the runner arrives."""
        body = self.up[index] if keep else self.up.pop(index)
        turn = self.turn()
        self.reception.take("", body, turn)
        self.complete(turn)

    # ------------------------------------------------------------------ the runner

    def start_runner(self) -> None:
        """With nothing of what it was before."""
        self.boots += 1
        self.spool = Spool(boot=f"boot-{self.boots}")
        self.training, self.inbox = None, []
        self.hello()

    def hello(self) -> None:
        """Arrive."""
        boot = self.spool.boot
        self.say(Hello(runner=RUNNER, boot=boot, slots=1, offers=(SPEC.objective,)))

    def say(self, message: Hello | Heartbeat | Records) -> None:
        """Send."""
        self.up.append(runner_codec().encode(message))

    def deliver_down(self, index: int, *, keep: bool = False) -> None:
        """Orders arrive."""
        orders: Orders = orders_codec().decode(self.down[index] if keep else self.down.pop(index))
        for order in orders.leases:
            lease = self.spool.obey(order)
            if lease is not None and lease.fenced and self.training is not None:
                self.training = None
        for assignment in orders.assignments:
            lease = self.spool.accept(assignment)
            if lease is not None:
                begins = 0 if assignment.earlier else assignment.revision
                self.spool.append(lease, Started(slot="s", revision=begins))
                self.training, self.inbox = self.begin(lease), []
        for revision in orders.revisions:
            if self.spool.revise(revision) is not None:
                self.inbox.append((revision.number, revision.values))
        if orders.introduce:
            self.hello()

    def begin(self, lease: Lease) -> "Training":
        """With what it is assigned, or the newest before it that a training can begin with."""
        given = lease.assignment
        tried = [Earlier(given.revision, given.values), *given.earlier]
        while not startable(tried[0].values):
            refused = self.begun(tried.pop(0).number, refused=f"no width of {BAD_WIDTH}")
            self.spool.append(lease, refused)
        if len(tried) > 1:
            self.spool.append(lease, self.begun(tried[0].number))
        return Training(lease, tried[0])

    def begun(self, number: int, refused: str = "") -> Revised:
        """What is told of the configuration that an attempt begins with."""
        return Revised(number=number, step=None, seconds=0.0, refused=refused, begun=True)

    def step(self) -> None:
        """The training comes to a safe point."""
        if (training := self.training) is None:
            return
        training.step += 1
        for number, values in self.inbox:
            told = Revised(number=number, step=training.step, seconds=1.0)
            try:
                applied, _ = training.edits.apply(number, values)
                training.applied.append(number)
            except Refused as error:
                told = Revised(number=number, step=training.step, seconds=1.0, refused=str(error))
            else:
                told = Revised(number=number, step=training.step, seconds=1.0, applied=applied)
            self.spool.append(training.lease, told)
        self.inbox = []

    def beat(self) -> None:
        """Live, and say again what is not acknowledged."""
        self.say(Heartbeat(runner=RUNNER, boot=self.spool.boot, leases=self.spool.claims()))
        if records := tuple(self.spool.unacknowledged(16)):
            self.say(Records(runner=RUNNER, boot=self.spool.boot, records=records))

    # ------------------------------------------------------------------ what happens

    def something_happens(self, clients: "list[Client]") -> None:
        """One of all that can happen."""
        kinds = ["edit", "up", "down", "step", "beat", "lose", "double", "restart"]
        kind = self.dice.choices(kinds, [6, 8, 8, 6, 4, 3, 3, 0.3])[0]
        if kind == "edit":
            self.try_to_edit(self.dice.choice(clients))
        elif kind == "step":
            self.step()
        elif kind == "beat":
            self.beat()
        elif kind == "restart":
            self.start_runner()
        else:
            self._in_the_network(kind)

    def _in_the_network(self, kind: str) -> None:
        up = kind == "up" or (kind != "down" and self.dice.random() < 0.5)
        messages = self.up if up else self.down
        if not messages:
            return
        index = self.dice.randrange(len(messages))
        if kind == "lose":
            messages.pop(index)
        elif up:
            self.deliver_up(index, keep=kind == "double")
        else:
            self.deliver_down(index, keep=kind == "double")

    def calm(self) -> None:
        """From now on nothing is lost, and everything comes to rest."""
        for _ in range(8):
            self.beat()
            while self.up or self.down:
                if self.up:
                    self.deliver_up(0)
                if self.down:
                    self.deliver_down(0)
            self.step()
            self.now += 3.0


class Client:
    """Somebody who edits; one who looks first says what he saw."""

    def __init__(self, name: str, *, looks: bool) -> None:
        self.name = name
        self.seen: int | None = 0 if looks else None
        self.looks = looks
        self.conflicts = 0

    def edits(self, dice: Random) -> dict[str, Value]:
        """One to three variables."""
        if not self.looks:
            self.seen = None
        paths = dice.sample(["a", "b", "c", "width"], dice.randint(1, 3))
        return {
            path: dice.choice([4, 8, BAD_WIDTH]) if path == "width" else round(dice.random(), 3)
            for path in paths
        }
