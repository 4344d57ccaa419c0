"""Numbers, times, curves and the two views: pure, so tested without a sweep."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from schema.durations import parse_duration, shown_duration
from schema.errors import WrongInput
from schema.figures import figure, measured
from schema.results import Progress, RunningTrial
from schema.variables import Variable
from trialmq.cli.configuration import split
from trialmq.cli.curve import plot, sparkline
from trialmq.cli.ending import without_option
from trialmq.cli.estimate import time_left
from trialmq.cli.line_view import LineView, line_of
from trialmq.cli.live_view import LiveView, Moment, screen_of
from trialmq.cli.terminal import THEME
from trialmq.cli.view import LOST_SECONDS


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.00030000000000000003, "3e-4"),
        (0.00045566719, "4.557e-4"),
        (0.05, "0.05"),
        (0.001, "0.001"),
        (12345.6, "12346"),
        (2e7, "2e7"),
        (-0.25, "-0.25"),
        (0.0, "0"),
        (16, "16"),
        (1_000_000, "1000000"),
        (float("nan"), "NaN"),
        (float("-inf"), "-∞"),
    ],
)
def test_numbers_are_written_as_people_write_them(number: float, text: str) -> None:
    assert figure(number) == text


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_a_written_number_reads_as_nearly_the_same(number: float) -> None:
    assert float(figure(number)) == pytest.approx(number, rel=1e-3)
    assert float(measured(number)) == pytest.approx(number, rel=1e-3)


def test_metrics_keep_their_zeros() -> None:
    assert [measured(x) for x in (0.5, 0.8834123, 12.0)] == ["0.5000", "0.8834", "12.00"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("1h30m", 5400), ("0.5s", 0.5)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "10 minutes", "-5", "0", "m", "5x", "nan"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(WrongInput, match="is no duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0004, "0.4 ms"),
        (0.4, "0.4 s"),
        (12.3, "12 s"),
        (59.7, "1 m 00 s"),
        (83, "1 m 23 s"),
        (7500, "2 h 05 m"),
        (90_000, "1 d 01 h"),
    ],
)
def test_durations_are_written(seconds: float, text: str) -> None:
    assert shown_duration(seconds) == text


def test_a_sparkline_goes_from_the_lowest_to_the_highest() -> None:
    assert sparkline([1.0, 2.0, 3.0], 10) == "▁▅█"
    assert len(sparkline(list(range(100)), 12)) == 12
    assert sparkline([float("nan")], 10) == ""


@given(
    st.lists(st.tuples(st.integers(0, 100), st.floats()), max_size=30),
    st.integers(20, 100),
    st.integers(2, 12),
)
def test_a_plot_keeps_to_its_size(points: list[tuple[int, float]], width: int, height: int) -> None:
    lines = plot([(float(x), y) for x, y in points], width, height)
    assert len(lines) in (0, height + 2)
    assert all(len(line) <= width for line in lines)


def test_a_rising_curve_is_drawn_from_the_lower_left_to_the_upper_right() -> None:
    top, *_, bottom, _, _ = plot([(0.0, 0.0), (10.0, 1.0)], 30, 4)
    assert top.startswith(" 1.000┤\u2800")
    assert top[-1] != "\u2800"
    assert bottom[-1] == "\u2800"


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(1, 4))
def test_groups_keep_their_order_in_at_most_so_many_columns(sizes: list[int], most: int) -> None:
    variable = Variable(path="x", kind="int", default=1)
    groups = [(str(i), [variable] * size) for i, size in enumerate(sizes)]
    columns = split(groups, most)
    assert len(columns) <= most
    assert [group for column in columns for group in column] == groups


def test_an_option_is_taken_out_of_a_command_with_its_value() -> None:
    words = ["run", "x", "--trials", "3", "--quiet", "--trials=4", "--trials-more"]
    assert list(without_option(words, "--trials")) == ["run", "x", "--quiet", "--trials-more"]


def picture(**changes: object) -> Progress:
    """A study of 40 trials, half-way."""
    running = tuple(
        RunningTrial(
            runner=f"runner-{i}",
            number=20 + i,
            attempt=1,
            step=i,
            reports=i,
            metrics={"f1": 0.5, "loss": 1.5} if i else {},
            seconds=3.0,
            ending=False,
        )
        for i in range(2)
    )
    fields: dict[str, object] = {
        "study": "wakeword",
        "metric": "f1",
        "maximize": True,
        "limit": 40,
        "steps": 12,
        "waiting": 0,
        "complete": 12,
        "pruned": 7,
        "failed": 1,
        "cancelled": 0,
        "running": running,
        "best": (14, 0.8834),
        "typical_seconds": 10.0,
        "closed_because": "",
    }
    return Progress(**(fields | changes))  # type: ignore[arg-type]


def test_the_time_left_is_the_work_left_shared_by_the_runners() -> None:
    left = time_left(picture(), runners=2, elapsed=100.0, limit=None)
    assert left == pytest.approx((18 * 10 + 2 * 7) / 2)


def test_the_time_left_is_never_more_than_the_limit() -> None:
    assert time_left(picture(), runners=2, elapsed=100.0, limit=130.0) == pytest.approx(30)
    assert time_left(picture(limit=None), runners=2, elapsed=0, limit=None) is None
    assert time_left(picture(typical_seconds=None), runners=2, elapsed=0, limit=None) is None


def test_a_line_for_a_log_says_it_all() -> None:
    assert line_of(picture(), 97.0) == (
        "wakeword: 20 of 40 trials · 12 complete, 7 pruned, 1 failed · "
        "best f1 0.8834 (trial 14) · about 1 m 37 s left"
    )


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (60, 14)])
@pytest.mark.parametrize(
    "changes",
    [{}, {"best": None}, {"limit": None, "steps": None}, {"running": ()}, {"closed_because": "x"}],
    ids=str,
)
def test_the_live_view_fits_the_terminal(
    width: int, height: int, changes: dict[str, object]
) -> None:
    console = Console(theme=THEME, file=io.StringIO(), record=True, width=width, highlight=False)
    moment = Moment(progress=picture(**changes), elapsed=65.0, left=30.0, bests=[0.1, 0.5, 0.8])
    console.print(screen_of(moment, width, height))
    lines = console.export_text().splitlines()
    assert all(len(line) <= width for line in lines)
    assert len(lines) < height
    assert "wakeword" in lines[1]


def test_a_picture_that_is_old_is_not_shown_as_if_it_were_now() -> None:
    console = Console(theme=THEME, file=io.StringIO(), record=True, width=80, highlight=False)
    moment = Moment(progress=picture(), elapsed=65.0, left=None, bests=[0.1], lost_seconds=12.0)
    console.print(screen_of(moment, 80, 24))
    text = console.export_text()
    assert "not connected since 12 s, trials go on" in text
    assert "runner-1" not in text
    assert "20 of 40 trials" in text


def test_a_log_says_once_that_the_connection_is_lost_and_when_it_is_back() -> None:
    console = Console(theme=THEME, file=io.StringIO(), record=True, width=160, highlight=False)
    view = LineView(console, runners=None, limit=None)
    age = 0.0
    view.watch(picture, lambda: age)
    for age in (0.0, LOST_SECONDS + 8, LOST_SECONDS + 9, 0.0):  # noqa: B007 - read by the lambda
        view.show(picture())
    first, lost, back = console.export_text().splitlines()
    assert first == back
    assert "20 of 40 trials" in first
    assert lost == "not connected since 12 s, trials go on"


def test_a_paused_study_says_how_to_go_on() -> None:
    console = Console(theme=THEME, file=io.StringIO(), record=True, width=80, highlight=False)
    moment = Moment(progress=picture(paused=True), elapsed=65.0, left=None, bests=[0.1])
    console.print(screen_of(moment, 80, 24))
    assert "paused; go on with: trialmq study resume wakeword" in console.export_text()
    assert line_of(picture(paused=True), 9.0).endswith(" · paused")


def test_the_live_view_shows_what_each_runner_does() -> None:
    console = Console(theme=THEME, file=io.StringIO(), record=True, width=80, highlight=False)
    many = tuple(
        RunningTrial(
            runner=f"runner-{i:02}",
            number=i,
            attempt=1,
            step=5,
            reports=6,
            metrics={"f1": 0.25},
            seconds=3.0,
            ending=False,
        )
        for i in range(30)
    )
    moment = Moment(progress=picture(running=many), elapsed=65.0, left=30.0, bests=[0.1, 0.5])
    console.print(screen_of(moment, 80, 24))
    text = console.export_text()
    assert "20 of 40 trials · about 30 s left, at 10 s a trial" in text
    assert "30 running   12 complete   7 pruned   1 failed" in text
    assert "best f1 0.8834  trial 14" in text
    assert "6/12" in text
    assert "0.2500" in text
    assert "and 19 more" in text


async def test_the_live_view_draws_at_once_and_clears_the_screen_at_the_end() -> None:
    screen = io.StringIO()
    console = Console(theme=THEME, file=screen, force_terminal=True, width=80, height=24)
    view = LiveView(console, runners=2, limit=None)
    async with view:
        view.show(None)
        assert "loading the objective…" in screen.getvalue()
        view.watch(picture)
        view.show(view.first)
        assert "20 of 40 trials" in screen.getvalue()
        drawn = len(screen.getvalue())
    assert "\x1b[2K" in screen.getvalue()[drawn:]  # erases the lines it drew
    assert screen.getvalue().rindex("\x1b[?25h") > screen.getvalue().rindex("\x1b[?25l")


def test_edits_are_marked_below_a_curve_where_they_took_effect() -> None:
    points = [(float(step), float(step % 7)) for step in range(101)]
    *_, axis, named, labels = plot(points, 60, 5, [(0.0, "r1"), (50.0, "r2"), (100.0, "r3")])
    assert [i for i, c in enumerate(axis) if c == "▲"] == [named.index("r1"), 33, 59]
    assert named.index("r2") == 33
    assert named.endswith("r3")
    assert len(named) == len(axis) == len(labels) == 60
    assert len(plot(points, 60, 5)) == 7
