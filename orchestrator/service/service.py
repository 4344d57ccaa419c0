"""The orchestrator's asynchronous shell: messages in, orders out, everything stored in between.

One turn after another: take what arrived, **decide** (pure), **persist** it all in one transaction,
then **publish** the orders and **acknowledge**. While a turn is being stored the next messages
gather, so a busy service writes large transactions and an idle one answers at once. A crash between
any two steps heals by repetition: what was applied is recognised and only answered again.

What a client changes is a turn of its own, in the same order. What it asks is answered beside them.
A message whose handling fails is put aside, and what was decided with it is forgotten.
"""

import asyncio
import logging
import time
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Self

from orchestrator.engine.leases import Leases
from orchestrator.engine.progress import progress_of
from orchestrator.engine.scheduling import plan, very_short
from orchestrator.engine.study_engine import StudyEngine
from orchestrator.engine.trials import Moment
from orchestrator.reading.results import LateResults
from orchestrator.sampling import Sampler
from orchestrator.service.alarm import Alarm
from orchestrator.service.chronicle import Chronicle
from orchestrator.service.clients import Clients, answered, failure, refused
from orchestrator.service.commands import Commands
from orchestrator.service.inbox import Inbox
from orchestrator.service.jobs import Jobs
from orchestrator.service.ledger import Ledger
from orchestrator.service.news import News
from orchestrator.service.post import Post
from orchestrator.service.questions import Questions
from orchestrator.service.reception import Reception
from orchestrator.service.runners import FORGOTTEN_SECONDS
from orchestrator.service.studies import Studies
from orchestrator.service.supply import Supply
from orchestrator.service.turn import Address, Turn
from orchestrator.store.store import Store
from schema.broker import Broker, Delivery
from schema.commands.service import ServiceOverview
from schema.commands.studies import CreateStudy
from schema.errors import StoreError, TrialMQError
from schema.failpoints import reach
from schema.identity import ORCHESTRATOR, clients_inbox, runners_inbox
from schema.messages import PROTOCOL, Steer
from schema.requests import Change, Request
from schema.results import Progress
from schema.study import StudySpec

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
LATE_SECONDS = 10.0
"""A tick that is so late says that this process stood still, and could hear nobody."""

ARRIVING_SECONDS = 6.0
"""After a restart each runner has introduced itself again by then: a heartbeat and a moment."""

GATHER_SECONDS = 0.005
"""Where trials are shorter than a transaction, a turn waits this long for company."""


class Service:
    """Serves the studies of one database to the runners and clients on one broker.

    A ``resident`` service goes on with every study that is not finished, and waits for a disk that
    is full or fails; otherwise it serves what it is told to open, and ends with the disk's error.
    ``version`` is TrialMQ's, as it is told to runners and clients.
    """

    def __init__(
        self,
        store: Store,
        broker: Broker,
        sampler: Sampler,
        *,
        orchestrator: str = ORCHESTRATOR,
        resident: bool = False,
        version: str = "",
    ) -> None:
        self.leases = Leases()
        self._store = store
        self._ledger = Ledger(store, patient=resident)
        self._broker = broker
        self._name = orchestrator
        self._resident = resident
        self._version = version
        self._results = LateResults(store.path)
        self._studies = Studies(store, self.leases)
        self._reception = Reception(self.leases, self._studies.engines, version)
        self._chronicle = Chronicle(self._studies.engines, self._reception.runners, self.leases)
        self._supply = Supply(sampler, self._studies.engines, self._wake)
        self._jobs = Jobs()
        self._post = Post(
            broker, orchestrator, self.leases, self._reception.runners, store.term, self._jobs
        )
        self._news = News(store.term)
        self._questions = Questions(
            self._overview,
            self._studies,
            self._reception,
            self.leases,
            self._results.get,
            self._news,
            self._progress,
        )
        self._commands = Commands(
            store, self._studies, self._supply, self._reception, self._questions, self.leases.live
        )
        self.clients = Clients(
            broker, self._questions, self._change, self._put_aside, _now, self._jobs, orchestrator
        )
        self._inbox = Inbox()
        self._aside: list[tuple[str, str, bytes]] = []
        self._began = _now()
        self._next_tick = 0.0
        self._alarm = Alarm(self._wake)
        self._deciding = asyncio.Lock()  # one turn at a time
        self._work = asyncio.Event()
        self._turned = asyncio.Event()  # of the present turn; each has one of its own

    # ------------------------------------------------------------------ life

    async def __aenter__(self) -> Self:
        moment = self._began = _now()
        self._next_tick = moment.mono
        self._jobs.begin()
        self._supply.next_trial = await self._store.next_trial_id()
        self._reception.steered |= {
            runner: Steer(steer) for runner, steer in (await self._store.steered()).items()
        }
        await self._studies.begin()
        if self._resident:
            # Before anyone is heard, so that nobody is told that his trial is not known.
            for engine, past in await self._studies.resume(moment):
                self._supply.open_later(engine, past)
        for queue, receiver, prefetch in (
            (runners_inbox(self._name), self._receive, 1024),
            (clients_inbox(self._name), self.clients.receive, 64),
        ):
            await self._broker.declare(queue)
            await self._broker.consume(queue, receiver, prefetch=prefetch)
        for job in (self._serve(), self._tick(), self._supply.run(), self._studies.learn()):
            self._jobs.start(job)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._alarm.cancel()
        async with AsyncExitStack() as last_to_first:  # all of them, also when this is cancelled
            last_to_first.push_async_callback(self._results.close)
            last_to_first.push_async_callback(self._supply.close)
            last_to_first.push_async_callback(self._jobs.end)
            last_to_first.push_async_callback(self._post.flush)

    async def broken(self) -> None:
        """Never returns.

        Raises:
            Deposed: another orchestrator took over.
            StoreError: nothing can be stored any more.
        """
        await self._jobs.broken()

    async def finished(self, engine: StudyEngine) -> None:
        """Returns when the study has no more to do.

        Raises:
            StoreError: as `broken`.
        """

        async def wait() -> None:
            while True:
                async with self._deciding:  # what is decided is stored by then
                    if engine.done and self._studies.settled(engine):
                        return
                    turned = self._turned
                await turned.wait()

        waiting = asyncio.create_task(wait())
        try:
            await self._jobs.wait(waiting)
        finally:
            waiting.cancel()

    # ------------------------------------------------------------------ studies, in this process

    async def open_study(self, spec: StudySpec, *, orphaned: str = "") -> StudyEngine:
        """Create the study, or go on with the one of this name.

        ``orphaned`` says why no lease of an earlier run can still be held, where that is certain
        (its runners lived in a process that ended); empty lets them run out in their own time.

        Raises:
            WrongInput: a study of this name has another objective or space.
        """
        async with self._deciding:
            turn = Turn(_now())
            engine, past = await self._studies.open(spec, "", turn)
            self._reception.study_opened(engine, turn)
            self._supply.begin_session(engine, turn)
            if orphaned:
                for trial in engine.running():
                    engine.lose(trial, orphaned, turn.moment, turn.changes)
            self._settle(turn)
            await self._complete(turn)
        reach("study.created")
        if past is not None:
            await self._supply.open(engine, past)
        self._studies.lessons.set()
        self._wake()
        return engine

    def close_study(self, engine: StudyEngine, because: str) -> None:
        """Hand out no more trials of this study; those that run go on."""
        engine.close(because)
        self._wake()

    # ------------------------------------------------------------------ tasks

    def _wake(self) -> None:
        self._work.set()

    def _receive(self, delivery: Delivery) -> None:
        self._inbox.put(delivery)
        self._work.set()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self._work.set()

    async def _serve(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            async with self._deciding:
                await self._turn(self._inbox.take())
            if self._inbox:
                self._work.set()
            short = any(map(very_short, self._studies.engines.values()))
            await asyncio.sleep(GATHER_SECONDS if short else 0)

    # ------------------------------------------------------------------ one turn

    async def _turn(self, inbox: list[Delivery]) -> None:
        turn = Turn(_now())
        try:
            self._decide(inbox, turn)
        except Exception as error:
            if not (self._resident and inbox):
                raise
            logger.exception("a turn of %d messages failed", len(inbox))
            await self._start_anew()
            if len(inbox) > 1:
                self._inbox.put_back(inbox)
                return
            turn = Turn(_now())
            turn.quarantine(inbox[0].sender or "a runner", failure(error), inbox[0].body)
        await self._complete(turn)
        for delivery in inbox:
            await delivery.acknowledge()
        reach("service.after_acknowledge")
        self._turned.set()
        self._turned = asyncio.Event()

    def _decide(self, inbox: list[Delivery], turn: Turn) -> None:
        self._supply.create(turn)
        for delivery in inbox:
            self._reception.take(delivery.sender, delivery.body, turn)
        for source, why, raw in self._aside:
            turn.quarantine(source, why, raw)
        if turn.changes.quarantined:
            count, (_, source, why, _) = len(turn.changes.quarantined), turn.changes.quarantined[-1]
            logger.warning("%d messages were put aside; the last, of %s: %s", count, source, why)
        if turn.moment.mono >= self._next_tick:
            self._watch(turn)
        now = turn.moment.mono
        available = [r for r in self._reception.runners.values() if r.available(now)]
        grants, demand = plan(available, self._studies.engines.values(), self.leases, now)
        for grant in grants:
            boot = self._reception.runners[grant.runner].boot
            grant.engine.grant(grant.trial, grant.runner, turn.moment, turn.changes, boot)
            turn.assign(Address(grant.runner, boot), grant.engine, grant.trial)
        self._settle(turn)
        self._supply.want(demand)
        self._aside.clear()

    def _settle(self, turn: Turn) -> None:
        self._studies.settle(turn)
        self._alarm.at(self._studies.due(), turn.moment.mono)

    async def _start_anew(self) -> None:
        """A decision failed half-way: go back to what is stored, as after a restart."""
        for engine in self._studies.engines.values():
            self._supply.forget(engine)
        for engine, past in await self._studies.resume_anew(_now()):
            self._supply.open_later(engine, past)

    def _watch(self, turn: Turn) -> None:
        """Once a tick: whose lease has run out? While nobody can be heard, nobody's."""
        late = turn.moment.mono - self._next_tick
        self._next_tick = turn.moment.mono + TICK_SECONDS
        if late > LATE_SECONDS or not self._broker.connected:
            self.leases.excuse(turn.moment.mono)
        self._reception.expire(turn)
        self._reception.forget(turn.moment, FORGOTTEN_SECONDS)
        for engine in self._studies.retire(turn.moment) if self._resident else ():
            self._supply.forget(engine)
            self._reception.study_closed(engine)

    async def _complete(self, turn: Turn) -> None:
        """Persist, then publish: nobody is told of what is not stored.

        But for one thing. That a trial is to be pruned is said at once, because the training waits
        for it: a trial that was ended for a verdict which was then not stored is judged again, and
        is pruned, whoever ended it. Only an orchestrator that was in office a moment ago may.
        """
        if turn.pruned and self._ledger.fresh:
            self._post.hint(turn)
        await self._ledger.commit(turn.changes)
        self._news.tell(turn.changes)
        await self._post.send(turn)
        try:
            self._chronicle.tell(turn)
        except Exception:
            logger.exception("the turn is done, and could not be told of")
        reach("service.after_publish")

    # ------------------------------------------------------------------ clients

    async def _change(self, request: Request, change: Change) -> bytes:
        """Carry out what a client wants changed, once however often it asks."""
        if isinstance(change, CreateStudy) and self._store.term > 1:
            await self._arrivals(change.spec.objective.entry)
        async with self._deciding:
            before = await self._store.answer_to(request.client, request.id)
            if before is not None:
                return before
            turn = Turn(_now())
            try:
                result = await self._commands.carry_out(change, request.client, turn)
            except StoreError:
                raise
            except TrialMQError as error:
                return refused(request.id, error)
            except Exception:
                if self._resident:
                    await self._start_anew()
                raise
            answer = answered(request.id, result)
            kept = (turn.moment.wall, request.client, request.id, answer)
            turn.changes.answered.append(kept)
            self._settle(turn)
            await self._complete(turn)
        reach("study.created" if isinstance(change, CreateStudy) else "settings.changed")
        self._studies.lessons.set()
        self._wake()
        return answer

    async def _arrivals(self, entry: str) -> None:
        """Just started again, wait for a runner that offers this: they train, and are not known."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._began.mono + ARRIVING_SECONDS):
                while not self._questions.offering(entry, _now()):
                    await self._turned.wait()

    def _put_aside(self, source: str, why: str, raw: bytes) -> None:
        self._aside.append((source, why, raw))
        self._wake()

    async def _progress(self, engine: StudyEngine) -> Progress:
        """A study as it is once what was decided of it is stored, or cannot be."""
        if self._ledger.degraded:
            return progress_of(engine)
        async with self._deciding:
            return progress_of(engine)

    def _overview(self) -> ServiceOverview:
        return ServiceOverview(
            orchestrator=self._name,
            version=self._version,
            protocol=PROTOCOL,
            term=self._store.term,
            database=str(self._store.path),
            started=self._began.wall,
            degraded=self._ledger.degraded,
        )


def _now() -> Moment:
    return Moment(time.time(), time.monotonic())
