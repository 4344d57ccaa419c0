"""One sweep on one machine: orchestrator, in-process broker and runners in this process.

In go the user's choices; the objective's process says what there is to choose from, the study is
created or continued, its trials run in warm processes, and the summary comes out. ``Ctrl-C`` once
gives the running trials back and keeps them waiting, twice ends at once.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from orchestrator.engine.progress import progress_of
from orchestrator.engine.study_engine import StudyEngine
from orchestrator.pruning.prune_on import check_alone
from orchestrator.reading.results import Results
from orchestrator.reading.summary import summarise
from orchestrator.sampling import Sampler, check_space, make_sampler
from orchestrator.service.service import Service
from orchestrator.store.store import Store
from schema.brokers.memory import MemoryHub
from schema.errors import WrongInput
from schema.identity import runner_name
from schema.results import Event, Progress, TrialResult
from schema.study import StudySpec
from trial_runner.agent import RunnerAgent
from trial_runner.devices import Device, share
from trial_runner.launcher import Launcher
from trial_runner.settings import RunnerSettings
from trialmq.choices import SweepChoices, study_spec
from trialmq.interruption import interruption
from trialmq.listening import ListenChoices, OpenDoor, open_door, serving
from trialmq.sweep_result import SweepResult

DRAIN_SECONDS = 15.0


Watch = Callable[[Callable[[], Progress]], None]
"""Told, once the study is open, how to take a picture of it."""


Tell = Callable[[str], None]
"""Told in a line where clients and browsers find this."""


def nobody(_: str) -> None:
    """Is told nothing."""


async def sweep(
    choices: SweepChoices,
    watch: Watch,
    listen: ListenChoices | None = None,
    tell: Tell = nobody,
) -> SweepResult:
    """Run a study to its end, or until the user interrupts, and ``listen`` meanwhile.

    Raises:
        WrongInput: the objective, a choice or the database is wrong.
        WorkFailed: the processes of the slots cannot be started.
    """
    began = time.monotonic()
    since = time.time()
    check_alone(choices.pruner)
    make_sampler(choices.sampler, choices.seed)
    async with AsyncExitStack() as stack:
        devices = share(choices.runners)
        launcher = await stack.enter_async_context(
            Launcher(choices.objective, threads=devices[0].threads)
        )
        offer = await launcher.load()
        spec = study_spec(choices, offer)
        check_space(spec.sampler, spec.objective.space)
        store = await stack.enter_async_context(Store.open(choices.database))
        door = _door(stack, listen, choices.database, tell)
        hub = MemoryHub()
        sampler = await stack.enter_async_context(Sampler())
        broker = await stack.enter_async_context(hub.connect())
        service = await stack.enter_async_context(Service(store, broker, sampler))
        engine = await service.open_study(spec, orphaned="the process that ran it ended")
        watch(lambda: progress_of(engine))
        agents = await _start_runners(stack, hub, launcher, devices, choices.isolate)
        if door is not None:
            await stack.enter_async_context(serving(door, service))
        interrupted = await _follow(service, engine, agents)
        trials, events = await _stored(choices.database, spec)
        spec = engine.spec  # an Optuna objective's space is known by now
        summary = summarise(
            spec,
            trials,
            seconds=time.monotonic() - began,
            since=since,
            stopped_because=engine.closed_because,
            events=events,
            warnings=engine.pruning.warnings,
        )
        return SweepResult(
            summary=summary,
            spec=spec,
            trials=trials,
            interrupted=interrupted,
            broken_because=engine.broken_because,
        )


def _door(
    stack: AsyncExitStack, listen: ListenChoices | None, database: Path, tell: Tell
) -> OpenDoor | None:
    """Where this listens; it runs as well where it cannot."""
    if listen is None:
        return None
    try:
        door = stack.enter_context(open_door(listen, database))
    except WrongInput as error:
        tell(f"not listening: {error}")
        return None
    tell(f"listening at {door.url}")
    return door


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
    devices: list[Device],
    isolate: bool,
) -> list[RunnerAgent]:
    settings = RunnerSettings(isolate=isolate)
    agents = []
    for index, device in enumerate(devices, 1):
        broker = await stack.enter_async_context(hub.connect())
        agent = RunnerAgent(runner_name(index), broker, [launcher], [device], settings)
        agents.append(await stack.enter_async_context(agent))
    return agents


async def _follow(service: Service, engine: StudyEngine, agents: list[RunnerAgent]) -> bool:
    """Wait for the end of the study; True when the user interrupted it."""
    finished = asyncio.create_task(service.finished(engine))
    with interruption() as interrupted:
        stop = asyncio.create_task(interrupted.wait())
        waiting: set[asyncio.Future[Any]] = {finished, stop, *(agent.broken for agent in agents)}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
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
