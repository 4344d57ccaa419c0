"""One objective in the folders of several hosts, and two objectives of one name."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from schema.brokers.memory import MemoryHub
from schema.commands.runners import ListOffers, ListRunners
from schema.commands.studies import CreateStudy, GetStudy
from schema.space import Space
from schema.study import Constraint, ObjectiveDescription
from schema.variables import Variable
from tests.orchestrator.asking import Asking, Refused
from tests.orchestrator.scripted_runner import STARTED, ScriptedRunner, completed
from tests.orchestrator.serving import OFFER, SPEC, serving

HERE = replace(OFFER, entry="train.py:train")
THERE = replace(OFFER, entry="/home/a/train.py:train")
MOVED = replace(OFFER, entry="/home/a/new/train.py:train")
WIDER = Space(variables=(*OFFER.space.variables, Variable(path="epochs", kind="int", default=3)))
ON_ONE_HOST = replace(SPEC, objective=HERE)


async def test_each_runner_is_given_the_objective_by_its_own_entry(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True), hub.connect() as broker:
        other = ScriptedRunner(broker, "gpu2")
        await other.listen()
        await runner.hello(HERE)
        await runner.orders()
        await other.hello(THERE)
        await other.orders()
        assert [offer.entry for offer in await client.ask(ListOffers())] == [HERE.entry]
        await client.ask(CreateStudy(spec=ON_ONE_HOST))
        given = [(await runner.assignment()).objective, (await other.assignment()).objective]
        assert given == [HERE.entry, THERE.entry]
        assert [seen.refused for seen in await client.ask(ListRunners())] == ["", ""]


@pytest.mark.parametrize(
    ("offer", "difference"),
    [
        (replace(THERE, space=WIDER), "it has a variable epochs; the study has none"),
        (
            replace(THERE, constraints=(Constraint(metric="f1", at_most=False, bound=0.1),)),
            "its constraints are other ones than the study's",
        ),
    ],
)
async def test_two_objectives_of_one_name_stay_two_and_their_difference_is_named(
    path: Path,
    hub: MemoryHub,
    runner: ScriptedRunner,
    client: Asking,
    offer: ObjectiveDescription,
    difference: str,
) -> None:
    async with serving(path, hub, resident=True), hub.connect() as broker:
        other = ScriptedRunner(broker, "gpu2")
        await other.listen()
        await runner.hello(HERE)
        await runner.orders()
        await other.hello(offer)
        await other.orders()
        offers = await client.ask(ListOffers())
        assert [known.entry for known in offers] == [HERE.entry, THERE.entry]
        await client.ask(CreateStudy(spec=ON_ONE_HOST))
        await runner.assignment()
        [seen] = [seen for seen in await client.ask(ListRunners()) if seen.name == "gpu2"]
    assert seen.held == ()
    assert seen.refused == (
        f"runner gpu2 offers {THERE.entry} with another configuration: {difference}"
    )


async def test_what_one_runner_has_in_two_folders_has_to_be_named_fully(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking
) -> None:
    async with serving(path, hub, resident=True):
        await runner.hello(THERE, MOVED)
        await runner.orders()
        several = f"offers several that could be {HERE.entry}: {THERE.entry}, {MOVED.entry}"
        with pytest.raises(Refused, match=several):
            await client.ask(CreateStudy(spec=ON_ONE_HOST))
        await client.ask(CreateStudy(spec=replace(SPEC, objective=MOVED)))
        assert (await runner.assignment()).objective == MOVED.entry


@pytest.mark.parametrize("running", [True, False])
async def test_a_study_goes_on_when_the_folder_of_its_objective_was_moved(
    path: Path, hub: MemoryHub, runner: ScriptedRunner, client: Asking, running: bool
) -> None:
    async with serving(path, hub, resident=True):
        await runner.hello(THERE)
        await runner.orders()
        await client.ask(CreateStudy(spec=replace(SPEC, objective=THERE)))
        for _ in range(1 if running else 2):
            given = await runner.assignment()
            await runner.record(given, 1, STARTED, completed(f1=0.5))
            await runner.applied(given, 2)
        await runner.hello(MOVED)
        await runner.orders()
        limits = replace(SPEC.settings.limits, trials=3)
        settings = replace(SPEC.settings, limits=limits)
        moved = replace(SPEC, objective=MOVED, settings=settings)
        await client.ask(CreateStudy(spec=moved))
        assert (await client.ask(GetStudy(study="s"))).spec == moved
