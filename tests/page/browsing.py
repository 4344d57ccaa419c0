"""What a person does with the table of trials in a real browser."""

import json

from playwright.async_api import Locator, Page, expect

from schema.values import Value, written
from schema.variables import Variable
from webui.grid.cells import is_switch

READY = "() => window.trials?.api && !window.trials.api.isDestroyed() && trials.shown().length"


async def open_table(tab: Page, study: str) -> None:
    """The table stands, with its rows."""
    await tab.goto(f"/study/{study}/trials")
    await tab.wait_for_function(READY)
    await expect(tab.locator(".ag-row").first).to_be_visible()


def cell(tab: Page, number: int, path: str) -> Locator:
    """The cell of a variable of a trial."""
    return tab.locator(f'.ag-row[row-id="{number}"] .ag-cell[col-id="v:{path}"]')


async def show(tab: Page, path: str) -> None:
    """Scroll to the column of a variable."""
    await tab.evaluate(f"trials.api.ensureColumnVisible({json.dumps('v:' + path)})")


async def begin(tab: Page, number: int, path: str) -> None:
    """Open the editor of a cell."""
    await show(tab, path)
    await cell(tab, number, path).dblclick()


async def enter(tab: Page, number: int, path: str, text: str) -> None:
    """Write something in a cell, and commit it."""
    await begin(tab, number, path)
    await cell(tab, number, path).locator("input").fill(text)
    await tab.keyboard.press("Enter")


async def choose(tab: Page, number: int, variable: Variable, value: Value) -> None:
    """Give a cell a value, by whatever editor it has."""
    path = variable.path
    await show(tab, path)
    if is_switch(variable):
        await cell(tab, number, path).locator("input[type=checkbox]").click()
    elif variable.choices:
        await begin(tab, number, path)
        await tab.locator(".ag-select-list-item", has_text=written(value)).first.click()
    else:
        await enter(tab, number, path, written(value))


async def said_in(tab: Page, number: int, path: str) -> object:
    """The value of a cell in the browser's own data."""
    row, field = json.dumps(str(number)), json.dumps(f"v:{path}")
    found: object = await tab.evaluate(f"trials.api.getRowNode({row}).data[{field}]")
    return found


async def says(tab: Page, number: int, path: str, value: Value) -> None:
    """Returns when the browser has this value in a cell."""
    row, field = json.dumps(str(number)), json.dumps(f"v:{path}")
    wanted = json.dumps(value)
    code = f"() => trials.api.getRowNode({row})?.data[{field}] === {wanted}"
    await tab.wait_for_function(code)
