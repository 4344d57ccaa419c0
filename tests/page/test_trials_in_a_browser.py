"""The table of trials in a real browser: editors, refusals, two tabs, keys, a lost connection."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.page.browsing import begin, cell, enter, open_table, said_in, says
from tests.page.conftest import PATIENCE_MILLISECONDS
from webui.live.service import LiveService

RATE = "training.learning_rate"


@pytest.fixture
async def second(browser: Browser, url: str) -> AsyncIterator[Page]:
    """Another tab, of somebody else."""
    context = await browser.new_context(base_url=url)
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    yield await context.new_page()
    await context.close()


async def test_a_refused_value_is_reverted_and_the_sentence_stands_at_the_cell(
    tab: Page, seeded: str, live: LiveService
) -> None:
    await open_table(tab, seeded)
    before = await said_in(tab, 2, RATE)
    await enter(tab, 2, RATE, "7.5")
    await expect(tab.get_by_role("alert").filter(has_text="7.5 is above 0.1")).to_be_visible()
    await expect(cell(tab, 2, RATE)).to_contain_class("refused")
    assert await said_in(tab, 2, RATE) == before
    assert not len(live.drafts(seeded))
    await enter(tab, 2, RATE, "3e-4")
    await says(tab, 2, RATE, 3e-4)
    await expect(cell(tab, 2, RATE)).to_contain_class("edited")
    await expect(cell(tab, 2, RATE)).not_to_contain_class("refused")


async def test_an_edit_shows_in_both_tabs_whatever_happens_to_the_connection(
    tab: Page, second: Page, seeded: str
) -> None:
    await open_table(tab, seeded)
    await open_table(second, seeded)
    await enter(tab, 2, RATE, "3e-4")
    await says(second, 2, RATE, 3e-4)
    await expect(cell(second, 2, RATE)).to_contain_class("edited")
    await tab.evaluate("window.socket.io.engine.close()")
    await tab.wait_for_selector("body.tmq-lost")
    await enter(second, 4, RATE, "4e-4")
    await tab.wait_for_selector("body:not(.tmq-lost)")
    await says(tab, 4, RATE, 4e-4)
    await open_table(tab, seeded)  # a reload loses nothing
    await says(tab, 2, RATE, 3e-4)


async def test_who_wrote_into_a_cell_that_changed_meanwhile_is_asked(
    tab: Page, second: Page, seeded: str, live: LiveService
) -> None:
    await open_table(tab, seeded)
    await open_table(second, seeded)
    await begin(second, 2, RATE)
    await enter(tab, 2, RATE, "3e-4")
    await says(second, 2, RATE, 3e-4)
    await cell(second, 2, RATE).locator("input").fill("5e-4")
    await second.keyboard.press("Enter")
    await expect(second.get_by_text("another tab changed it to 0.0003")).to_be_visible()
    assert live.drafts(seeded).values(2) == {RATE: 3e-4}
    await second.get_by_text("Take 0.0003").click()
    await expect(second.get_by_text("Changed meanwhile")).not_to_be_visible()
    assert live.drafts(seeded).values(2) == {RATE: 3e-4}


async def test_the_keys(tab: Page, seeded: str, live: LiveService) -> None:
    await open_table(tab, seeded)
    await cell(tab, 2, RATE).click()
    await tab.keyboard.press("e")
    await cell(tab, 2, RATE).locator("input").fill("4e-4")
    await tab.keyboard.press("Escape")
    await expect(cell(tab, 2, RATE).locator("input")).to_have_count(0)
    assert not len(live.drafts(seeded))
    await tab.keyboard.type("3")  # a number begins a new value
    await tab.keyboard.type("e-4")
    await tab.keyboard.press("Tab")
    await says(tab, 2, RATE, 3e-4)
    await tab.keyboard.press("Escape")
    await cell(tab, 2, RATE).click()
    await tab.keyboard.press("Control+z")
    await expect(cell(tab, 2, RATE)).not_to_contain_class("edited")
    await tab.keyboard.press("/")
    await tab.keyboard.type("failed")
    await expect(tab.locator(".ag-pinned-left-cols-container .ag-row")).to_have_count(1)


async def test_what_is_selected_meanwhile_closes_no_editor(tab: Page, seeded: str) -> None:
    await open_table(tab, seeded)
    await begin(tab, 2, "training.optimizer")
    await tab.evaluate("trials.api.getRowNode('4').setSelected(true)")
    await expect(tab.get_by_text("1 selected")).to_be_visible()
    await tab.locator(".ag-select-list-item", has_text="sgd").click()
    await says(tab, 2, "training.optimizer", "sgd")


async def test_groups_fold_and_still_say_that_something_is_edited(tab: Page, seeded: str) -> None:
    await open_table(tab, seeded)
    await enter(tab, 2, RATE, "3e-4")
    await says(tab, 2, RATE, 3e-4)
    await (
        tab.locator(".ag-header-group-cell", has_text="Training")
        .locator(".ag-header-expand-icon-expanded")
        .click()
    )
    await expect(cell(tab, 2, RATE)).to_have_count(0)
    folded = tab.locator('.ag-row[row-id="2"] .folded-cell', has_text="1 edited")
    await expect(folded).to_be_visible()
