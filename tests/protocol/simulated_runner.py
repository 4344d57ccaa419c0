"""A runner of the simulated world: the real spool and codec, and training that only sleeps."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass, field
from random import Random

import msgspec

from schema.broker import Delivery
from schema.codec import orders_codec, runner_codec
from schema.identity import runner_queue, runners_inbox
from schema.messages import (
    Failure,
    Final,
    Heartbeat,
    Hello,
    LeaseOrder,
    Record,
    Records,
    Report,
    Reported,
    Started,
)
from schema.study import ObjectiveDescription
from schema.trial import Desired, FailureKind, Outcome
from tests.protocol.faulty_network import Killed, Network, Wire
from trial_runner.spool import Lease, Spool

HEARTBEAT_SECONDS = 5.0
Life = tuple[int, int, str]
"""Trial id, attempt, and the boot of the runner that executed it."""


@dataclass
class Truth:
    """What really happened on all runners, against which the database is held."""

    executions: Counter[Life] = field(default_factory=Counter)
    reports: dict[Life, list[Report]] = field(default_factory=lambda: defaultdict(list))
    finals: dict[Life, list[Record]] = field(default_factory=lambda: defaultdict(list))
    forgotten: dict[tuple[int, int], int] = field(default_factory=dict)  # up to which record
    errors: list[str] = field(default_factory=list)
    deaths: int = 0
    torn: int = 0  # records that a disk lost


@dataclass(frozen=True)
class Script:
    """What the training of one trial does: its values, and what happens after the last one."""

    values: tuple[float, ...]
    end: str  # complete, nan, raise, crash, or poison: it takes its whole runner down

    @classmethod
    def of(cls, seed: int, number: int) -> "Script":
        """The same trial always does the same."""
        dice = Random(f"{seed}/trial {number}")
        kinds = ["complete", "weak", "nan", "raise", "crash", "poison"]
        end = dice.choices(kinds, [60, 22, 3, 5, 7, 3])[0]
        values = [dice.random() for _ in range(dice.randrange(1, 10))]
        if end == "weak":  # is pruned, unless it completes before that is known
            values[dice.randrange(len(values))] = -1.0
            end = "complete"
        return cls(tuple(values), end)


class SimulatedRunner:
    """A runner with two slots that is killed and started again; ``durable`` keeps its spool."""

    def __init__(
        self,
        network: Network,
        name: str,
        offer: ObjectiveDescription,
        truth: Truth,
        *,
        durable: bool,
    ) -> None:
        self.name = name
        self.spool = Spool(boot=name)
        self.alive = False
        self._network = network
        self._offer = offer
        self._truth = truth
        self._durable = durable
        self._dice = network.random(name)
        self._boots = 0
        self._codec = runner_codec()
        self._orders = orders_codec()
        self._tasks: set[asyncio.Task[None]] = set()

    # ------------------------------------------------------------------ life and death

    async def boot(self) -> None:
        """Start; trainings of the last life died with it, which a durable spool remembers."""
        if self.alive:
            return
        self.alive = True
        self._boots += 1
        if not self._durable:
            self.spool = Spool(boot=self.life)
        self._wire = Wire(self._network, self.name)
        self._slots = asyncio.Semaphore(2)
        await self._wire.consume(runner_queue(self.name), self._receive)
        for lease in list(self.spool.leases.values()):
            failure = Failure(kind=FailureKind.LOST, reason="its runner was restarted")
            began = lease.seq > 0
            self._append(
                lease,
                Final(outcome=Outcome.FAILED, failure=failure)
                if began
                else Final(outcome=Outcome.RELEASED),
            )
        self._send(Hello(runner=self.name, boot=self.spool.boot, slots=2, offers=(self._offer,)))
        self.soon(self._beat())

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        if self.alive:
            self.alive = self._wire.alive = False
            self._truth.deaths += 1
            for task in self._tasks:
                task.cancel()
            if self._dice.random() < 0.4:
                self._lose_power()

    def _lose_power(self) -> None:
        """What was not synced to its disk is gone, though some of it may be stored elsewhere."""
        for lease in self.spool.leases.values():
            self._truth.forgotten.pop(lease.key, None)
            for _ in range(0 if lease.ended else min(lease.seq, self._dice.randrange(4))):
                lease.seq -= 1
                if lease.records:
                    lease.records.pop()
                self._truth.torn += 1

    @property
    def life(self) -> str:
        """Which of its lives this is."""
        return f"{self.name}#{self._boots}"

    # ------------------------------------------------------------------ messages

    def _receive(self, delivery: Delivery) -> None:
        orders = self._orders.decode(delivery.body)
        if not self.spool.current(orders):
            return
        for order in orders.leases:
            self._obey(order)
        for assignment in orders.assignments:
            if (lease := self.spool.accept(assignment)) is not None:
                self.soon(self._train(lease))
        if orders.introduce:
            self._send(
                Hello(runner=self.name, boot=self.spool.boot, slots=2, offers=(self._offer,))
            )

    def _obey(self, order: LeaseOrder) -> None:
        lease = self.spool.leases.get(order.trial)
        self.spool.obey(order)
        if lease is None or lease.fenced:
            return
        gone = order.trial not in self.spool.leases
        if gone or not lease.records:
            self._truth.forgotten[lease.key] = lease.seq
        else:
            self._truth.forgotten[lease.key] = lease.records[0].seq - 1

    def _send(self, message: Hello | Heartbeat | Records) -> None:
        self.soon(self._publish(self._codec.encode(message)))

    async def _publish(self, body: bytes) -> None:
        try:
            await self._wire.publish(runners_inbox(), body)
        except Killed:
            return

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            claims = self.spool.claims()
            self._send(Heartbeat(runner=self.name, boot=self.spool.boot, leases=claims))
            if again := tuple(self.spool.unacknowledged(16)):
                self._send(Records(runner=self.name, boot=self.spool.boot, records=again))

    def _append(self, lease: Lease, body: Started | Reported | Final) -> None:
        record: Record | None = self.spool.append(lease, body)
        if record is None:
            return
        life = (*lease.key, self.life)
        if isinstance(body, Reported):
            self._truth.reports[life] += msgspec.msgpack.decode(body.reports, type=list[Report])
        elif isinstance(body, Final):
            self._truth.finals[life].append(record)
        self._send(Records(runner=self.name, boot=self.spool.boot, records=(record,)))

    # ------------------------------------------------------------------ training

    async def _train(self, lease: Lease) -> None:
        async with self._slots:
            if lease.ended or lease.fenced:
                return
            self._truth.executions[(*lease.key, self.life)] += 1
            self._append(lease, Started(slot=self.name))
            script = Script.of(self._network.seed, lease.assignment.number)
            for step, value in enumerate(script.values):
                await asyncio.sleep(self._dice.uniform(0.5, 6.0))
                if lease.fenced:
                    return
                if lease.desired is Desired.PRUNE:
                    self._append(lease, Final(outcome=Outcome.PRUNED))
                    return
                report = (step, 1.0, {"score": value, "attempt": float(lease.key[1])})
                self._append(lease, Reported(reports=msgspec.Raw(msgspec.msgpack.encode([report]))))
            self._end(lease, script)

    def _end(self, lease: Lease, script: Script) -> None:
        score = float("nan") if script.end == "nan" else float(lease.assignment.number)
        match script.end:
            case "poison":
                self.kill()
            case "crash" | "raise":
                crash = script.end == "crash"
                kind = FailureKind.CRASH if crash else FailureKind.EXCEPTION
                failure = Failure(kind=kind, reason=f"trial {lease.assignment.number} {script.end}")
                self._append(lease, Final(outcome=Outcome.FAILED, failure=failure))
            case _:
                self._append(lease, Final(outcome=Outcome.COMPLETE, metrics={"score": score}))

    def soon(self, job: Coroutine[None, None, None]) -> None:
        """Run ``job`` as a part of this life of the runner."""
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._truth.errors.append(repr(error))
