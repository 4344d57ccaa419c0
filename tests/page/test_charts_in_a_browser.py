"""The study's page in a real browser: everything is linked, and nothing is lost by an update."""

from typing import Any

from playwright.async_api import Page, expect

from orchestrator.client.client import Client
from tests.page.acting_runner import ActingRunner, spec
from tests.page.conftest import TRIALS

KNOWN = """title => {
  const card = [...document.querySelectorAll('.tmq-card')]
    .find(card => card.querySelector('.tmq-card-head').innerText.startsWith(title));
  const chart = card?.querySelector('.nicegui-echart');
  return chart && charts.known.get(Number(chart.id.slice(1)));
}"""


async def ask(tab: Page, title: str, what: str, argument: object = None) -> Any:
    """What an expression says of the chart ``it`` of the card with this title."""
    code = f"([title, given]) => {{ const it = ({KNOWN})(title); return {what}; }}"
    return await tab.evaluate(code, [title, argument])


async def drawn(tab: Page, title: str, condition: str) -> None:
    """Returns when the chart of a card stands and is as the condition says."""
    code = f"title => {{ const it = ({KNOWN})(title); return it && ({condition}); }}"
    await tab.wait_for_function(code, arg=title)


async def place(tab: Page, title: str, axis: str, value: object) -> tuple[float, float]:
    """Where on the page a value of a chart is."""
    code = f"""(() => {{
      const box = it.chart.getDom().getBoundingClientRect();
      const at = {axis};
      return [box.x + at[0], box.y + at[1]];
    }})()"""
    x, y = await ask(tab, title, code, value)
    return x, y


POINTS = "it.option.series?.find(one => one.id === 'complete')?.data.length"
ON_BOTH = "it.chart.convertToPixel({ xAxisIndex: 0, yAxisIndex: 0 }, given)"
ON_AXIS = """(() => {
  const axis = it.chart.getModel().getComponent('parallel').coordinateSystem;
  return axis.dataToPoint(given[1], axis.dimensions[given[0]]);
})()"""


async def test_a_click_on_a_point_selects_the_trial_everywhere(tab: Page, seeded: str) -> None:
    await tab.goto(f"/study/{seeded}")
    await drawn(tab, "History", f"{POINTS} === 4")
    point = await ask(tab, "History", "it.option.series.find(s => s.id === 'complete').data[2]")
    await tab.locator(".tmq-card", has_text="History").scroll_into_view_if_needed()
    await tab.mouse.click(*await place(tab, "History", ON_BOTH, point))
    await expect(tab.locator(".tmq-drawer")).to_contain_text(f"Trial {point[0]}")
    await drawn(tab, "Curves", "it.option.series.find(s => s.id === 'selected').data.length === 1")
    await tab.get_by_text("Its row").click()
    row = tab.locator(f'.ag-center-cols-container .ag-row[row-id="{point[0]}"]')
    await expect(row).to_have_attribute("aria-selected", "true")


async def test_a_brush_filters_history_and_table(tab: Page, seeded: str) -> None:
    await tab.goto(f"/study/{seeded}")
    title = "Parallel coordinates"
    await drawn(tab, title, "it.option.series?.find(s => s.id === 'trials')?.data.length === 4")
    await tab.locator(".tmq-card", has_text=title).scroll_into_view_if_needed()
    axes = await ask(tab, title, "it.option.parallelAxis.map(axis => axis.id)")
    lines = await ask(tab, title, "it.option.series[0].data.map(one => one.value)")
    last = axes.index("f1")
    values = sorted(line[last] for line in lines)
    middle = (values[1] + values[2]) / 2  # two trials are above
    x, y = await place(tab, title, ON_AXIS, [last, middle])
    _, top = await place(tab, title, ON_AXIS, [last, values[3]])
    await tab.mouse.move(x, y)
    await tab.mouse.down()
    await tab.mouse.move(x, top - 4, steps=6)
    await tab.mouse.up()
    await expect(tab.get_by_text("The brush leaves 2 trials.")).to_be_visible()
    await drawn(tab, "History", f"{POINTS} === 2")
    await tab.get_by_text("Show in the table").click()
    await expect(tab.locator(".ag-center-cols-container .ag-row")).to_have_count(2)


async def test_zoom_survives_an_update_and_the_change_to_dark(
    tab: Page, client: Client, runner: ActingRunner
) -> None:
    settings = {"limits": {"trials": TRIALS + 1}}
    await client.create_study(spec("grows", trials=TRIALS, parallelism=1))
    await runner.train(TRIALS)
    await tab.goto("/study/grows")
    await drawn(tab, "History", f"{POINTS} === {TRIALS}")
    zoom = "{ type: 'dataZoom', dataZoomId: 'zoom-x', startValue: 1, endValue: 3 }"
    await ask(tab, "History", f"it.chart.dispatchAction({zoom})")
    await client.change_settings("grows", settings)
    await runner.train(1)
    await drawn(tab, "History", f"{POINTS} === {TRIALS + 1}")
    window = "charts.zoomed(it).map(zoom => [zoom.startValue, zoom.endValue])"
    assert await ask(tab, "History", window) == [[1, 3]]
    colours = "['#97a3b2', '#4cc26a']"  # of an axis and of complete trials, in the dark
    axis = "it.chart.getOption().xAxis[0].axisLabel.color"
    dots = "it.chart.getOption().series[0].itemStyle.color"
    assert not await ask(tab, "History", f"{colours}.includes({axis})")
    await tab.emulate_media(color_scheme="dark")
    await drawn(tab, "History", f"String([{axis}, {dots}]) === String({colours})")
    assert await ask(tab, "History", window) == [[1, 3]]
    assert await ask(tab, "History", POINTS) == TRIALS + 1
