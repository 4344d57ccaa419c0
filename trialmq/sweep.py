"""One sweep on one machine: orchestrator, in-process broker and runners in this process.

In go the user's choices; the objective's process says what there is to choose from, the study is
created or continued, its trials run in warm processes, and the summary comes out. ``Ctrl-C`` once
gives the running trials back and keeps them waiting, twice ends at once.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from orchestrator.progress import progress_of
from orchestrator.pruning.build import explain
from orchestrator.pruning.parameters import check_parameters
from orchestrator.results import Results
from orchestrator.sampling import Sampler, check_space, make_sampler
from orchestrator.service import Service
from orchestrator.store.store import Store
from orchestrator.study_engine import StudyEngine
from orchestrator.summary import summarise
from schema.brokers.memory import MemoryHub
from schema.identity import checked_name, runner_name
from schema.narrowing import narrow
from schema.overrides import Overrides
from schema.pruning import PrunerSettings
from schema.results import Event, Progress, Summary, TrialResult
from schema.study import Limits, ObjectiveDescription, StudySettings, StudySpec
from trial_runner.agent import RunnerAgent
from trial_runner.devices import Device, share
from trial_runner.launcher import Launcher
from trial_runner.settings import RunnerSettings

DRAIN_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepChoices:
    """What the user chose; everything else follows from the objective."""

    objective: str
    study: str | None = None
    database: Path = Path("trialmq.db")
    runners: int | None = None
    sampler: str = "tpe"
    pruner: PrunerSettings = field(default_factory=PrunerSettings)
    limits: Limits = field(default_factory=Limits)
    seed: int = 0
    overrides: Callable[[ObjectiveDescription], Overrides] = lambda _: Overrides()
    isolate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """How a sweep ended; the study's trials as they are stored, by number."""

    summary: Summary
    spec: StudySpec
    trials: list[TrialResult]
    interrupted: bool
    broken_because: str


Watch = Callable[[Callable[[], Progress]], None]
"""Told, once the study is open, how to take a picture of it."""


def study_spec(choices: SweepChoices, offer: ObjectiveDescription) -> StudySpec:
    """The study that the choices make of an objective.

    Raises:
        WrongInput: an override names what does not exist or goes outside of the space, or the
            numbers of the pruner do not fit together.
    """
    space = narrow(offer.space, choices.overrides(offer))
    objective = ObjectiveDescription(
        entry=offer.entry,
        metrics=offer.metrics,
        constraints=offer.constraints,
        space=space,
        steps=offer.steps,
        doc=offer.doc,
    )
    steps = choices.pruner.steps or objective.reported_steps()
    pruner = msgspec.structs.replace(choices.pruner, steps=steps)
    explain(pruner)
    check_space(choices.sampler, space)
    return StudySpec(
        name=checked_name("study", choices.study or default_study(choices.objective)),
        objective=objective,
        sampler=choices.sampler,
        seed=choices.seed,
        settings=StudySettings(pruner=pruner, limits=choices.limits),
    )


def default_study(entry: str) -> str:
    """The study of an objective that was given no name: ``wakeword-train`` for
    ``examples/wakeword/train.py:train``, so that the same command goes on with the same study."""
    place, _, name = entry.rpartition(":")
    path = Path(place)
    parts = [*path.parent.parts[-1:], path.stem] if place.endswith(".py") else place.split(".")
    words = [part.strip("._") for part in [*parts, name] if part.strip("._/")]
    unique = list(dict.fromkeys(words))[-3:]
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in "-".join(unique))[:64]


async def sweep(choices: SweepChoices, watch: Watch) -> SweepResult:
    """Run a study to its end, or until the user interrupts.

    Raises:
        WrongInput: the objective, a choice or the database is wrong.
        WorkFailed: the processes of the slots cannot be started.
    """
    began = time.monotonic()
    since = time.time()
    check_parameters(choices.pruner.pruner, choices.pruner.parameters)
    make_sampler(choices.sampler, choices.seed)
    async with AsyncExitStack() as stack:
        devices = share(choices.runners)
        launcher = await stack.enter_async_context(
            Launcher(choices.objective, threads=devices[0].threads)
        )
        offer = await launcher.load()
        spec = study_spec(choices, offer)
        store = await stack.enter_async_context(Store.open(choices.database))
        hub = MemoryHub()
        sampler = await stack.enter_async_context(Sampler())
        broker = await stack.enter_async_context(hub.connect())
        service = await stack.enter_async_context(Service(store, broker, sampler))
        engine = await service.open_study(spec, orphaned="the process that ran it ended")
        watch(lambda: progress_of(engine))
        agents = await _start_runners(stack, hub, launcher, offer, devices, choices.isolate)
        interrupted = await _follow(service, engine, agents)
        trials, events = await _stored(choices.database, spec)
        summary = summarise(
            spec,
            trials,
            seconds=time.monotonic() - began,
            since=since,
            stopped_because=engine.closed_because,
            events=events,
        )
        return SweepResult(
            summary=summary,
            spec=spec,
            trials=trials,
            interrupted=interrupted,
            broken_because=engine.broken_because,
        )


async def _stored(database: Path, spec: StudySpec) -> tuple[list[TrialResult], list[Event]]:
    """The trials of a study, and its log where its control trials need it."""
    async with Results.open(database) as results:
        study = await results.study(spec.name)
        control = spec.settings.pruner.control_fraction
        return await results.trials(study), await results.events(study) if control else []


async def _start_runners(
    stack: AsyncExitStack,
    hub: MemoryHub,
    launcher: Launcher,
    offer: ObjectiveDescription,
    devices: list[Device],
    isolate: bool,
) -> list[RunnerAgent]:
    settings = RunnerSettings(isolate=isolate)
    agents = []
    for index, device in enumerate(devices, 1):
        broker = await stack.enter_async_context(hub.connect())
        agent = RunnerAgent(runner_name(index), broker, launcher, offer, [device], settings)
        agents.append(await stack.enter_async_context(agent))
    return agents


async def _follow(service: Service, engine: StudyEngine, agents: list[RunnerAgent]) -> bool:
    """Wait for the end of the study; True when the user interrupted it."""
    finished = asyncio.create_task(service.finished(engine))
    with interruption() as interrupted:
        stop = asyncio.create_task(interrupted.wait())
        limit = engine.spec.settings.limits.seconds
        clock = asyncio.create_task(asyncio.sleep(limit)) if limit else None
        waiting: set[asyncio.Future[Any]] = {finished, stop, *(agent.broken for agent in agents)}
        while True:
            await asyncio.wait(
                waiting | ({clock} if clock else set()), return_when=asyncio.FIRST_COMPLETED
            )
            if clock and clock.done() and not finished.done() and not stop.done():
                service.close_study(engine, f"the time limit of {limit:g} s is reached")
                clock = None
                continue
            break
        stop.cancel()
        for agent in agents:
            if agent.broken.done():
                agent.broken.result()
        if finished.done():
            finished.result()
            if not engine.broken_because:
                return False
        service.close_study(engine, "interrupted")
        await asyncio.gather(*(agent.drain(DRAIN_SECONDS) for agent in agents))
        finished.cancel()
        return interrupted.is_set()


@contextmanager
def interruption() -> "Iterator[asyncio.Event]":
    """An event that the first Ctrl-C or SIGTERM sets; the second one ends the process at once."""
    loop = asyncio.get_running_loop()
    event = asyncio.Event()

    def on_signal() -> None:
        if event.is_set():
            os._exit(130)  # the slots die with this process; the database is intact at any moment
        event.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    try:
        yield event
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
