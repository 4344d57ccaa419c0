"""Scores as they are stored: small, exact to a known measure, and refused where they do not fit."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Undecodable
from schema.scores import (
    LEVELS,
    ClipScores,
    Decision,
    Roles,
    Scores,
    StreamScores,
    clips_from,
    decode_scores,
    encode_scores,
    frames_from,
    lengths_of,
    levels_of,
)
from schema.values import Value

CLIPS = ClipScores(
    wanted=bytes([1, 0]), lengths=lengths_of([2, 1]), frames=levels_of([0.5, 1.0, 0.25], 0, 1)
)
STREAM = StreamScores(frames=levels_of([0.1, 0.9], 0, 1), hertz=2.0, seconds=1.0)
SCORES = Scores(roles=Roles(threshold="a.t"), clips=CLIPS, streams=(STREAM,))


@given(st.floats(-3, 5), st.floats(0.001, 100), st.floats(0, 1))
def test_a_score_is_known_to_within_half_a_step(lowest: float, span: float, place: float) -> None:
    highest, score = lowest + span, min(lowest + place * span, lowest + span)
    scores = msgspec.structs.replace(SCORES, lowest=lowest, highest=highest)
    [level] = frames_from(levels_of([score], lowest, highest))
    assert 0 <= level <= LEVELS
    assert abs(scores.score(level) - score) <= 0.5001 * span / LEVELS + 1e-9


@given(st.integers(0, 10_000))
def test_scores_of_four_decimals_are_exact_and_reach_such_a_threshold(number: int) -> None:
    score = number / 10_000
    [level] = frames_from(levels_of([score], 0, 1))
    assert SCORES.score(level) == score
    assert SCORES.level(score) == level


def test_what_is_stored_is_read_again() -> None:
    again = decode_scores(encode_scores(SCORES))
    assert again == SCORES
    assert again.clips is not None
    clips = [(wanted, list(frames)) for wanted, frames in clips_from(again.clips)]
    assert clips == [(True, [30_000, 60_000]), (False, [15_000])]


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"lowest": 1.0}, "the lowest is not below"),
        ({"clips": msgspec.structs.replace(CLIPS, wanted=b"\1")}, "a label and a length"),
        ({"clips": msgspec.structs.replace(CLIPS, frames=b"")}, "as many frames as they say"),
        ({"streams": (msgspec.structs.replace(STREAM, hertz=0.0),)}, "or no length"),
        ({"streams": (msgspec.structs.replace(STREAM, frames=b"1"),)}, "half a frame"),
    ],
)
def test_what_does_not_fit_together_is_no_scores(broken: dict[str, object], why: str) -> None:
    data = encode_scores(msgspec.structs.replace(SCORES, **broken))
    with pytest.raises(Undecodable, match=why):
        decode_scores(data)
    with pytest.raises(Undecodable):
        decode_scores(data[:-1])


def test_roles_make_a_decision_of_a_configuration() -> None:
    roles = Roles(threshold="i.t", smoothing="i.s", cool_down="i.c")
    values: dict[str, Value] = {"i.t": 0.5, "i.s": 3, "i.c": 1, "other": "x"}
    assert roles.decision(values) == Decision(threshold=0.5, smoothing=3, cool_down=1.0)
    assert roles.paths() == {"threshold": "i.t", "smoothing": "i.s", "cool_down": "i.c"}
