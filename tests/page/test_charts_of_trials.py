"""What the charts of trials show: the right points, in the right series."""

from typing import Any

from schema.trial import TrialState
from schema.variables import Variable
from tests.page.acting_runner import SPACE
from tests.page.chart_data import LATENCY, LOSS, curve, row, spec
from webui.charts.curves import Curves
from webui.charts.history import history
from webui.charts.importance import by_group, importance
from webui.charts.option import Option
from webui.charts.parallel import brushed, parallel
from webui.charts.pareto import front, pareto
from webui.charts.slices import slices
from webui.charts.variables import INACTIVE, axis

RATE, OPTIMIZER = SPACE.variable("training.learning_rate"), SPACE.variable("training.optimizer")
MOMENTUM = SPACE.variable("training.momentum")
PRUNED, FAILED, RUNNING = TrialState.PRUNED, TrialState.FAILED, TrialState.RUNNING


def series(option: Option, id: str) -> Any:
    [found] = [each for each in option["series"] if each["id"] == id]
    return found


def test_history_tells_states_apart_and_draws_the_best_so_far() -> None:
    rows = [row(0, 0.9), row(1, 0.4, PRUNED), row(2, 0.6), row(3, 0.7), row(4, 0.5, FAILED)]
    option = history(spec(), rows, metric="loss", running={5: 0.3})
    assert series(option, "complete")["data"] == [(0, 0.9), (2, 0.6), (3, 0.7)]
    assert series(option, PRUNED)["data"] == [(1, 0.4)]
    assert series(option, "best")["data"] == [(0, 0.9), (2, 0.6), (4, 0.6)]


def test_a_trial_that_violates_a_constraint_is_never_the_best() -> None:
    option = history(spec(at_most=0.8), [row(0, 0.9), row(1, 0.7)], metric="loss")
    assert series(option, "does not count")["data"] == [(0, 0.9)]
    assert series(option, "best")["data"][0] == (1, 0.7)


def test_what_a_brush_leaves_out_is_faded_and_the_best_ten_are_ten() -> None:
    rows = [row(n, n / 10 + 0.1) for n in range(20)]
    option = history(spec(), rows, metric="loss", best=10, brushed=frozenset({1, 15}))
    assert [n for n, _ in series(option, "complete")["data"]] == [1]
    assert len(series(option, "left out")["data"]) == 9


def test_a_log_axis_leaves_out_what_has_no_place_there() -> None:
    option = history(spec(), [row(0, 0.0), row(1, 0.1)], metric="loss", log=True)
    assert option["yAxis"]["type"] == "log"
    assert series(option, "complete")["data"] == [(1, 0.1)]


def test_a_curve_that_grows_changes_its_own_block_alone() -> None:
    rows = {n: row(n, 0.5) for n in range(120)} | {120: row(120, None, RUNNING)}
    curves = {n: curve(3.0, 2.0, 1.0) for n in rows}
    charts = Curves()
    before = charts.option(spec(), rows, curves, metric="loss")
    curves[120] = curve(3.0, 2.0, 1.0, 0.5)
    after = charts.option(spec(), rows, curves, metric="loss")
    changed = [a["id"] for a, b in zip(after["series"], before["series"], strict=True) if a != b]
    assert changed == ["running-2"]
    assert {"complete-0", "complete-1", "complete-2", "best"} <= {s["id"] for s in after["series"]}


def test_the_pruners_line_and_the_selected_curve_are_drawn_over_the_others() -> None:
    rows, curves = {0: row(0, 1.0), 1: row(1, 2.0, PRUNED)}, {0: curve(3, 1), 1: curve(3, 2)}
    threshold = [(1, 1.5)]
    option = Curves().option(spec(), rows, curves, metric="loss", threshold=threshold, selected=[1])
    assert [s["id"] for s in option["series"]] == [
        "pruned-0",
        "complete-0",
        "threshold",
        "best",
        "selected",
    ]
    assert series(option, "selected")["data"][0]["trial"] == 1


def test_many_long_curves_are_ten_thousand_points() -> None:
    rows = {n: row(n, float(n)) for n in range(3_000)}
    curves = {n: curve(*range(1, 40)) for n in rows}
    option = Curves().option(spec(), rows, curves, metric="loss")
    lines = [line for each in option["series"] for line in each["data"]]
    assert sum(len(line["coords"]) for line in lines) <= 10_100
    assert 0 in {line["trial"] for line in lines}  # the best


def test_importance_is_summed_by_group() -> None:
    shares = {"training.learning_rate": 0.6, "architecture.channels": 0.3, "training.clip": 0.1}
    assert by_group(shares) == {"training": 0.7, "architecture": 0.3}
    option = importance(shares)
    assert option["yAxis"]["data"] == ["learning_rate", "channels", "clip"]
    colours = [bar["itemStyle"]["color"] for bar in option["series"][0]["data"]]
    assert colours[0] == colours[2] != colours[1]


def test_the_front_is_what_no_other_trial_beats_in_both() -> None:
    two = spec(LOSS, LATENCY)
    points = [(1.0, 5.0, 0), (2.0, 3.0, 1), (3.0, 4.0, 2), (4.0, 1.0, 3)]
    assert [p[2] for p in front(two, points, "loss", "latency")] == [0, 1, 3]
    rows = [row(number, x, latency=y) for x, y, number in points]
    option = pareto(two, rows, first="loss", second="latency")
    assert series(option, "front")["data"] == [points[0], points[1], points[3]]
    assert series(option, "complete")["data"] == [points[2]]


def test_parallel_axes_are_those_of_the_variables_and_the_best_is_on_top() -> None:
    rows = [
        row(0, 0.5, config={RATE.path: 1e-3, OPTIMIZER.path: "adamw"}),
        row(1, 0.2, config={RATE.path: 1e-2, OPTIMIZER.path: "sgd", MOMENTUM.path: 0.5}),
    ]
    option = parallel(spec(), rows, [RATE, OPTIMIZER, MOMENTUM], metric="loss")
    kinds = [each["type"] for each in option["parallelAxis"]]
    assert kinds == ["log", "category", "value", "value"]
    assert option["parallelAxis"][-1]["inverse"]
    lines = [line["value"] for line in series(option, "trials")["data"]]
    assert lines == [
        [1e-3, "adamw", None, 0.5, 0.5, 0],
        [1e-2, "sgd", 0.5, 0.2, 1.0, 1],
    ]


def test_a_brush_leaves_the_trials_that_pass_all_axes() -> None:
    rows = [
        row(n, loss, config={RATE.path: rate, OPTIMIZER.path: optimizer})
        for n, (loss, rate, optimizer) in enumerate(
            [(0.5, 1e-4, "adamw"), (0.2, 1e-2, "sgd"), (0.3, 2e-2, "adamw")]
        )
    ]
    at = {RATE.path: [[5e-3, 5e-2]]}
    assert brushed(spec(), rows, [RATE, OPTIMIZER], "loss", at) == frozenset({1, 2})
    at[OPTIMIZER.path] = [[-0.4, 0.4]]  # the first of its values
    assert brushed(spec(), rows, [RATE, OPTIMIZER], "loss", at) == frozenset({2})
    assert brushed(spec(), rows, [RATE, OPTIMIZER], "loss", {RATE.path: []}) is None


def test_a_choice_without_effect_has_a_place_of_its_own() -> None:
    conditional = Variable(
        path="x", kind="str", default="a", choices=("a", "b"), when=MOMENTUM.when, searched=True
    )
    assert axis(conditional, ["a", None])["data"] == ["a", "b", INACTIVE]


def test_slices_share_one_scale_and_as_many_stand_side_by_side_as_fit() -> None:
    rows = [row(n, 0.1 * n + 0.1, config={RATE.path: 1e-3}) for n in range(5)]
    variables = [RATE, OPTIMIZER, MOMENTUM]
    wide = slices(spec(), rows, variables, metric="loss", width=1200)
    phone = slices(spec(), rows, variables, metric="loss", width=360)
    assert len({each["top"] for each in wide["grid"]}) == 1
    assert len({each["left"] for each in phone["grid"]}) == 1
    assert len({(each["min"], each["max"]) for each in wide["yAxis"]}) == 1
    assert series(wide, RATE.path)["data"][0] == (1e-3, 0.1, 0)
