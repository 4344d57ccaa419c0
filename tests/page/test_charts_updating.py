"""What is sent of a chart that is drawn: only what changed, so that zoom and brush stay."""

from tests.page.chart_data import row, spec
from webui.charts.history import history
from webui.charts.option import Option
from webui.charts.updating import update
from webui.live.selection import Selection

ROWS = [row(n, loss) for n, loss in enumerate((0.9, 0.5, 0.7))]


def chart(rows: int = 3, *, log: bool = False, selected: tuple[int, ...] = ()) -> Option:
    return history(spec(), ROWS[:rows], metric="loss", log=log, selected=selected)


def test_the_first_drawing_is_whole_and_the_same_again_is_nothing() -> None:
    assert update(None, chart()) == (chart(), "whole")
    assert update(chart(), chart()) is None


def test_of_a_selection_only_the_rings_are_sent() -> None:
    change = update(chart(), chart(selected=(1,)))
    assert change is not None
    assert change.how == "merge"
    assert change.option.keys() == {"series"}
    [rings] = change.option["series"]
    assert (rings["id"], rings["data"]) == ("selected", [(1, 0.5)])


def test_a_new_trial_leaves_the_zoom_alone() -> None:
    change = update(chart(2), chart(3))
    assert change is not None
    assert change.how == "merge"
    assert "dataZoom" not in change.option


def test_series_that_go_are_named_by_those_that_stay() -> None:
    drawn, wanted = chart(), chart()
    wanted["series"] = [each for each in wanted["series"] if each["id"] != "best"]
    change = update(drawn, wanted)
    assert change is not None
    assert (change.how, change.option) == (
        "replace",
        {"series": [{"id": "complete"}, {"id": "selected"}]},
    )


def test_another_kind_of_axis_is_drawn_anew() -> None:
    change = update(chart(), chart(log=True))
    assert change is not None
    assert change.how == "whole"


def test_a_selection_tells_of_every_change_once() -> None:
    selection, told = Selection(), []
    end = selection.listen(lambda: told.append((selection.selected, selection.brushed)))
    selection.select([3, 3])
    selection.select([3])
    selection.toggle(5)
    selection.toggle(3)
    selection.brush([5, 7])
    assert selection.last == 5
    end()
    selection.clear()
    both = frozenset({5, 7})
    assert told == [((3,), None), ((3, 5), None), ((5,), None), ((5,), both)]
