"""The orchestrator's asynchronous shell: messages in, orders out, everything stored in between.

One turn after another: take what arrived, decide (pure), store it all in one transaction, then
publish the orders and acknowledge. While a turn is being stored the next messages gather, so a busy
service writes large transactions and an idle one answers at once. A crash between any two steps
heals by repetition: what was applied is recognised and only answered again.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from orchestrator.leases import Leases, Verdict
from orchestrator.pruning.build import build_pruner
from orchestrator.sampling import Sampler
from orchestrator.scheduling import Runner, plan, very_short
from orchestrator.store.store import Store
from orchestrator.study_engine import StudyEngine
from orchestrator.suggestions import Ask
from orchestrator.trials import Changes, Moment, Trial
from schema.broker import Broker, Delivery
from schema.codec import orders_codec, runner_codec
from schema.errors import Undecodable, WrongInput
from schema.identity import runner_queue, runners_inbox, trial_seed
from schema.messages import (
    Assignment,
    FromRunner,
    Heartbeat,
    Hello,
    Orders,
    Records,
)
from schema.study import Direction, StudySpec
from schema.trial import TrialState
from schema.values import Value

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
GATHER_SECONDS = 0.002
"""Where trials are shorter than a transaction, a turn waits this long for company."""

OFFER_AGAIN_SECONDS = 2.0
"""An assignment of which a runner's heartbeat knows nothing after this long is sent again."""

PRESENT_SECONDS = 30.0
"""A runner that was silent for longer, six heartbeats, is handed no further trials."""


class Mail:
    """What one turn has to say, runner by runner."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[tuple[int, int], int]] = {}
        self.assignments: dict[str, list[tuple[StudyEngine, Trial]]] = {}
        self.introduce: set[str] = set()

    def answer(self, runner: str, trial: int, attempt: int, seq: int) -> None:
        """Tell ``runner`` what holds for this attempt."""
        known = self.answers.setdefault(runner, {})
        known[trial, attempt] = max(seq, known.get((trial, attempt), 0))

    def runners(self) -> set[str]:
        """Everyone who gets mail."""
        return {*self.answers, *self.assignments, *self.introduce}


class Service:
    """Serves the studies of one database to the runners on one broker."""

    def __init__(self, store: Store, broker: Broker, sampler: Sampler) -> None:
        self.leases = Leases()
        self.runners: dict[str, Runner] = {}
        self.engines: dict[int, StudyEngine] = {}
        self._store = store
        self._broker = broker
        self._sampler = sampler
        self._codec = runner_codec()
        self._orders = orders_codec()
        self._inbox: list[Delivery] = []
        self._suggested: list[tuple[StudyEngine, list[tuple[Ask, dict[str, Value]]]]] = []
        self._asking: set[int] = set()
        self._demand: dict[int, int] = {}
        self._next_trial = 1
        self._next_tick = 0.0
        self._deciding = asyncio.Lock()  # a turn never sees a study that is half open
        self._work = asyncio.Event()
        self._hungry = asyncio.Event()
        self._changed = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self._crash: asyncio.Future[None]

    # ------------------------------------------------------------------ life

    async def __aenter__(self) -> Self:
        self._next_trial = await self._store.next_trial_id()
        self._crash = asyncio.get_running_loop().create_future()
        await self._broker.declare(runners_inbox())
        await self._broker.consume(runners_inbox(), self._receive, prefetch=4096)
        for job in (self._serve(), self._tick(), self._sample()):
            task = asyncio.create_task(job)
            task.add_done_callback(self._ended)
            self._tasks.append(task)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._crash.done():
            self._crash.exception()

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) and not self._crash.done():
            self._crash.set_exception(error)

    async def finished(self, engine: StudyEngine) -> None:
        """Returns when the study has no more to do.

        Raises:
            StoreError: the service had to end, because nothing can be stored any more.
        """

        async def wait() -> None:
            async with self._changed:
                await self._changed.wait_for(lambda: engine.done)

        waiting = asyncio.create_task(wait())
        try:
            await asyncio.wait({waiting, self._crash}, return_when=asyncio.FIRST_COMPLETED)
            if self._crash.done():
                self._crash.result()
        finally:
            waiting.cancel()

    # ------------------------------------------------------------------ studies

    async def open_study(self, spec: StudySpec, *, orphaned: str = "") -> StudyEngine:
        """Create the study, or go on with the one of this name.

        ``orphaned`` says why no lease of an earlier run can still be held, where that is certain
        (its runners lived in a process that ended); empty lets them run out in their own time.

        Raises:
            WrongInput: a study of this name has another objective or space.
        """
        moment = self._now()
        row = await self._store.study(spec.name)
        if row is None:
            row = await self._store.create_study(spec, moment.wall)
        else:
            _check_same(row.spec, spec)
            if row.spec != spec:
                await self._store.update_study(row.id, spec)
        maximize = spec.metric.direction is Direction.MAXIMIZE
        pruner = build_pruner(spec.settings.pruner, maximize=maximize, study_name=spec.name)
        engine = StudyEngine(row.id, spec, pruner, self.leases)
        async with self._deciding:
            past = engine.restore(*await self._store.load(row.id), moment)
            if not past:
                engine.queued.append(spec.objective.space.defaults())
            await self._sampler.open(row.id, spec, past)
            if orphaned:
                changes = Changes()
                for trial in engine.running():
                    engine.lose(trial, orphaned, moment, changes)
                await self._store.commit(changes)
            self.engines[row.id] = engine
        self._work.set()
        return engine

    def close_study(self, engine: StudyEngine, because: str) -> None:
        """Hand out no more trials of this study; those that run go on."""
        engine.close(because)
        self._work.set()

    # ------------------------------------------------------------------ tasks

    def _receive(self, delivery: Delivery) -> None:
        self._inbox.append(delivery)
        self._work.set()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._work.set()

    async def _serve(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            inbox, self._inbox = self._inbox, []
            async with self._deciding:
                await self._turn(inbox)
            if any(map(very_short, self.engines.values())):
                await asyncio.sleep(GATHER_SECONDS)

    async def _sample(self) -> None:
        while True:
            await self._hungry.wait()
            self._hungry.clear()
            for engine in list(self.engines.values()):
                if engine.id in self._asking:
                    continue
                asks = engine.asks(self._demand.get(engine.id, 0))
                if not asks:
                    continue
                self._asking.add(engine.id)
                tells, engine.tells = engine.tells, []
                found = await self._sampler.exchange(engine.id, tells, asks)
                if not found:
                    engine.close("every configuration has been tried")
                self._suggested.append((engine, found))
                self._work.set()

    # ------------------------------------------------------------------ one turn

    async def _turn(self, inbox: Sequence[Delivery]) -> None:
        moment = self._now()
        changes, mail = Changes(), Mail()
        self._create(moment, changes)
        for delivery in inbox:
            try:
                message = self._codec.decode(delivery.body)
            except Undecodable as error:
                logger.warning("a message was put aside: %s", error)
                continue
            self._handle(message, moment, changes, mail)
        if moment.mono >= self._next_tick:
            self._next_tick = moment.mono + TICK_SECONDS
            self._expire(moment, changes)
        present = [r for r in self.runners.values() if moment.mono - r.seen <= PRESENT_SECONDS]
        grants, self._demand = plan(present, self.engines.values(), self.leases)
        for grant in grants:
            boot = self.runners[grant.runner].boot
            grant.engine.grant(grant.trial, grant.runner, moment, changes, boot)
            mail.assignments.setdefault(grant.runner, []).append((grant.engine, grant.trial))
        if changes:
            await self._store.commit(changes)
        for runner in mail.runners():
            await self._post(runner, mail)
        for delivery in inbox:
            await delivery.acknowledge()
        if any(self._demand.values()):
            self._hungry.set()
        async with self._changed:
            self._changed.notify_all()

    def _create(self, moment: Moment, changes: Changes) -> None:
        suggested, self._suggested = self._suggested, []
        for engine, found in suggested:
            self._asking.discard(engine.id)
            for ask, sampled in found:
                engine.create(self._next_trial, ask, sampled, moment, changes)
                self._next_trial += 1

    def _handle(self, message: FromRunner, moment: Moment, changes: Changes, mail: Mail) -> None:
        known = self.runners.get(message.runner)
        if isinstance(message, Hello):
            self._welcome(message, moment, changes)
            mail.answers.setdefault(message.runner, {})
            return
        if known is None or known.boot != message.boot:
            mail.introduce.add(message.runner)
        else:
            known.seen = moment.mono
        if isinstance(message, Records):
            self._apply(message, moment, changes, mail)
        else:
            self._renew(message, moment, changes, mail)

    def _welcome(self, message: Hello, moment: Moment, changes: Changes) -> None:
        self.runners[message.runner] = Runner(
            name=message.runner,
            boot=message.boot,
            slots=message.slots,
            offers=frozenset(offer.entry for offer in message.offers),
            seen=moment.mono,
        )
        for trial in list(self.leases.held.get(message.runner, {}).values()):
            if trial.boot not in ("", message.boot):
                because = f"{message.runner} was started anew"
                self.engines[trial.study].lose(trial, because, moment, changes)

    def _apply(self, message: Records, moment: Moment, changes: Changes, mail: Mail) -> None:
        for record in message.records:
            if self.leases.judge(message.runner, record) is Verdict.APPLY:
                trial = self.leases.live[record.trial]
                self.engines[trial.study].apply(trial, record, moment, changes)
            mail.answer(message.runner, record.trial, record.attempt, record.seq)

    def _renew(self, message: Heartbeat, moment: Moment, changes: Changes, mail: Mail) -> None:
        mail.answers.setdefault(message.runner, {})
        claimed: set[int] = set()
        for trial in self.leases.renew(message.runner, message.leases, moment.mono):
            self.engines[trial.study].taken_back(trial, moment, changes)
        for claim in message.leases:
            claimed.add(claim.trial)
            mail.answer(message.runner, claim.trial, claim.attempt, claim.seq)
        for trial in self.leases.held.get(message.runner, {}).values():
            silent = moment.mono - trial.heard
            if (
                trial.state is TrialState.LEASED
                and trial.boot == message.boot
                and trial.id not in claimed
                and silent > OFFER_AGAIN_SECONDS
            ):
                offer = (self.engines[trial.study], trial)
                mail.assignments.setdefault(message.runner, []).append(offer)

    def _expire(self, moment: Moment, changes: Changes) -> None:
        for trial in self.leases.expired(moment.mono):
            because = f"nothing was heard of it for {self.leases.lease_seconds:g} s"
            self.engines[trial.study].suspend(trial, because, moment, changes)

    async def _post(self, runner: str, mail: Mail) -> None:
        answers = mail.answers.get(runner, {})
        orders = Orders(
            term=self._store.term,
            leases=tuple(
                self.leases.order(runner, trial, attempt, seq)
                for (trial, attempt), seq in answers.items()
            ),
            assignments=tuple(_assignment(e, t) for e, t in mail.assignments.get(runner, ())),
            introduce=runner in mail.introduce,
        )
        await self._broker.publish(runner_queue(runner), self._orders.encode(orders))

    @staticmethod
    def _now() -> Moment:
        return Moment(time.time(), time.monotonic())


def _assignment(engine: StudyEngine, trial: Trial) -> Assignment:
    return Assignment(
        trial=trial.id,
        attempt=trial.attempt,
        study=engine.spec.name,
        number=trial.number,
        objective=engine.spec.objective.entry,
        values=trial.config,
        seed=trial_seed(engine.spec.seed, trial.number),
        boot=trial.boot,
        limit_seconds=engine.spec.settings.limits.trial_seconds,
        tune=tuple(v for v in engine.spec.objective.space.variables if v.after_training),
    )


def _function(entry: str) -> str:
    """An entry point without the folders that lead to it, which may change."""
    return entry.replace("\\", "/").rpartition("/")[2]


def _check_same(stored: StudySpec, wanted: StudySpec) -> None:
    new = "take another name with --study, or another database with --db"
    if _function(stored.objective.entry) != _function(wanted.objective.entry):
        raise WrongInput(
            f"study {stored.name!r} is of the objective {stored.objective.entry}, not "
            f"{wanted.objective.entry}; {new}"
        )
    if stored.objective.metrics != wanted.objective.metrics:
        raise WrongInput(f"study {stored.name!r} optimises other metrics; {new}")
    if stored.objective.space.fingerprint() != wanted.objective.space.fingerprint():
        raise WrongInput(f"study {stored.name!r} was made with another search space; {new}")
