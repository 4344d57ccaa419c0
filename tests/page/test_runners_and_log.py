"""Runners with their devices, drained and stopped; the log, a trial's output and traceback."""

from nicegui import ui
from nicegui.testing import User
from playwright.async_api import Page, expect

from orchestrator.client.client import Client
from schema.commands.runners import Held, Presence, RunnerOverview
from schema.messages import Steer
from tests.page.acting_runner import DEVICES, ActingRunner
from tests.page.conftest import seen, table_rows, until
from webui.live.service import LiveService
from webui.runners.listing import listed

RUNNER = RunnerOverview(
    name="gpu1",
    host="",
    version="0.1.0",
    slots=2,
    offers=("train.py:train",),
    presence=Presence.SUSPECT,
    silent_seconds=25.0,
    steer=Steer.DRAIN,
    degraded="its disk is full",
    devices=(DEVICES[0], *DEVICES),
    held=(Held(study="s", number=4, attempt=1, started=100.0, step=1200),),
)


def test_what_is_not_known_of_a_device_is_not_zero() -> None:
    [row] = listed([RUNNER], now=190.0)
    known, unknown = row["devices"]
    assert (known["busy"], known["memory"], known["celsius"]) == ("87%", "39.1 of 140 GiB", "61 °C")
    assert (unknown["busy"], unknown["memory"], unknown["celsius"]) == ("n/a", "n/a", "n/a")
    assert (unknown["busy_share"], unknown["memory_share"]) == (None, None)
    assert row["host"] == "n/a"
    assert (row["presence"], row["wanted"], row["problem"]) == (
        "suspect",
        "draining",
        "its disk is full",
    )
    assert row["trials"][0]["how"] == "step 1,200, 1 m 30 s"
    assert row["heartbeat"] == "25 s ago"


async def test_a_runner_is_drained_and_stopped(
    user: User, client: Client, live: LiveService, runner: ActingRunner, seeded: str
) -> None:
    await user.open("/runners")
    await until(lambda: table_rows(user) and table_rows(user)[0]["trials"])
    assert table_rows(user)[0]["trials"][0]["study"] == "seeded"
    user.find(ui.table).trigger("steer", {"name": "runner-1", "steer": "drain"})
    await seen(user, "runner-1 finishes its trials and takes no more.")
    await until(lambda: table_rows(user)[0]["wanted"] == "draining")
    user.find(ui.table).trigger("steer", {"name": "runner-1", "steer": "stop"})
    await seen(user, "Stop runner runner-1?")
    user.find(marker="stop runner").click()
    await runner.words.orders(lambda orders: orders.steer is Steer.STOP)


async def test_a_service_without_runners_says_how_to_start_one(user: User) -> None:
    await user.open("/runners")
    await seen(user, "trialmq runner --broker URL --allow train.py:train")


async def test_the_log_is_searched(user: User, client: Client, seeded: str) -> None:
    await user.open("/log")
    await until(lambda: table_rows(user))
    assert [row["id"] for row in table_rows(user)] == sorted(
        (r["id"] for r in table_rows(user)), reverse=True
    )
    user.find("Search the log").type("#3 failed")
    await until(lambda: [row["kind"] for row in table_rows(user)] == ["failed"])
    assert "the loss is negative" in table_rows(user)[0]["text"]


async def test_the_log_goes_on_while_it_is_looked_at(
    user: User, client: Client, seeded: str
) -> None:
    await user.open("/log")
    await until(lambda: table_rows(user))
    await client.pause(seeded, because="lunch")
    await until(lambda: "lunch" in table_rows(user)[0]["text"])


async def test_a_failed_trial_shows_its_traceback_and_what_it_printed(
    tab: Page, seeded: str
) -> None:
    await tab.goto("/log")
    await tab.get_by_placeholder("Search the log").fill("#3 failed")
    await expect(tab.locator(".tmq-log tbody tr")).to_have_count(1)
    await tab.get_by_role("link", name="#3").click()
    await expect(tab.get_by_text('File "train.py", line 7')).to_be_visible()
    await tab.get_by_text("Output").click()
    await expect(tab.get_by_text("epoch 6")).to_be_visible()
