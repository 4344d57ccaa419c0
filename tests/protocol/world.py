"""A world: the real service and store on a faulty network, runners, a nemesis, and an oracle.

In virtual time and from a seed. Faults stop after a while; then every trial must end. What is real:
``Service``, ``StudyEngine``, ``Leases``, ``plan``, ``Store`` with its SQL, ``Spool`` and both
codecs. What is simulated: the clock, the network, the sampler, training, and death.
"""

import asyncio
import math
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar
from unittest.mock import patch

import aiosqlite
import msgspec

from orchestrator.engine.retries import MAX_CRASHES, MAX_LOSSES
from orchestrator.engine.suggestions import Ask, Past, Told
from orchestrator.reading.results import Results
from orchestrator.sampling import Sampler
from orchestrator.service.service import Service
from orchestrator.store.database import Database
from orchestrator.store.queries import migrations, query
from orchestrator.store.store import Deposed, Store
from schema.messages import Final
from schema.results import TrialResult
from schema.study import StudySpec
from schema.trial import ENDED, FailureKind, Outcome, TrialState
from schema.values import Value
from tests.orchestrator.one_study import study_spec
from tests.protocol.faulty_network import Killed, Network, Wire
from tests.protocol.simulated_runner import Script, SimulatedRunner, Truth
from tests.protocol.virtual_time import VirtualTimeLoop

T = TypeVar("T")
TRIALS = 8
LEASE_SECONDS = 30.0
FAULTS_UNTIL = 240.0
LIMIT = 4000.0


class Disk(Database):
    """The real database on SQLite in memory, called on the spot; a commit may be the end."""

    def __init__(self, sqlite: sqlite3.Connection, wire: Wire | None = None) -> None:
        super().__init__(Path("world"), aiosqlite.Connection(lambda: sqlite, iter_chunk_size=1))
        self._sqlite = sqlite
        self._wire = wire

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` now."""
        return work(self._sqlite)

    async def transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Commit, unless the process dies before or just after it."""
        assert self._wire is not None
        self._wire.step()
        result = await super().transact(work)
        self._wire.step()
        return result


class CountingSampler(Sampler):
    """Suggests nothing of interest, and sees to it that it is asked and told once."""

    def __init__(self, violations: list[str]) -> None:
        super().__init__()
        self._violations = violations
        self._alive: set[int] = set()

    async def open(self, study: int, spec: StudySpec, past: Sequence[Past]) -> None:
        """Take the trials of earlier lives."""
        self._alive = {p.number for p in past if p.told is None}

    async def exchange(
        self, study: int, tells: Iterable[Told], asks: Iterable[Ask]
    ) -> list[tuple[Ask, dict[str, Value]]]:
        """Every trial that was asked for is told once."""
        for told in tells:
            if told.number not in self._alive:
                self._violations.append(f"the sampler was told twice of trial {told.number}")
            self._alive.discard(told.number)
        found: list[tuple[Ask, dict[str, Value]]] = [(ask, {"training.x": 0.5}) for ask in asks]
        self._alive |= {ask.number for ask, _ in found}
        return found


class World:
    """A study of eight trials on one to three runners, under everything that can go wrong."""

    def __init__(self, seed: int) -> None:
        self.violations: list[str] = []
        self.truth = Truth()
        self.seen: Counter[str] = Counter()
        self._seed = seed
        self._network = Network(seed)
        self._dice = self._network.random("nemesis")
        self._spec = study_spec(trials=TRIALS)
        self._sqlite = sqlite3.connect(":memory:", isolation_level=None)
        for _, script in migrations():
            self._sqlite.executescript(script)
        self._sqlite.execute(query("insert_meta"), (0.0,))
        self._runners = [
            SimulatedRunner(
                self._network,
                f"runner-{i}",
                self._spec.objective,
                self.truth,
                durable=seed % 2 == 0,
            )
            for i in range(1 + seed % 3)
        ]
        self._lost: SimulatedRunner | None = None
        self._wire: Wire | None = None
        self._finished = asyncio.Event()
        self._lives: set[asyncio.Task[None]] = set()
        self._again = asyncio.Event()

    @classmethod
    def run(cls, seed: int) -> "World":
        """Run the world of this seed to its end; ``violations`` then says what was wrong."""
        loop = VirtualTimeLoop()
        world = cls(seed)
        clock = _Clock(loop)
        with (
            patch("orchestrator.service.service.time", clock),
            patch("orchestrator.service.ledger.time", clock),
        ):
            try:
                loop.run_until_complete(world._run())
            finally:
                loop.close()
        world._sqlite.close()
        return world

    async def _run(self) -> None:
        nemesis = asyncio.create_task(self._nemesis())
        orchestrator = asyncio.create_task(self._orchestrate())
        for runner in self._runners:
            await runner.boot()
        try:
            async with asyncio.timeout(LIMIT):
                await self._finished.wait()
        except TimeoutError:
            self.violations.append(f"not everything had ended after {LIMIT:g} s")
        for task in (nemesis, orchestrator, *self._lives):
            task.cancel()
        for runner in self._runners:
            runner.kill()
        everyone = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*everyone, return_exceptions=True)
        await self._check()

    # ------------------------------------------------------------------ processes

    async def _orchestrate(self) -> None:
        """One orchestrator after another; a frozen one is not gone when the next one starts."""
        while True:
            self._again.clear()
            life = asyncio.create_task(self._live())
            self._lives.add(life)
            life.add_done_callback(self._died)
            await self._again.wait()
            await asyncio.sleep(self._dice.uniform(0.5, 40.0))

    def _died(self, life: asyncio.Task[None]) -> None:
        self._lives.discard(life)
        if not self._lives:
            self._again.set()

    async def _live(self) -> None:
        wire = self._wire = Wire(self._network, "orchestrator", dies_while_sending=0.003)
        disk = Disk(self._sqlite, wire)
        try:
            term = await disk.transact(lambda db: int(db.execute(query("take_term")).fetchone()[0]))
            sampler = CountingSampler(self.violations)
            async with Service(Store(disk, term), wire, sampler) as service:
                service.leases.lease_seconds = LEASE_SECONDS
                engine = await service.open_study(self._spec)
                await service.finished(engine)
                while any(runner.spool.leases for runner in self._lasting) or self._network.faulty:
                    await asyncio.sleep(1.0)
                    await service.finished(engine)
                self._finished.set()
        except Killed:
            self.seen["orchestrator killed"] += 1
        except Deposed:
            self.seen["orchestrator deposed"] += 1
        except Exception as error:
            self.violations.append(f"the service ended with {error!r}")
            self._finished.set()
        finally:
            wire.alive = False

    async def _nemesis(self) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < FAULTS_UNTIL:
            await asyncio.sleep(self._dice.uniform(3.0, 25.0))
            self._strike()
        self._network.faulty = False
        self._network.cut.clear()
        while True:  # whoever is killed by a poisonous trial comes back
            await asyncio.sleep(5.0)
            for runner in self._lasting:
                await runner.boot()

    @property
    def _lasting(self) -> list[SimulatedRunner]:
        """The runners that come back whatever befalls them."""
        return [runner for runner in self._runners if runner is not self._lost]

    def _strike(self) -> None:
        loop = asyncio.get_running_loop()
        fault = self._dice.choices(
            ["orchestrator", "frozen", "runner", "partition", "broker"], [20, 10, 30, 25, 15]
        )[0]
        self.seen[fault] += 1
        victim = self._dice.choice(self._runners)
        match fault:
            case "orchestrator":
                if self._wire is not None:
                    self._wire.alive = False
                    for life in self._lives:
                        life.cancel()
            case "frozen":
                self._again.set()
            case "runner":
                victim.kill()
                if self._lost is None and len(self._runners) > 2:
                    self._lost = victim
                    self.seen["runner lost for good"] += 1
            case "partition":
                self._network.cut.add(victim.name)
                seconds = self._dice.choice([0.3, 1.3, 1.5, 4.0]) * LEASE_SECONDS
                loop.call_later(seconds, self._network.cut.discard, victim.name)
            case "broker":
                self._network.lose_everything()
        for runner in self._lasting:
            if not runner.alive and self._dice.random() < 0.7:
                runner.soon(runner.boot())

    # ------------------------------------------------------------------ the oracle

    async def _check(self) -> None:
        self.violations += self.truth.errors
        results = Results(Disk(self._sqlite))
        study = await results.study(self._spec.name)
        trials = await results.trials(study)
        numbers = [trial.number for trial in trials]
        self._expect(numbers == list(range(TRIALS)), f"the trials are {numbers}")
        events = await results.events(study)
        ends = Counter(event.trial for event in events if event.kind in ENDED)
        self.seen.update(event.kind for event in events)
        pruned = {event.trial for event in events if event.kind == "prune"}
        for trial in trials:
            self._expect(trial.state.ended, f"trial {trial.number} is still {trial.state}")
            self._expect(ends[trial.number] == 1, f"trial {trial.number} ended {ends} times")
            await self._check_trial(results, trial)
            self.seen["poison"] += trial.failure is FailureKind.POISON
            if trial.state is TrialState.COMPLETE and trial.number in pruned:
                self.seen["complete although it was to be pruned"] += 1
        late = self._sqlite.execute("SELECT count(*) FROM stale").fetchone()[0]
        self.seen["late results that were kept"] += late
        for life, times in self.truth.executions.items():
            self._expect(times == 1, f"{life} was executed {times} times")
        for life, finals in self.truth.finals.items():
            self._expect(len(finals) == 1, f"{life} ended {len(finals)} times")
        await self._check_forgotten(results, trials)

    async def _check_trial(self, results: Results, trial: TrialResult) -> None:
        about = f"trial {trial.number} ({trial.state}, attempt {trial.attempt})"
        script = Script.of(self._seed, trial.number)
        stored = await results.curve(trial)
        lives = [life for life in self.truth.executions if life[:2] == (trial.id, trial.attempt)]
        told = [self.truth.reports[life] for life in lives]
        self._expect(
            any(curve[: len(stored)] == stored for curve in told) or not stored,
            f"{about}: stored {stored}, reported {told}",
        )
        if trial.state is TrialState.COMPLETE:
            self._expect(stored in told, f"{about}: stored {stored}, reported {told}")
            self._expect(len(stored) == len(script.values), f"{about}: {len(stored)} reports")
            self._expect(trial.value == trial.number, f"{about} has the value {trial.value}")
        if trial.state is TrialState.PRUNED:
            self._expect(min(script.values) < 0, f"{about} was pruned for nothing")
        self._expect(len(stored) == trial.reports, f"{about}: {trial.reports} of {len(stored)}")
        self._expect(trial.crashes <= MAX_CRASHES + 1, f"{about}: {trial.crashes} crashes")
        self._expect(trial.losses <= MAX_LOSSES + 1, f"{about}: {trial.losses} losses")
        attempts = await results.attempts(trial)
        self._expect(
            [a.number for a in attempts] == list(range(1, trial.attempt + 1)),
            f"{about} has the attempts {[a.number for a in attempts]}",
        )
        still = [a.number for a in attempts if a.ended is None]
        self._expect(not still, f"{about}: the attempts {still} never ended")
        given_back = sum(a.outcome == Outcome.RELEASED for a in attempts)
        self._expect(
            trial.attempt <= 1 + trial.crashes + trial.losses + given_back,
            f"{about}: {trial.crashes} crashes, {trial.losses} losses, {given_back} given back",
        )

    async def _check_forgotten(self, results: Results, trials: Sequence[TrialResult]) -> None:
        """Whatever a runner forgot, because it was told that it is stored, is stored."""
        by_id = {trial.id: trial for trial in trials}
        ends = {life[:2]: records[-1] for life, records in self.truth.finals.items()}
        for (trial_id, attempt), seq in self.truth.forgotten.items():
            trial = by_id.get(trial_id)
            if trial is None:
                self._expect(seq == 0, f"trial id {trial_id} was forgotten and never stored")
                continue
            about = f"trial {trial.number}, attempt {attempt}"
            if trial.attempt == attempt:
                self._expect(trial.applied >= seq, f"{about}: {trial.applied} of {seq} are stored")
            end = ends.get((trial_id, attempt))
            if end is not None and end.seq <= seq:
                outcomes = {a.number: a.outcome for a in await results.attempts(trial)}
                expected = _outcome_of(end.body)
                self._expect(
                    outcomes.get(attempt) == expected,
                    f"{about}: {expected} was forgotten, {outcomes.get(attempt)} is stored",
                )

    def _expect(self, holds: bool, otherwise: str) -> None:
        if not holds:
            self.violations.append(otherwise)


def _outcome_of(end: object) -> Outcome:
    """How an attempt that ended so is to be stored: a value that is NaN is a failure."""
    assert isinstance(end, Final)
    return Outcome.FAILED if any(map(math.isnan, end.metrics.values())) else end.outcome


class _Clock(msgspec.Struct):
    """The module ``time`` of this world; nothing but the loop tells the time."""

    loop: VirtualTimeLoop

    def time(self) -> float:
        """Wall clock: far from the monotonic one."""
        return 1e9 + self.loop.time()

    def monotonic(self) -> float:
        """Seconds since the world began."""
        return self.loop.time()
