"""The threshold explorer: what is judged, and that what is liked becomes edits."""

import pytest
from nicegui import ui
from nicegui.testing import User

from orchestrator.client.client import Client
from schema.detection import Confusion
from schema.messages import Scored
from schema.scores import (
    ClipScores,
    Roles,
    Scores,
    StreamScores,
    encode_scores,
    lengths_of,
    levels_of,
)
from schema.space import Space
from schema.variables import Variable
from tests.orchestrator.scripted_runner import completed
from tests.page.acting_runner import SPACE, ActingRunner, spec
from tests.page.conftest import seen, until
from tests.page.test_trials_page import opened, press
from webui.live.service import LiveService
from webui.thresholds.judging import ALARMS, CLIPS, F1, STREAM, Judging

THRESHOLD = "inference.threshold"
WANTED = [0.9, 0.6, 0.4]
OTHERS = [0.5, 0.2, 0.1]
SCORES = Scores(
    roles=Roles(threshold=THRESHOLD),
    clips=ClipScores(
        wanted=bytes([1, 1, 1, 0, 0, 0]),
        lengths=lengths_of([1] * 6),
        frames=levels_of([*WANTED, *OTHERS], 0.0, 1.0),
    ),
    streams=(
        StreamScores(
            frames=levels_of([0.1, 0.9, 0.1, 0.6, 0.1, 0.1], 0.0, 1.0),
            hertz=1.0,
            seconds=6.0,
            events=((0.5, 1.5),),
        ),
    ),
)


def test_a_decision_gives_a_confusion_and_curves_for_each_part() -> None:
    judging = Judging(SCORES, SPACE)
    assert judging.parts == [CLIPS, STREAM]
    picture = judging.picture({THRESHOLD: 0.45}, CLIPS)
    assert picture.confusion == Confusion(
        true_positives=2, false_positives=1, false_negatives=1, true_negatives=2
    )
    assert ALARMS not in picture.curves
    ats = [at for at, _ in picture.curves[F1]]
    assert (ats[0], ats[-1]) == (0.05, 0.95), "over all that the configuration allows"
    stream = judging.picture({THRESHOLD: 0.45}, STREAM)
    assert stream.false_alarms_per_hour == pytest.approx(3600 / 6)
    assert stream.curves[ALARMS][-1][1] == 0.0


def test_a_slider_only_gives_what_the_configuration_allows() -> None:
    smoothing = Variable(path="inference.smoothing", kind="int", default=1, low=1, high=8)
    space = Space(variables=(*SPACE.variables, smoothing))
    roles = Roles(threshold=THRESHOLD, smoothing=smoothing.path)
    scores = Scores(roles=roles, clips=SCORES.clips)
    judging = Judging(scores, space)
    assert judging.range("smoothing") == (1, 8)
    assert judging.allowed("smoothing", 3.4) == 3
    assert judging.allowed("threshold", 0.31234567) == 0.3123
    assert judging.allowed("threshold", 2.0) == 0.95


@pytest.fixture
async def scored(client: Client, runner: ActingRunner) -> str:
    """A study of one trial, which stored its scores."""
    await client.create_study(spec("scored", trials=1))
    trial = await runner.begin()
    data = encode_scores(SCORES)
    await runner.words.record(trial, 3, Scored(part=1, parts=1, data=data), completed(f1=0.5))
    await runner.words.applied(trial, 4)
    return "scored"


async def test_what_is_liked_becomes_an_edit_of_the_row(
    user: User, live: LiveService, scored: str
) -> None:
    await user.open("/study/scored/trials")
    await seen(user, "1 trial")
    user.find(ui.aggrid).trigger("selectionChanged", [0])
    await seen(user, "1 selected")
    user.find(marker="thresholds").click()
    await user.should_see(kind=ui.slider, marker="threshold", retries=1000)
    [slider] = user.find(kind=ui.slider, marker="threshold").elements
    with user:
        slider.set_value(0.3)
    await seen(user, "was 0.5")
    await user.should_see(kind=ui.label, marker="recall", content="1", retries=1000)
    await press(user, "take-thresholds")
    await until(lambda: live.drafts("scored").values(0) == {THRESHOLD: 0.3})


async def test_without_scores_it_says_how_they_are_stored(
    user: User, live: LiveService, seeded: str
) -> None:
    await opened(user, live)
    user.find(ui.aggrid).trigger("selectionChanged", [2])
    await seen(user, "1 selected")
    user.find(marker="thresholds").click()
    await seen(user, "trial.store_scores")
