"""Charts over time, steps and thresholds."""

from msgspec.structs import replace

from schema.commands.trials import AttemptSpan
from schema.revision import Revision, RevisionState
from schema.trial import TrialState
from schema.values import Change
from tests.page.chart_data import curve, row
from webui.charts.session import session_curves
from webui.charts.spans import spans
from webui.charts.thresholds import thresholds
from webui.charts.timeline import Span, lanes, timeline

RUNNING = TrialState.RUNNING


def span(trial: int, started: float, ended: float | None, slot: str = "") -> Span:
    state = RUNNING if ended is None else TrialState.COMPLETE
    return Span(
        trial=trial, attempt=1, runner="host", slot=slot, started=started, ended=ended, state=state
    )


def test_each_slot_has_a_lane() -> None:
    found = lanes([span(0, 1, 5, "gpu-0"), span(1, 2, 4, "gpu-1"), span(2, 6, None, "gpu-0")], 9)
    assert {name: [s.trial for s in inside] for name, inside in found.items()} == {
        "host gpu-0": [0, 2],
        "host gpu-1": [1],
    }


def test_without_slots_spans_lie_side_by_side_on_as_few_lanes_as_hold_them() -> None:
    found = lanes([span(0, 1, 5), span(1, 2, 4), span(2, 4.5, None), span(3, 6, 7)], 9)
    assert [[s.trial for s in inside] for inside in found.values()] == [[0, 3], [1, 2]]


def test_what_runs_reaches_to_now() -> None:
    option = timeline([span(0, 1, 5, "a"), span(1, 5, None, "a")], now=9, selected=[1])
    [running] = [s for s in option["series"] if s["id"] == "running-0"]
    assert running["data"][0]["coords"] == [[5000, 0], [9000, 0]]
    assert (option["xAxis"]["min"], option["xAxis"]["max"]) == (1000, 9000)


def test_a_lost_attempt_and_the_one_that_counts_are_both_on_the_timeline() -> None:
    def attempt(number: int, outcome: str | None, ended: float | None) -> AttemptSpan:
        return AttemptSpan(
            number=0,
            attempt=number,
            runner="host",
            slot=f"gpu-{number}",
            started=number,
            ended=ended,
            outcome=outcome,
        )

    trial = replace(row(0, 0.5), attempt=2)
    told = {0: [attempt(1, None, 2.0), attempt(2, "complete", 3.0)]}
    assert [(each.slot, each.state) for each in spans([trial], told)] == [
        ("gpu-1", TrialState.FAILED),
        ("gpu-2", TrialState.COMPLETE),
    ]
    assert [each.slot for each in spans([trial], {})] == [""]


def test_revisions_are_marked_where_they_took_effect() -> None:
    def revision(number: int, state: RevisionState, step: int | None) -> Revision:
        return Revision(
            number=number,
            base=0,
            values={},
            changes=(Change(path="training.learning_rate", old=1e-3, new=5e-4),),
            author="alice",
            at=0.0,
            state=state,
            step=step,
            reason="too large",
        )

    told = [
        revision(1, RevisionState.APPLIED, 3),
        revision(2, RevisionState.REFUSED, None),
        revision(3, RevisionState.PENDING, None),
    ]
    option = session_curves(curve(*range(9)), told, metrics=["loss"])
    marks = option["series"][0]["markLine"]["data"]
    assert [(mark["label"]["formatter"], mark["xAxis"]) for mark in marks] == [("r1", 3), ("r2", 8)]
    assert marks[0]["name"] == "revision 1: training.learning_rate 0.001 → 0.0005"
    assert "refused: too large" in marks[1]["name"]


def test_revisions_that_took_effect_close_to_each_other_share_a_label() -> None:
    told = [
        Revision(
            number=number,
            base=0,
            values={},
            changes=(),
            author="alice",
            at=0.0,
            state=RevisionState.APPLIED,
            step=step,
        )
        for number, step in enumerate([0, 1, 2, 40, 99], 1)
    ]
    option = session_curves(curve(*range(100)), told, metrics=["loss"])
    marks = option["series"][0]["markLine"]["data"]
    labels = [mark["label"].get("formatter") for mark in marks]
    assert labels == ["r1–r3", None, None, "r4", "r5"]


def test_the_threshold_stands_where_it_is_dragged_and_says_what_it_gives() -> None:
    curves = {"recall": [(0.1, 0.99), (0.5, 0.9), (0.9, 0.2)], "alarms": [(0.1, 30.0), (0.9, 0.0)]}
    option = thresholds(curves, threshold=0.42, rates=["alarms"], applied=0.5)
    [handle] = [s for s in option["series"] if s["id"] == "handle"]
    assert [mark["xAxis"] for mark in handle["markLine"]["data"]] == [0.42, 0.5]
    assert [s["yAxisIndex"] for s in option["series"][:2]] == [0, 1]
