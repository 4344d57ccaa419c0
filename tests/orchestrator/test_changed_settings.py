"""Settings that change while trials run: what takes effect when, and that no report is lost."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from orchestrator.client.client import Client
from orchestrator.client.transport import BrokerTransport
from orchestrator.pruning import live_pruner
from orchestrator.reading.results import Results
from schema.brokers.memory import MemoryHub
from schema.errors import WrongInput
from schema.identity import ORCHESTRATOR, client_party
from schema.messages import Assignment, Final, LeaseOrder, Orders, Report
from schema.pruning import Aggressiveness, PrunerSettings
from schema.study import Direction, Limits, Metric, StudySettings, StudySpec
from schema.trial import Desired, Outcome, TrialState
from tests.orchestrator.one_study import PRUNE_BELOW_ZERO, OneStudy, completed, reported, study_spec
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner
from tests.orchestrator.scripted_runner import reported as passed_on
from tests.orchestrator.serving import OFFER, serving

PRUNE_BELOW_FIVE = replace(PRUNE_BELOW_ZERO, parameters={"lower": 5.0, "n_warmup_steps": 0})
OFF = replace(PRUNE_BELOW_ZERO, aggressiveness=Aggressiveness.OFF)


def settings(study: OneStudy, **changed: Any) -> StudySettings:
    """The study's settings with some of them changed."""
    return replace(study.engine.spec.settings, **changed)


# ---------------------------------------------------------------------- the rules


def test_a_trial_that_runs_is_judged_by_the_new_pruner_from_its_next_report_on() -> None:
    study = OneStudy(study_spec(pruner=OFF))
    trial = study.running()
    study.tell(trial, reported((0, {"score": -1.0})))
    study.engine.change(settings(study, pruner=PRUNE_BELOW_FIVE))
    assert not trial.desired
    study.tell(trial, reported((1, {"score": 4.0})))
    assert trial.desired is Desired.PRUNE
    assert trial.reason == "step 1: 4 is below 5"


def test_what_was_decided_stays_decided() -> None:
    study = OneStudy()
    trial = study.running()
    study.tell(trial, reported((0, {"score": -1.0})))
    study.engine.change(settings(study, pruner=OFF))
    study.tell(trial, reported((1, {"score": 9.0})))
    assert (trial.desired, trial.reason) == (Desired.PRUNE, "step 0: -1 is below 0")


def test_settings_that_are_refused_change_nothing() -> None:
    study = OneStudy()
    before = study.engine.spec
    wrong = replace(PRUNE_BELOW_ZERO, prune_on="f1")
    with pytest.raises(WrongInput, match="prune_on 'f1': it should be score"):
        study.engine.change(settings(study, pruner=wrong, paused=True))
    assert study.engine.spec is before


def test_a_paused_study_starts_nothing_and_goes_on_where_it_was() -> None:
    study = OneStudy()
    waits = study.create()
    study.engine.change(settings(study, paused=True))
    assert study.engine.asks(3) == []
    assert study.engine.next_waiting() is None
    assert not study.engine.done
    study.engine.change(settings(study, paused=False))
    assert len(study.engine.asks(3)) == 3
    assert study.engine.next_waiting() is waits


def test_a_lower_limit_leaves_what_waits_beyond_it_alone() -> None:
    study = OneStudy()
    first, second = study.create(), study.create()
    study.engine.change(settings(study, limits=Limits(trials=1)))
    assert study.engine.asks(3) == []
    assert study.granted() is first
    study.tell(first, STARTED)
    study.tell(first, completed(1.0))
    assert study.engine.next_waiting() is None
    assert study.engine.done
    study.engine.change(settings(study, limits=Limits(trials=3)))
    assert not study.engine.done
    assert study.engine.next_waiting() is second


def test_another_share_of_control_trials_holds_from_the_next_report_on() -> None:
    study = OneStudy()
    trial = study.running()
    all_of_them = replace(PRUNE_BELOW_ZERO, control_fraction=1.0)
    study.engine.change(settings(study, pruner=all_of_them))
    study.tell(trial, reported((0, {"score": -1.0})))
    assert trial.desired is Desired.RUN


def test_a_metric_that_is_never_reported_is_warned_of_once_a_trial_is_complete() -> None:
    study = OneStudy(study_spec(pruner=PrunerSettings(prune_on="score")))
    trial = study.running()
    study.tell(trial, reported((0, {"val_score": 0.5, "loss": 1.0})))
    assert study.engine.pruning.warnings == []
    study.tell(trial, completed(1.0))
    warning = "no trial can be pruned on score: trial 0 reported val_score, loss at its steps"
    assert study.engine.pruning.warnings == [warning]
    assert ("warning", warning) in [event[3:] for event in study.changes.events]


# ---------------------------------------------------------------------- a service

CHANGES = 500
RUNNERS = 8
STEPS = 6
LOSS = Metric(name="loss", direction=Direction.MINIMIZE)
LIVELY = StudySpec(
    name="lively",
    objective=replace(OFFER, metrics=(*OFFER.metrics, LOSS), steps=STEPS),
    sampler="random",
    settings=StudySettings(pruner=PrunerSettings(steps=STEPS)),
)


class Sent:
    """What eight runners reported, by trial and attempt, until they were told that it is enough."""

    def __init__(self) -> None:
        self.curves: dict[tuple[int, int], list[Report]] = {}
        self.outcomes: set[Outcome] = set()
        self.enough = asyncio.Event()
        self._may_report = asyncio.Semaphore(RUNNERS)
        self._stored = asyncio.Event()
        self._running = 0

    async def go_on(self) -> None:
        """As many more reports as there are runners may be made; returns when something of a trial
        that runs is stored, if one does."""
        self._stored.clear()
        self._release()
        if self._running:
            await self._stored.wait()

    def finish(self) -> None:
        """Run what is running to its end."""
        self.enough.set()
        self._release()

    def _release(self) -> None:
        for _ in range(RUNNERS):
            self._may_report.release()

    async def work(self, runner: ScriptedRunner) -> None:
        """Run one trial after another; the last one is run to its end."""
        given: deque[Assignment] = deque()
        while not self.enough.is_set():
            while given and not self.enough.is_set():
                await self._run(runner, given.popleft(), given)
            more = asyncio.ensure_future(self._heard(runner, given, lambda orders: True))
            enough = asyncio.ensure_future(self.enough.wait())
            await asyncio.wait({more, enough}, return_when=asyncio.FIRST_COMPLETED)
            enough.cancel()
            more.cancel()
            await asyncio.wait({more})

    async def _heard(
        self, runner: ScriptedRunner, given: deque[Assignment], fitting: Callable[[Orders], bool]
    ) -> Orders:
        """The next orders that are fitting; whatever they give to the runner is kept."""

        def look(orders: Orders) -> bool:
            given.extend(orders.assignments)
            return fitting(orders)

        return await runner.orders(look)

    async def _run(self, runner: ScriptedRunner, of: Assignment, given: deque[Assignment]) -> None:
        random = Random(of.trial)
        level = random.random()
        curve = self.curves.setdefault((of.trial, of.attempt), [])

        async def told(seq: int) -> Desired:
            """What is to become of the trial, once its record is stored."""

            def mine(orders: Orders) -> list[LeaseOrder]:
                return [o for o in orders.leases if o.trial == of.trial and o.applied >= seq]

            heard = await self._heard(runner, given, lambda orders: bool(mine(orders)))
            self._stored.set()
            return mine(heard)[0].desired

        self._running += 1
        await runner.record(of, 1, STARTED)
        outcome = Outcome.COMPLETE
        for seq, step in enumerate(range(STEPS), 2):
            metrics = {"f1": level + step / 20, "loss": 1 - level + random.gauss(0, 0.2)}
            if not self.enough.is_set():
                await self._may_report.acquire()
            curve.append((step, float(step), metrics))
            await runner.record(of, seq, passed_on(curve[-1]))
            if await told(seq) is Desired.PRUNE:
                outcome = Outcome.PRUNED
                break
        self.outcomes.add(outcome)
        metrics = curve[-1][2] if outcome is Outcome.COMPLETE else {}
        await runner.record(of, seq + 1, Final(outcome=outcome, metrics=metrics, seconds=0.01))
        await told(seq + 1)
        self._running -= 1


def patches(random: Random) -> list[dict[str, Any]]:
    """Changes of everything that can be changed."""
    pruners = ["median", "percentile", "successive_halving", "hyperband", "wilcoxon", "patient"]

    def pruner() -> dict[str, Any]:
        on = random.choice(["f1", "loss", "pareto", None])
        named = random.choice(pruners) if on in ("f1", "loss") else "median"
        level = random.choice([*Aggressiveness])
        control = random.choice([0.0, 0.2])
        return {
            "pruner": named,
            "prune_on": on,
            "aggressiveness": level.value,
            "control_fraction": control,
            "parameters": {"n_warmup_steps": random.randrange(3)} if named == "median" else {},
        }

    found: list[dict[str, Any]] = []
    for _ in range(CHANGES - 1):
        kind = random.choice(["pruner", "pruner", "pruner", "parallelism", "limits", "paused"])
        value: dict[str, Any] = {
            "pruner": pruner(),
            "parallelism": random.choice([None, 4, 8, 16]),
            "limits": {"trial_seconds": random.choice([None, 60.0])},
            "paused": random.random() < 0.3,
        }
        found.append({kind: value[kind]})
    return [*found, {"paused": False, "parallelism": None}]


async def test_five_hundred_changes_while_eight_runners_report_lose_no_report(
    path: Path, hub: MemoryHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_pruner, "SLICE_VALUES", 100)  # so that pruners learn in many slices
    sent = Sent()
    async with serving(path, hub) as service, AsyncExitStack() as stack:
        await service.open_study(LIVELY)
        runners = []
        for number in range(RUNNERS):
            broker = await stack.enter_async_context(hub.connect(f"r.runner-{number}"))
            runners.append(ScriptedRunner(broker, f"runner-{number}"))
            await runners[-1].listen()
            await runners[-1].hello(LIVELY.objective)
        broker = await stack.enter_async_context(hub.connect(client_party("alice")))
        transport = BrokerTransport(broker, "alice", ORCHESTRATOR)
        client = await stack.enter_async_context(Client(transport))
        async with asyncio.TaskGroup() as group:
            for runner in runners:
                group.create_task(sent.work(runner))
            version = 0
            for patch in patches(Random(5)):
                version = (await client.change_settings("lively", patch)).version
                await sent.go_on()
            sent.finish()
        assert version > CHANGES / 2, "most of them changed something"
    assert sent.outcomes == {Outcome.COMPLETE, Outcome.PRUNED}
    await check_stored(path, sent)


async def check_stored(path: Path, sent: Sent) -> None:
    """Every report that was sent is stored, once and in its order."""
    async with Results.open(path) as results:
        study = await results.study("lively")
        trials = {trial.id: trial for trial in await results.trials(study)}
        assert len(sent.curves) > 10 * RUNNERS
        for (trial, attempt), curve in sent.curves.items():
            found = trials[trial]
            assert found.state in (TrialState.COMPLETE, TrialState.PRUNED)
            assert found.attempt == attempt == 1
            assert await results.curve(found) == curve
        ended = [trial for trial in trials.values() if trial.state.ended]
        assert len(ended) == len(sent.curves)
