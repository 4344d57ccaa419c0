"""The whole way on the wake-word example, with real processes and a real browser: a sweep, its
table, edits of every kind, into the running training, into a profile, and into a new study."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.async_api import Page, expect

from examples.wakeword.data import CACHE_VARIABLE
from orchestrator.client.client import Client
from orchestrator.service.service import Service
from schema.adaptation import as_defaults
from schema.brokers.memory import MemoryHub
from schema.identity import runners_inbox
from schema.pruning import PrunerSettings
from schema.results import TrialResult
from schema.space import Space
from schema.study import Limits, ObjectiveDescription, StudyKind, StudySettings, StudySpec
from schema.values import Value, difference
from schema.variables import Variable
from tests.page.browsing import choose, enter, open_table, says
from tests.page.telling_wakeword import as_number
from trial_runner.agent import RunnerAgent
from trial_runner.devices import share
from trial_runner.launcher import Launcher
from trial_runner.settings import RunnerSettings
from webui.live.service import LiveService

OBJECTIVE = f"{Path(__file__).with_name('telling_wakeword.py')}:train"
EPOCHS, LONG = "training.epochs", 1_000_000
LIVE: dict[str, Value] = {"training.weight_decay": 3e-4, "augmentation.shift_ms": 250}
LATER: dict[str, Value] = {
    "architecture.kernel": 7,
    "training.optimizer": "sgd",
    "training.nesterov": False,
}
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def offer(
    hub: MemoryHub,
    service: Service,
    client: Client,
    tiny_cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[ObjectiveDescription]:
    """What a real runner with two slots offers."""
    monkeypatch.chdir(tmp_path)  # checkpoints lie there
    monkeypatch.setenv(CACHE_VARIABLE, str(tiny_cache))
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
    """A search of two short trials that is done; the first is the defaults."""
    short = replace(offer, space=as_defaults({EPOCHS: 1}, offer.space))
    await client.create_study(spec("search", short, trials=2))
    await done(client, "search")
    return "search"


@pytest.fixture
async def session(client: Client, offer: ObjectiveDescription, live: LiveService) -> str:
    """A training for real that runs."""
    start = {**offer.space.defaults(), EPOCHS: LONG}
    training = replace(spec("evening", offer, trials=1), kind=StudyKind.SESSION, start=start)
    await client.create_study(training)
    await tells(client, "evening", {EPOCHS: LONG})
    return "evening"


def spec(name: str, offer: ObjectiveDescription, trials: int) -> StudySpec:
    settings = StudySettings(limits=Limits(trials=trials), pruner=PrunerSettings(pruner="nop"))
    return StudySpec(name=name, objective=offer, sampler="random", seed=5, settings=settings)


async def eventually(ask: Callable[[], Awaitable[object]]) -> None:
    """Returns when the answer is yes; the time limit of the test is the only one."""
    while True:
        if await ask():
            return
        await asyncio.sleep(0.05)


async def done(client: Client, study: str) -> TrialResult:
    """Returns when all trials of a study have ended, with the first of them."""

    async def ask() -> bool:
        return (await client.progress(study)).done

    await eventually(ask)
    return (await client.trial(study, 0)).trial


async def tells(client: Client, study: str, values: dict[str, Value]) -> None:
    """Returns when the process that trains says that it has these values."""
    wanted = {path: as_number(value) for path, value in values.items()}

    async def ask() -> bool:
        running = (await client.progress(study)).running
        return bool(running) and wanted.items() <= running[0].metrics.items()

    await eventually(ask)


async def write(tab: Page, space: Space, values: dict[str, Value]) -> None:
    """Into the cells of trial 0."""
    for path, value in values.items():
        await choose(tab, 0, space.variable(path), value)
        await says(tab, 0, path, value)


async def apply(tab: Page, *, everything: bool = False) -> None:
    """Send what was edited to the session."""
    await tab.get_by_role("button", name="Apply to session").click()
    if everything:
        await tab.get_by_text("All that differs").click()
    await tab.locator(".dialog-card").get_by_role("button", name="Apply").click()


async def restart(tab: Page, session: str) -> None:
    """Begin another attempt."""
    await tab.goto(f"/session/{session}")
    await tab.get_by_role("button", name="Restart").click()
    await tab.locator(".dialog-card").get_by_role("button", name="Restart").click()


def another(variable: Variable, value: Value) -> Value:
    """An allowed value that is not this one."""
    if variable.kind == "bool":
        return not value
    if variable.choices:
        return next(choice for choice in variable.choices if choice != value)
    assert not isinstance(value, str)
    gentle = value + 1 if variable.kind == "int" else value * 0.5
    near = (variable.nearest(v) for v in (gentle, variable.low, variable.high) if v is not None)
    return next(allowed for allowed in near if allowed != value)


def needed(space: Space, variable: Variable) -> dict[str, Value]:
    """What others have to be for it to have an effect."""
    found: dict[str, Value] = {}
    for condition in variable.when:
        found |= needed(space, space.variable(condition.path))
        found[condition.path] = condition.values[0]
    return found


def rounds(space: Space, config: dict[str, Value]) -> Iterator[dict[str, Value]]:
    """Edits to be made one after the other, by which every variable changes with an effect."""
    left = list(space.variables)
    while left:
        edits: dict[str, Value] = {}
        for variable in left:
            other = another(variable, config[variable.path])
            wanted = {**needed(space, variable), variable.path: other}
            tried = {**config, **wanted, **edits}
            fits = wanted.items() <= tried.items()
            if fits and all(space.is_active(space.variable(p), tried) for p in {**edits, **wanted}):
                edits |= wanted
        config = {**config, **edits}
        left = [variable for variable in left if variable.path not in edits]
        yield edits


async def test_from_a_sweep_over_the_table_into_a_training_a_profile_and_a_new_study(
    tab: Page, client: Client, offer: ObjectiveDescription, sweep: str, session: str
) -> None:
    five = LIVE | LATER
    await open_table(tab, sweep)
    await write(tab, offer.space, five)
    await apply(tab)
    await tells(client, session, LIVE)
    await expect(tab.get_by_text("applied at step")).to_have_count(len(LIVE))
    await expect(tab.get_by_text("waits for a restart")).to_have_count(len(LATER))
    await tab.get_by_role("button", name="Close").click()

    await tab.get_by_role("button", name="Save to profile").click()
    await tab.get_by_label("Name").fill("by-hand")
    await tab.get_by_role("button", name="Save", exact=True).click()
    await expect(tab.get_by_text("Saved as by-hand, version 1.")).to_be_visible()
    profile = (await client.profile("by-hand")).profile
    assert profile.values == {**(await client.trial(sweep, 0)).trial.config, **five}

    await enter(tab, 0, "augmentation.snr_low_db", "-3")
    await says(tab, 0, "augmentation.snr_low_db", -3)
    await apply(tab)
    reason = "refused: augmentation.snr_low_db: the noise would drown the voice"
    await expect(tab.get_by_text(reason)).to_be_visible()
    await restart(tab, session)
    await tells(client, session, five)

    await tab.goto("/profiles")
    await tab.get_by_role("button", name="New study").click()
    await tab.get_by_label("Name").fill("next")
    await tab.get_by_label("Trials in all").fill("1")
    await tab.get_by_role("button", name="Create study").click()
    await tab.wait_for_url("**/study/next")
    trial = await done(client, "next")
    assert (await client.study("next")).spec.origin == "profile by-hand@1"
    assert five.items() <= trial.config.items()
    assert trial.metrics is not None


async def test_every_variable_of_the_configuration_goes_the_whole_way(
    tab: Page, client: Client, offer: ObjectiveDescription, sweep: str, session: str
) -> None:
    space = offer.space
    there = (await client.trial(session, 0)).trial.config
    for index, edits in enumerate(rounds(space, there), 1):
        await open_table(tab, sweep)
        await write(tab, space, edits)
        await apply(tab, everything=True)
        became = tab.locator(".dialog-card .tmq-badge", has_text="applied").or_(
            tab.locator(".dialog-card .tmq-badge", has_text="waits for a restart")
        )
        # Also what has no effect any more, and so is back at its default.
        changes = difference(there, space.complete({**there, **edits}))
        await expect(became).to_have_count(len(changes))
        revision = (await client.revisions(session))[-1]
        assert {c.path: c.new for c in revision.changes} == {c.path: c.new for c in changes}
        await restart(tab, session)
        await tells(client, session, {**edits, EPOCHS: LONG + 1})
        there = (await client.trial(session, 0)).trial.config
        assert edits.items() <= there.items()
        assert (await client.trial(session, 0)).trial.attempt == index + 1
