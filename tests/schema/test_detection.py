"""Decisions on stored scores, held against the rule of `Decision` followed frame by frame."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from schema.detection import Confusion, Detection, Judgement
from schema.scores import (
    ClipScores,
    Decision,
    Roles,
    Scores,
    StreamScores,
    lengths_of,
    levels_of,
)

HERTZ = 4.0
Events = Sequence[tuple[float, float]]
TENTHS = st.integers(0, 10).map(lambda n: n / 10)
FRAMES = st.lists(TENTHS, min_size=1, max_size=40)
DECISIONS = st.builds(
    Decision,
    threshold=TENTHS,
    smoothing=st.integers(1, 5),
    high=st.none() | TENTHS,
    low=st.none() | TENTHS,
    cool_down=st.sampled_from([0.0, 0.6, 2.0]),
)


def scores(
    clips: Sequence[tuple[bool, Sequence[float]]] = (),
    stream: Sequence[float] = (),
    events: Events = (),
) -> Scores:
    """Clips, and a stream of four frames a second."""
    frames = [score for _, clip in clips for score in clip]
    return Scores(
        roles=Roles(threshold="t"),
        clips=ClipScores(
            wanted=bytes(wanted for wanted, _ in clips),
            lengths=lengths_of([len(clip) for _, clip in clips]),
            frames=levels_of(frames, 0, 1),
        )
        if clips
        else None,
        streams=(
            StreamScores(
                frames=levels_of(stream, 0, 1),
                hertz=HERTZ,
                seconds=len(stream) / HERTZ,
                events=tuple(events),
            ),
        )
        if stream
        else (),
    )


def fired(frames: Sequence[float], decision: Decision) -> list[float]:
    """When a detector fires that does what `Decision` says, frame by frame, in seconds."""
    times: list[float] = []
    armed = True
    level = decision.threshold if decision.high is None else decision.high
    low = level if decision.low is None else min(decision.low, level)
    for frame, score in enumerate(frames):
        last = [round(score * 60_000) for score in frames[: frame + 1][-decision.smoothing :]]
        mean = sum(last) / len(last) / 60_000
        fires = mean >= level - 1e-12
        if decision.high is not None:
            fires = fires and score >= decision.threshold
        cool = not times or frame / HERTZ >= times[-1] + decision.cool_down
        if mean < low - 1e-12:
            armed = True
        elif fires and armed and cool:
            times.append(frame / HERTZ)
            armed = False
    return times


def hits(times: Sequence[float], events: Events) -> int:
    """How many events have a detection of their own."""
    left = list(times)
    count = 0
    for begin, end in sorted(events):
        right = [time for time in left if begin <= time <= end]
        if right:
            left.remove(right[0])
            count += 1
    return count


@given(FRAMES, DECISIONS, st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=4))
def test_a_stream_is_judged_as_a_detector_would_fire(
    frames: list[float], decision: Decision, spans: list[tuple[int, int]]
) -> None:
    events = sorted((float(begin), float(begin + length)) for begin, length in spans)
    times = fired(frames, decision)
    right = hits(times, events)
    judged = Detection(scores(stream=frames, events=events)).judge(decision)
    assert judged.stream == Confusion(
        true_positives=right,
        false_positives=len(times) - right,
        false_negatives=len(events) - right,
    )
    hours = len(frames) / HERTZ / 3600
    assert judged.false_alarms_per_hour == pytest.approx((len(times) - right) / hours)
    assert judged.clips is None


@given(st.lists(st.tuples(st.booleans(), FRAMES), min_size=1, max_size=12), DECISIONS)
def test_a_clip_is_detected_where_a_detector_would_fire_in_it(
    clips: list[tuple[bool, list[float]]], decision: Decision
) -> None:
    found = [(wanted, bool(fired(frames, decision))) for wanted, frames in clips]
    assert Detection(scores(clips)).judge(decision).clips == Confusion(
        true_positives=found.count((True, True)),
        false_positives=found.count((False, True)),
        false_negatives=found.count((True, False)),
        true_negatives=found.count((False, False)),
    )


@given(st.lists(st.tuples(st.booleans(), FRAMES), min_size=1, max_size=6), FRAMES, DECISIONS)
def test_a_curve_says_at_each_threshold_what_judging_it_alone_says(
    clips: list[tuple[bool, list[float]]], stream: list[float], decision: Decision
) -> None:
    stored = scores(clips, stream, [(0.0, 1.0), (3.0, 5.0)])
    thresholds = [0.9, 0.1, 0.5, 0.5]
    alone = [judge(stored, decision, threshold) for threshold in (0.1, 0.5, 0.9)]
    assert Detection(stored).curve(decision, thresholds) == alone


def judge(stored: Scores, decision: Decision, threshold: float) -> Judgement:
    """What a fresh detection says of one threshold."""
    return Detection(stored).judge(replace(decision, threshold=threshold))


def test_the_best_threshold_on_clips_is_one_of_their_scores() -> None:
    clips = [(True, [0.91]), (True, [0.72]), (True, [0.3]), (False, [0.7]), (False, [0.5])]
    detection = Detection(scores(clips, [0.0, 0.4, 0.0], [(0.0, 1.0)]))
    decision = Decision(threshold=0.5)
    best = detection.best_on_clips(decision)
    assert best == 0.72
    judged = detection.judge(Decision(threshold=best)).clips
    assert judged is not None
    assert (judged.precision, judged.recall, judged.f1) == (1.0, 2 / 3, 0.8)
    on_stream = detection.best_on_stream(decision)
    assert on_stream is not None
    assert on_stream <= 0.4 < on_stream + 0.01
    assert Detection(scores(stream=[0.5])).best_on_clips(decision) is None


def test_several_streams_count_as_one() -> None:
    one = scores(stream=[0.0, 0.9, 0.0, 0.9], events=[(0.0, 0.5)])
    both = Scores(roles=one.roles, streams=one.streams * 2)
    judged = Detection(both).judge(Decision(threshold=0.5))
    assert judged.stream == Confusion(true_positives=2, false_positives=2, false_negatives=0)
    assert judged.false_alarms_per_hour == 3600.0


def test_where_nothing_was_to_be_found_and_nothing_was_there_is_no_error() -> None:
    nothing = Confusion(true_positives=0, false_positives=0, false_negatives=0)
    assert (nothing.precision, nothing.recall, nothing.f1) == (1.0, 1.0, 0.0)
