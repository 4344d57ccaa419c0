"""The frame around every page: the numbers that matter, pause and stop, keys, phone, connection."""

import re

import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User
from playwright.async_api import Page, expect

from orchestrator.client.client import Client
from schema.messages import Assignment
from tests.client.lossy_transport import LossyTransport
from tests.page.acting_runner import ActingRunner
from tests.page.conftest import seen, until
from webui.live.service import LiveService


def number(user: User, name: str) -> str:
    """One of the numbers that matter, as a simulated user reads it."""
    with user:
        [found] = ElementFilter(kind=ui.label, marker=name, local_scope=False)
        return str(found.text)


def state(user: User) -> str:
    """The word for the state of the study, as a simulated user reads it."""
    with user:
        badges = ElementFilter(kind=ui.label, marker="state", local_scope=False)
        return "".join(badge.text for badge in badges if badge.visible)


async def test_the_header_shows_the_numbers_that_matter(
    user: User, live: LiveService, seeded: str
) -> None:
    await user.open("/study/seeded")
    await until(lambda: number(user, "done") == "4/6")
    assert [number(user, name) for name in ("running", "pruned", "failed")] == ["1", "0", "1"]
    best = live.progress_of(seeded)
    assert best is not None
    assert best.best is not None
    assert number(user, "best") == f"{best.best[1]:.4f}"


async def test_a_study_is_paused_resumed_and_stopped_from_the_header(
    user: User, client: Client, runner: ActingRunner, running: Assignment
) -> None:
    await user.open("/study/seeded")
    await until(lambda: state(user) == "running")
    user.find(marker="pause").click()
    await until(lambda: state(user) == "pausing")
    user.find(marker="pause").click()
    await until(lambda: state(user) == "running")
    user.find(marker="stop").click()
    await seen(user, "End 1 running trial now")
    user.find(marker="stop gently").click()
    await until(lambda: state(user) == "ending")
    await runner.end(running)
    await until(lambda: state(user) == "stopped")
    assert (await client.study("seeded")).closed_because == "stopped from the page"


async def test_what_cannot_be_done_is_told_in_the_services_own_sentence(
    user: User, client: Client, runner: ActingRunner, running: Assignment
) -> None:
    await user.open("/study/seeded")
    await until(lambda: state(user) == "running")
    user.find(marker="stop").click()
    await seen(user, "Stop seeded?")
    await client.stop("seeded")
    await runner.end(running)
    await client.delete("seeded")
    user.find(marker="stop gently").click()
    await seen(user, "there is no study 'seeded'")


@pytest.mark.parametrize("path", ["/study/unknown", "/compare/seeded/unknown"])
async def test_a_study_that_is_not_there_says_so(user: User, seeded: str, path: str) -> None:
    await user.open(path)
    await seen(user, "There is no study unknown.")


async def test_nothing_is_shown_as_live_when_the_connection_is_lost(
    tab: Page, transport: LossyTransport, seeded: str
) -> None:
    await tab.goto("/")
    connection = tab.locator(".tmq-connection")
    await expect(connection).to_have_text("live")
    await expect(tab.locator("body")).not_to_have_class("tmq-lost")
    transport.up = False
    await expect(connection).to_contain_text("lost")
    await expect(tab.get_by_text("Not live:")).to_be_visible()
    dimmed = "element => Number(getComputedStyle(element).opacity) < 0.5"
    assert await tab.locator(".tmq-counts").evaluate(dimmed)
    assert await tab.locator(".tmq-panel").first.evaluate(dimmed)
    transport.up = True
    await expect(connection).to_have_text("live")
    await expect(tab.get_by_text("Not live:")).to_be_hidden()


async def test_the_page_is_driven_by_keys(tab: Page, seeded: str) -> None:
    await tab.goto("/")
    search = tab.get_by_placeholder("Search studies")
    await expect(search).to_be_visible()
    await tab.keyboard.press("/")
    await expect(search).to_be_focused()
    await tab.keyboard.type("?")
    await expect(search).to_have_value("?")
    await tab.keyboard.press("Escape")
    await tab.keyboard.press("?")
    await expect(tab.get_by_text("choose a study")).to_be_visible()
    await expect(tab.locator(".q-dialog__inner")).to_be_focused()
    await tab.keyboard.press("Escape")
    await expect(tab.locator(".q-dialog")).to_have_count(0)
    await tab.keyboard.press("c")
    await expect(tab).to_have_url(re.compile("/new"))


async def test_light_and_dark_follow_the_system_until_they_are_set(tab: Page, seeded: str) -> None:
    await tab.emulate_media(color_scheme="dark")
    await tab.goto("/")
    body = tab.locator("body.body--dark")
    await expect(body).to_be_attached()
    await tab.get_by_label("Light or dark").click()
    await expect(body).not_to_be_attached()
    await tab.reload()
    await expect(tab.locator(".tmq-connection")).to_have_text("live")
    await expect(body).not_to_be_attached()


async def test_a_phone_shows_the_five_numbers_and_stop(tab: Page, seeded: str) -> None:
    await tab.set_viewport_size({"width": 390, "height": 844})
    await tab.goto("/study/seeded")
    for name in ("running", "done", "pruned", "failed", "best"):
        await expect(tab.locator(f".tmq-count-{name}")).to_be_in_viewport(ratio=1)
    await expect(tab.locator(".tmq-count-done .tmq-number")).to_have_text("4/6")
    await expect(tab.get_by_role("button", name="Stop")).to_be_in_viewport(ratio=1)
    wide = "document.documentElement.scrollWidth"
    for path in ("/", "/runners", "/log", "/new"):
        await tab.goto(path)
        await expect(tab.locator(".tmq-connection")).to_have_text("live")
        assert await tab.evaluate(wide) == 390


async def test_no_request_leaves_the_host(tab: Page, url: str, seeded: str) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    for path in ("/study/seeded", "/study/seeded/trials", "/runners", "/log", "/new"):
        await tab.goto(path)
        await expect(tab.locator(".tmq-connection")).to_have_text("live")
    assert asked
    assert [address for address in asked if not address.startswith((url, "data:", "blob:"))] == []
