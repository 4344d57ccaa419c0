"""Studies: listed, created from what a runner offers, cloned, compared, continued, deleted."""

from typing import Any

from nicegui import ui
from nicegui.testing import User
from playwright.async_api import Page, expect

from orchestrator.client.client import Client
from schema.messages import Assignment
from tests.page.acting_runner import ActingRunner, spec
from tests.page.conftest import seen, table_rows, until
from webui.live.service import LiveService
from webui.studies.listing import found


def write(user: User, name: str, value: Any) -> None:
    """Write into a field of the form."""
    element = next(iter(user.find(marker=f"field {name}").elements))
    assert isinstance(element, ui.input | ui.number | ui.select)
    element.set_value(value)


async def test_studies_are_listed_with_progress_best_and_state(
    user: User, live: LiveService, seeded: str
) -> None:
    await user.open("/")
    await until(lambda: table_rows(user) and table_rows(user)[0]["share"] is not None)
    [row] = table_rows(user)
    assert (row["name"], row["state"], row["done"], row["share"]) == (
        "seeded",
        "running",
        "4/6",
        83,
    )
    assert row["best"].startswith("f1 0.")
    assert found([row], "train.py RANDOM") == [row]
    assert found([row], "other") == []


async def test_an_empty_database_says_what_to_do_next(user: User) -> None:
    await user.open("/")
    await seen(user, "There is no study yet.")
    await seen(user, "trialmq run train.py:train")
    await user.open("/new")
    await seen(user, "No runner offers an objective.")
    await seen(user, "trialmq runner --broker URL --allow train.py:train")


async def test_a_study_is_created_from_what_a_runner_offers(
    user: User, client: Client, runner: ActingRunner
) -> None:
    await user.open("/new?objective=project/train.py:train")
    await seen(user, "Finds a word in speech.")
    write(user, "name", "mine")
    write(user, "trials", 3)
    write(user, "sampler", "random")
    rate = next(iter(user.find(marker="domain training.learning_rate").elements))
    assert isinstance(rate, ui.input)
    rate.set_value("1..2")
    user.find(marker="create").click()
    await seen(user, "training.learning_rate: 1 is above 0.1")
    rate.set_value("1e-4..1e-2,log")
    user.find(marker="Leave out architecture").trigger("click.stop")
    user.find(marker="create").click()
    await seen(user, "mine is created.")
    made = (await client.study("mine")).spec
    assert (made.sampler, made.settings.limits.trials) == ("random", 3)
    assert made.objective.space.variable("training.learning_rate").high == 1e-2
    assert not made.objective.space.variable("architecture.channels").searched
    trial = await runner.words.assignment()
    assert trial.study == "mine"


async def test_a_study_of_fewer_metrics_runs_on_the_same_runner(
    user: User, client: Client, runner: ActingRunner
) -> None:
    await user.open("/new?objective=project/pareto.py:train")
    await seen(user, "What is optimised")
    write(user, "metrics", ["false_positive_rate"])
    write(user, "constraints", "f1 >= 0.1")
    user.find(marker="create").click()
    await seen(user, "inference.threshold is chosen after each training")
    user.find(marker="Leave out inference").trigger("click.stop")
    user.find(marker="create").click()
    await seen(user, "project-pareto-train is created.")
    await runner.train(1)
    progress = await client.progress("project-pareto-train")
    assert (progress.metric, progress.complete) == ("false_positive_rate", 1)


async def test_a_clone_begins_with_all_that_the_study_has(
    user: User, client: Client, seeded: str
) -> None:
    await user.open("/new?like=seeded")
    await seen(user, "Clone of seeded")
    write(user, "seed", 8)
    user.find(marker="create").click()
    await seen(user, "seeded-2 is created.")
    stored, clone = (await client.study("seeded")).spec, (await client.study("seeded-2")).spec
    assert clone.seed == 8
    assert clone.objective == stored.objective
    assert clone.settings.limits == stored.settings.limits


async def test_what_is_written_survives_a_reload(tab: Page, runner: ActingRunner) -> None:
    await tab.goto("/new")
    name = tab.get_by_label("Name")
    await name.fill("half-written")
    await tab.get_by_label("Trials in all").fill("0")
    await expect(tab.get_by_text("write a whole number of at least 1")).to_be_visible()
    await tab.reload()
    await expect(name).to_have_value("half-written")


async def test_two_studies_are_compared(
    user: User, client: Client, runner: ActingRunner, running: Assignment
) -> None:
    await runner.end(running)
    await client.create_study(spec("shorter", trials=2, parallelism=1))
    await runner.train(2)
    await user.open("/compare/seeded/shorter")
    for text in ("best f1", "trials at most", "Both search the same space."):
        await seen(user, text)


async def test_a_stopped_study_goes_on_with_more_trials(
    user: User, client: Client, runner: ActingRunner, running: Assignment
) -> None:
    await client.stop("seeded")
    await runner.end(running)
    await user.open("/new?like=seeded&go_on=yes")
    await seen(user, "Go on with seeded")
    write(user, "trials", 8)
    user.find(marker="create").click()
    assert (await runner.words.assignment()).number == 6
    assert (await client.study("seeded")).spec.settings.limits.trials == 8


async def test_a_study_is_deleted_when_its_name_is_written(
    user: User, client: Client, runner: ActingRunner, running: Assignment
) -> None:
    await runner.end(running)
    await user.open("/")
    await until(lambda: table_rows(user))
    user.find(ui.table).trigger("act", {"what": "delete", "name": "seeded"})
    await seen(user, "Delete seeded?")
    user.find("Write seeded").type("seeded")
    user.find(marker="delete now").click()
    await seen(user, "There is no study yet.")
    assert await client.studies() == ()
