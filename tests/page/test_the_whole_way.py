"""The whole way, with real processes and a real browser: a sweep, its table, five edits of five
kinds, into the running training, into a profile, and from there into a new study."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.async_api import Page, expect

from orchestrator.client.client import Client
from orchestrator.service.service import Service
from schema.adaptation import as_defaults
from schema.brokers.memory import MemoryHub
from schema.identity import runners_inbox
from schema.pruning import PrunerSettings
from schema.revision import RevisionState
from schema.space import Space
from schema.study import Limits, ObjectiveDescription, StudyKind, StudySettings, StudySpec
from schema.values import Value
from schema.variables import Variable
from tests.page.browsing import choose, enter, open_table, says
from tests.page.live_objective import LONG, as_number
from trial_runner.agent import RunnerAgent
from trial_runner.devices import share
from trial_runner.launcher import Launcher
from trial_runner.settings import RunnerSettings
from webui.live.service import LiveService

OBJECTIVE = f"{Path(__file__).with_name('live_objective.py')}:train"
FIVE: dict[str, Value] = {
    "training.learning_rate": 3e-4,
    "architecture.blocks": 6,
    "training.clip": True,
    "training.schedule": "cosine",
    "training.remark": "by hand",
}
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def offer(
    hub: MemoryHub,
    service: Service,
    client: Client,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[ObjectiveDescription]:
    """What a real runner with two slots offers."""
    monkeypatch.chdir(tmp_path)  # checkpoints lie there
    async with AsyncExitStack() as stack:
        launcher = await stack.enter_async_context(Launcher(OBJECTIVE, threads=1))
        offer = await launcher.load()
        broker = await stack.enter_async_context(hub.connect("r.runner-1"))
        await broker.declare(runners_inbox())
        agent = RunnerAgent("runner-1", broker, [launcher], share(2), RunnerSettings())
        await stack.enter_async_context(agent)
        await eventually(client.offers)
        yield offer


@pytest.fixture
async def sweep(client: Client, offer: ObjectiveDescription) -> str:
    """A search of three trials that is done."""
    settings = StudySettings(limits=Limits(trials=3), pruner=PrunerSettings(pruner="nop"))
    await client.create_study(spec("search", offer, settings))
    await done(client, "search")
    return "search"


@pytest.fixture
async def session(client: Client, offer: ObjectiveDescription, live: LiveService) -> str:
    """A training for real that runs."""
    settings = StudySettings(limits=Limits(trials=1), pruner=PrunerSettings(pruner="nop"))
    start = {**offer.space.defaults(), "training.steps": LONG}
    training = replace(spec("evening", offer, settings), kind=StudyKind.SESSION, start=start)
    await client.create_study(training)
    await reports(client, "evening", {"training.steps": LONG})
    return "evening"


def spec(name: str, offer: ObjectiveDescription, settings: StudySettings) -> StudySpec:
    return StudySpec(name=name, objective=offer, sampler="random", seed=5, settings=settings)


async def eventually(ask: Callable[[], Awaitable[object]]) -> None:
    """Returns when the answer is yes; the time limit of the test is the only one."""
    while True:
        if await ask():
            return
        await asyncio.sleep(0.05)


async def done(client: Client, study: str) -> None:
    """Returns when all trials of a study have ended."""

    async def ask() -> bool:
        return (await client.progress(study)).done

    await eventually(ask)


async def reports(client: Client, study: str, values: dict[str, Value]) -> None:
    """Returns when the process that trains says that it has these values."""
    wanted = {path: as_number(value) for path, value in values.items()}

    async def ask() -> bool:
        running = (await client.progress(study)).running
        return bool(running) and wanted.items() <= running[0].metrics.items()

    await eventually(ask)


async def apply(tab: Page) -> None:
    """Send what was edited to the session, and see what becomes of it."""
    await tab.get_by_role("button", name="Apply to session").click()
    await tab.locator(".dialog-card").get_by_role("button", name="Apply").click()


def another(variable: Variable, value: Value) -> Value:
    """An allowed value that is not this one."""
    if variable.kind == "bool":
        return not value
    if variable.choices:
        return next(choice for choice in variable.choices if choice != value)
    if isinstance(value, str):
        return f"{value} too"
    return next(
        allowed
        for wanted in (value + 1, value * 0.5, value - 1)
        if (allowed := variable.nearest(wanted)) != value
    )


def others(space: Space, config: dict[str, Value]) -> dict[str, Value]:
    """Another value for every variable that has an effect then."""
    changed = {v.path: another(v, config[v.path]) for v in space.variables}
    everything = {**config, **changed}
    active = {v.path for v in space.variables if space.is_active(v, everything)}
    return {path: value for path, value in changed.items() if path in active}


async def test_from_a_sweep_over_the_table_into_a_training_a_profile_and_a_new_study(
    tab: Page, client: Client, offer: ObjectiveDescription, sweep: str, session: str
) -> None:
    await open_table(tab, sweep)
    for path, value in FIVE.items():
        await choose(tab, 1, offer.space.variable(path), value)
        await says(tab, 1, path, value)
    await apply(tab)
    await reports(client, session, FIVE)
    await expect(tab.get_by_text("applied at step")).to_have_count(len(FIVE))
    [revision] = await client.revisions(session)
    assert {c.path: c.new for c in revision.changes} == FIVE
    assert revision.state is RevisionState.APPLIED

    await tab.get_by_role("button", name="Close").click()
    await tab.get_by_role("button", name="Save to profile").click()
    await tab.get_by_label("Name").fill("by-hand")
    await tab.get_by_role("button", name="Save", exact=True).click()
    await expect(tab.get_by_text("Saved as by-hand, version 1.")).to_be_visible()
    profile = (await client.profile("by-hand")).profile
    stored = (await client.trial(sweep, 1)).trial.config
    assert profile.values == {**stored, **FIVE}
    assert profile.provenance.trial == 1

    await enter(tab, 1, "training.remark", "nonsense")
    await says(tab, 1, "training.remark", "nonsense")
    await apply(tab)
    reason = "refused: training.remark: a remark has to mean something"
    await expect(tab.get_by_text(reason)).to_be_visible()
    await reports(client, session, FIVE)

    space = as_defaults(profile.values, offer.space)
    settings = StudySettings(limits=Limits(trials=1), pruner=PrunerSettings(pruner="nop"))
    await client.create_study(spec("next", replace(offer, space=space), settings))
    await done(client, "next")
    [trial] = [trial async for trial in client.trials("next")]
    kept = [v.path for v in space.variables if not (v.searched or v.after_training)]
    assert {path: trial.config[path] for path in kept} == {p: profile.values[p] for p in kept}


async def test_every_variable_of_the_configuration_goes_the_whole_way(
    tab: Page, client: Client, offer: ObjectiveDescription, sweep: str, session: str
) -> None:
    running = (await client.trial(session, 0)).trial.config
    wanted = others(offer.space, running)
    assert len(wanted) == len(offer.space.variables)
    stored = (await client.trial(sweep, 1)).trial.config
    await open_table(tab, sweep)
    for path, value in wanted.items():
        if stored[path] != value:
            await choose(tab, 1, offer.space.variable(path), value)
            await says(tab, 1, path, value)
    await tab.get_by_role("button", name="Apply to session").click()
    await tab.get_by_text("All that differs").click()
    await tab.locator(".dialog-card").get_by_role("button", name="Apply").click()
    live = {v.path: wanted[v.path] for v in offer.space.variables if v.live}
    await reports(client, session, live)
    await expect(tab.get_by_text("waits for a restart")).to_have_count(len(wanted) - len(live))
    [revision] = await client.revisions(session)
    assert {c.path: c.new for c in revision.changes} == wanted
    assert revision.values == wanted

    await tab.goto(f"/session/{session}")
    await tab.get_by_role("button", name="Restart").click()
    await tab.locator(".dialog-card").get_by_role("button", name="Restart").click()

    async def restarted() -> bool:
        trial = (await client.trial(session, 0)).trial
        return trial.attempt == 2 and trial.config == wanted

    await eventually(restarted)
